// Pools in one dimension as pools in two, pools without indices, adaptive pools, and the way back from indices.
#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// max_pool's arguments: self, kernel_size, stride, padding, dilation, ceil_mode.
template <OpName op>
Results max_pool(Builder& b, const Call& c) {
  return {b.call(op.text, c.args)[0]};
}

// The list of a one-dimensional op for two dimensions; empty stays empty.
std::vector<int64_t> lifted(const std::vector<int64_t>& list, int64_t first) {
  return list.empty() ? list : std::vector<int64_t>{first, list[0]};
}

Results max_pool1d_with_indices(Builder& b, const Call& c) {
  Results r = b.call("aten::max_pool2d_with_indices", {b.unsqueeze(c.tensor(0), -2), lifted(c.ints(1), 1), lifted(c.ints(2), 1),
                                                       lifted(c.ints(3), 0), lifted(c.ints(4), 1), c.args[5]});
  for (Argument& a : r) a = b.squeeze(std::get<Value*>(a), {-2});
  return r;
}

Results avg_pool1d(Builder& b, const Call& c) {  // self, kernel_size, stride, padding, ceil_mode, count_include_pad
  Value* r = b.op("aten::avg_pool2d",
                  {b.unsqueeze(c.tensor(0), -2), lifted(c.ints(1), 1), lifted(c.ints(2), 1), lifted(c.ints(3), 0), c.args[4], c.args[5]});
  return {b.squeeze(r, {-2})};
}

// One output position is a mean over everything.
template <size_t dims, OpName op>
Results adaptive_avg_pool(Builder& b, const Call& c) {
  if (c.ints(1) != std::vector<int64_t>(dims, 1)) return {b.op(op.text, c.args)};
  std::vector<int64_t> over;
  for (size_t d = 1; d <= dims; ++d) over.push_back(-static_cast<int64_t>(d));
  return {mean(term(b, c, 0), over, true)};
}

Results adaptive_avg_pool1d(Builder& b, const Call& c) {
  return {b.squeeze(b.op("aten::adaptive_avg_pool2d", {b.unsqueeze(c.tensor(0), -2), lifted(c.ints(1), 1)}), {-2})};
}

Results adaptive_max_pool1d(Builder& b, const Call& c) {
  Results r = b.call("aten::adaptive_max_pool2d", {b.unsqueeze(c.tensor(0), -2), lifted(c.ints(1), 1)});
  for (Argument& a : r) a = b.squeeze(std::get<Value*>(a), {-2});
  return r;
}

// Values go where the pool's indices say; everything else is zero.
template <int64_t dims>
Results max_unpool(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), indices = term(b, c, 1);
  Sizes sizes(x->type.sizes.begin(), x->type.sizes.end() - dims), flat = sizes;
  flat.push_back(-1);
  int64_t positions = 1;
  for (const int64_t n : c.ints(2)) sizes.push_back(n), positions *= n;
  Sizes target(x->type.sizes.begin(), x->type.sizes.end() - dims);
  target.push_back(positions);
  const Term zeros = term(b, b.contiguous(full(b, x->type.dtype, target, int64_t{0})));
  return {reshape(apply("aten::scatter.src", {zeros}, {int64_t{-1}, b.reshape(indices, flat), b.reshape(x, flat)}), sizes)};
}

}  // namespace

std::vector<Decomposition> pool_decompositions() {
  return {
      {"aten::max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool "
       "ceil_mode=False) -> Tensor",
       max_pool<"aten::max_pool1d_with_indices">},
      {"aten::max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) "
       "-> Tensor",
       max_pool<"aten::max_pool2d_with_indices">},
      {"aten::max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) "
       "-> Tensor",
       max_pool<"aten::max_pool3d_with_indices">},
      {"aten::max_pool1d_with_indices(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool "
       "ceil_mode=False) -> (Tensor, Tensor)",
       max_pool1d_with_indices},
      {"aten::avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], bool ceil_mode=False, bool "
       "count_include_pad=True) -> Tensor",
       avg_pool1d},
      {"aten::adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor", adaptive_avg_pool1d},
      {"aten::adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor", adaptive_avg_pool<2, "aten::_adaptive_avg_pool2d">},
      {"aten::adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor", adaptive_avg_pool<3, "aten::_adaptive_avg_pool3d">},
      {"aten::adaptive_max_pool1d(Tensor self, int[1] output_size) -> (Tensor, Tensor)", adaptive_max_pool1d},
      {"aten::max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor", max_unpool<2>},
      {"aten::max_unpool3d(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, int[3] padding) -> Tensor", max_unpool<3>},
  };
}

}  // namespace etc::compile
