// Convolutions, all on aten::convolution: by number of dimensions, padding by name, transposed, without a batch.
#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

struct Convolution {
  Value* input;
  Value* weight;
  Value* bias;
  std::vector<int64_t> stride, padding, dilation, output_padding;
  bool transposed = false;
  int64_t groups = 1;
};

// An input with one dimension less has no batch.
Results convolve(Builder& b, Convolution v, size_t dims) {
  const bool batched = v.input->type.sizes.size() == dims + 2;
  if (!batched && v.input->type.sizes.size() != dims + 1)
    throw CompileError("a convolution over " + std::to_string(dims) + " dimensions of a tensor with " +
                       std::to_string(v.input->type.sizes.size()));
  for (auto* list : {&v.stride, &v.padding, &v.dilation, &v.output_padding})
    if (list->size() == 1) list->resize(dims, list->front());
  if (v.output_padding.empty()) v.output_padding.assign(dims, 0);
  Value* input = batched ? v.input : b.unsqueeze(v.input, 0);
  Value* result = b.op("aten::convolution", {input, v.weight, v.bias ? Argument(v.bias) : None{}, v.stride, v.padding, v.dilation,
                                             v.transposed, v.output_padding, v.groups});
  return {batched ? result : b.squeeze(result, {0})};
}

template <size_t dims>
Results conv(Builder& b, const Call& c) {
  return convolve(b, {c.tensor(0), c.tensor(1), c.tensor_or_null(2), c.ints(3), c.ints(4), c.ints(5), {}, false, c.integer(6)}, dims);
}

// "valid": none; "same": as much as keeps the sizes, the odd one at the end.
template <size_t dims>
Results conv_padding(Builder& b, const Call& c) {
  Convolution v{c.tensor(0), c.tensor(1), c.tensor_or_null(2), c.ints(3), std::vector<int64_t>(dims, 0), c.ints(5),
                {},          false,       c.integer(6)};
  if (c.string(4) == "same") {
    v.dilation.resize(dims, v.dilation.at(0));
    std::vector<int64_t> extra(2 * dims, 0);  // constant_pad_nd: last dimension first, before and after
    bool uneven = false;
    for (size_t d = 0; d < dims; ++d) {
      const int64_t total = v.dilation[d] * (v.weight->type.sizes.at(2 + d) - 1);
      v.padding[d] = total / 2;
      extra[2 * (dims - 1 - d) + 1] = total % 2;
      uneven = uneven || total % 2;
    }
    if (uneven) v.input = b.op("aten::constant_pad_nd", {v.input, extra, 0});
  } else if (c.string(4) != "valid") {
    throw CompileError("unknown convolution padding '" + c.string(4) + "'");
  }
  return convolve(b, v, dims);
}

template <size_t dims>
Results conv_transpose(Builder& b, const Call& c) {
  return convolve(b, {c.tensor(0), c.tensor(1), c.tensor_or_null(2), c.ints(3), c.ints(4), c.ints(7), c.ints(5), true, c.integer(6)}, dims);
}

}  // namespace

std::vector<Decomposition> conv_decompositions() {
  return {
      {"aten::conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] "
       "dilation=[1], SymInt groups=1) -> Tensor",
       conv<1>},
      {"aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] "
       "dilation=[1, 1], SymInt groups=1) -> Tensor",
       conv<2>},
      {"aten::conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] "
       "dilation=[1, 1, 1], SymInt groups=1) -> Tensor",
       conv<3>},
      {"aten::conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], str padding=\"valid\", SymInt[1] "
       "dilation=[1], SymInt groups=1) -> Tensor",
       conv_padding<1>},
      {"aten::conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], str padding=\"valid\", SymInt[2] "
       "dilation=[1, 1], SymInt groups=1) -> Tensor",
       conv_padding<2>},
      {"aten::conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], str padding=\"valid\", "
       "SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor",
       conv_padding<3>},
      {"aten::conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] "
       "output_padding=[0], SymInt groups=1, SymInt[1] dilation=[1]) -> Tensor",
       conv_transpose<1>},
      {"aten::conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], "
       "SymInt[2] output_padding=[0, 0], SymInt groups=1, SymInt[2] dilation=[1, 1]) -> Tensor",
       conv_transpose<2>},
      {"aten::conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, "
       "0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt groups=1, SymInt[3] dilation=[1, 1, 1]) -> Tensor",
       conv_transpose<3>},
      {"aten::_convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool "
       "transposed, SymInt[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool cudnn_enabled, bool allow_tf32) -> "
       "Tensor",
       first_of<"aten::convolution", 9>},
      {"aten::_convolution.deprecated(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, "
       "bool transposed, int[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool cudnn_enabled) -> Tensor",
       first_of<"aten::convolution", 9>},
      {"aten::convolution_overrideable(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, "
       "bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor",
       same_as<"aten::convolution">},
  };
}

}  // namespace etc::compile
