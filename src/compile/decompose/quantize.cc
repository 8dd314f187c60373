// The ops of PyTorch's quantisation flow (namespace quantized_decomposed): to integers and back, by tensor, channel, token or group.
#include <limits>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

Term to_float(const Term& x) { return x->type.dtype == DType::F16 || x->type.dtype == DType::BF16 ? cast(x, DType::F32) : x; }

// round(x / scale) + zero_point, between the bounds.
Term quantize(const Term& x, const Term& inverse_scale, const Term& zero_point, double low, double high, DType dtype) {
  const Term q = apply("aten::round", {x * inverse_scale}) + zero_point;
  return cast(apply("aten::clamp", {q}, {low, high}), dtype);
}

// One value of a tensor of one element, as Python's item() gives it.
Term item(Builder& b, const Call& c, size_t i) { return reshape(term(b, c, i), {}); }
double bound(Builder& b, const Call& c, size_t i) {
  if (auto* v = std::get_if<Value*>(&c.args[i])) {
    if (const auto n = b.number_in(*v)) return number(*n);
    throw CompileError(c.schema.name + ": the bounds must be known when compiling");
  }
  return number(c.args[i]);
}

Results quantize_per_tensor(Builder& b, const Call& c) {  // input, scale, zero_point, quant_min, quant_max, dtype
  const Term x = to_float(term(b, c, 0));
  const DType dtype = c.dtype_or(5, DType::I8);
  if (std::holds_alternative<double>(c.args[1])) return {quantize(x, 1 / c.real(1), c.integer(2), bound(b, c, 3), bound(b, c, 4), dtype)};
  const Term inverse = cast(1.0 / cast(item(b, c, 1), DType::F64), DType::F32);  // PyTorch divides Python numbers
  return {quantize(x, inverse, cast(item(b, c, 2), DType::F32), bound(b, c, 3), bound(b, c, 4), dtype)};
}

Results dequantize_per_tensor(Builder& b, const Call& c) {  // …, dtype, out_dtype
  const DType out = c.dtype_or(6, DType::F32);
  const Term x = cast(term(b, c, 0), out);
  if (std::holds_alternative<double>(c.args[1])) return {(x - c.integer(2)) * c.real(1)};
  return {(x - cast(item(b, c, 2), out)) * cast(item(b, c, 1), out)};
}

// One number per channel, along `axis` of a tensor of this rank.
Term along(const Term& numbers, int64_t axis, int64_t rank) {
  Sizes sizes(static_cast<size_t>(rank), 1);
  sizes.at(static_cast<size_t>(wrap_dim(axis, rank))) = numbers->type.numel();
  return reshape(numbers, sizes);
}

Results quantize_per_channel(Builder& b, const Call& c) {  // input, scales, zero_points, axis, quant_min, quant_max, dtype
  const Term x = to_float(term(b, c, 0));
  const int64_t rank = rank_of(x), axis = c.integer(3);
  return {quantize(x, 1.0 / along(term(b, c, 1), axis, rank), along(term(b, c, 2), axis, rank), c.real(4), c.real(5),
                   c.dtype_or(6, DType::I8))};
}

Results dequantize_per_channel(Builder& b, const Call& c) {  // …, dtype, out_dtype
  const Term x = term(b, c, 0);
  const int64_t rank = rank_of(x), axis = c.integer(3);
  const Term centred = c.has(2) ? x - along(term(b, c, 2), axis, rank) : x;
  return {cast(centred * along(term(b, c, 1), axis, rank), c.dtype_or(7, DType::F32))};
}

Results quantize_per_token(Builder& b, const Call& c) {  // input, scales, zero_points, quant_min, quant_max, dtype
  const Term q = apply("aten::round", {term(b, c, 0) * (1.0 / term(b, c, 1)) + term(b, c, 2)});
  return {cast(apply("aten::clamp", {q}, {c.real(3), c.real(4)}), c.dtype_or(5, DType::I8))};
}
Results dequantize_per_token(Builder& b, const Call& c) {
  return {cast((term(b, c, 0) - term(b, c, 2)) * term(b, c, 1), c.dtype_or(6, DType::F32))};
}

// The last dimension in groups with a scale each. A group larger than the row means the row.
Results quantize_per_channel_group(Builder& b, const Call& c) {  // input, scales, zero_points, quant_min, quant_max, dtype, group_size
  const Term x = term(b, c, 0);
  const int64_t group = std::min<int64_t>(c.integer(6), size_of(x, -1));
  const Term rows = reshape(x, {-1, group}), scales = reshape(term(b, c, 1), {-1, 1}), zeros = reshape(term(b, c, 2), {-1, 1});
  const Term q = apply("aten::round", {rows * (1.0 / scales) + zeros});
  return {reshape(cast(apply("aten::clamp", {q}, {c.real(3), c.real(4)}), c.dtype_or(5, DType::I8)), x->type.sizes)};
}
Results dequantize_per_channel_group(Builder& b, const Call& c) {  // …, dtype, group_size, output_dtype
  const Term x = term(b, c, 0);
  const int64_t group = std::min<int64_t>(c.integer(6), size_of(x, -1));
  const DType out = c.dtype_or(7, DType::F32);
  Term rows = reshape(x, {-1, group});
  if (c.has(2)) rows = rows - reshape(term(b, c, 2), {-1, 1});
  return {reshape(cast(rows * reshape(term(b, c, 1), {-1, 1}), out), x->type.sizes)};
}

// Scale and zero point that cover the range of the data and zero.
Results choose_qparams(Builder& b, const Call& c) {  // input, quant_min, quant_max, eps, dtype
  const Term x = to_float(term(b, c, 0));
  const double low = c.real(1), high = c.real(2);
  const Term least = minimum(amin(x), 0.0), most = maximum(amax(x), 0.0);
  const Term scale = maximum((most - least) / (high - low), term(b, b.scalar(DType::F32, c.real(3))));
  const Term zero = apply("aten::clamp", {low - apply("aten::round", {least / scale})}, {low, high});
  return {reshape(cast(scale, DType::F64), {1}), reshape(cast(zero, DType::I64), {1})};
}
Results choose_qparams_symmetric(Builder& b, const Call& c) {
  const Term x = to_float(term(b, c, 0));
  const Term most = maximum(-minimum(amin(x), 0.0), maximum(amax(x), 0.0));
  const Term scale = maximum(most / ((c.real(2) - c.real(1)) / 2), term(b, b.scalar(DType::F32, c.real(3))));
  const bool is_unsigned = c.dtype_or(4, DType::I8) == DType::U8;
  return {reshape(cast(scale, DType::F64), {1}), b.full(DType::I64, {1}, int64_t{is_unsigned ? 128 : 0})};
}

Results choose_qparams_per_token(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  Term most = amax(abs(x), {-1}, true);
  if (x->type.dtype == DType::F16) most = cast(most, DType::F32);
  const Term scale = apply("aten::clamp_min", {most}, {1e-5}) / 127;
  return {scale, b.full(scale->type.dtype, scale->type.sizes, 0.0)};
}
Results choose_qparams_per_token_asymmetric(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const double low = -128, high = 127;
  const Term least = minimum(amin(x, {-1}, true), 0.0), most = maximum(amax(x, {-1}, true), 0.0);
  const Term scale =
      apply("aten::clamp_min", {(most - least) / (high - low)}, {static_cast<double>(std::numeric_limits<float>::epsilon())});
  const Term from_min = least / scale, from_max = most / scale;
  const Term zero = where(gt((low + from_min) + (high + from_max), 0), low - from_min, high - from_max);
  return {cast(scale, DType::F64), cast(apply("aten::round", {apply("aten::clamp", {zero}, {low, high})}), DType::I64)};
}

}  // namespace

std::vector<Decomposition> quantize_decompositions() {
  return {
      {"quantized_decomposed::quantize_per_tensor(Tensor input, float scale, int zero_point, int quant_min, int quant_max, ScalarType "
       "dtype) -> Tensor",
       quantize_per_tensor},
      {"quantized_decomposed::quantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor zero_point, int quant_min, int quant_max, "
       "ScalarType dtype) -> Tensor",
       quantize_per_tensor},
      {"quantized_decomposed::quantize_per_tensor.tensor2(Tensor input, Tensor scale, Tensor zero_point, Tensor quant_min, Tensor "
       "quant_max, ScalarType dtype) -> Tensor",
       quantize_per_tensor},
      {"quantized_decomposed::dequantize_per_tensor(Tensor input, float scale, int zero_point, int quant_min, int quant_max, ScalarType "
       "dtype, *, ScalarType? out_dtype=None) -> Tensor",
       dequantize_per_tensor},
      {"quantized_decomposed::dequantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor zero_point, int quant_min, int quant_max, "
       "ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
       dequantize_per_tensor},
      {"quantized_decomposed::dequantize_per_tensor.tensor2(Tensor input, Tensor scale, Tensor zero_point, Tensor quant_min, Tensor "
       "quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
       dequantize_per_tensor},
      {"quantized_decomposed::quantize_per_channel(Tensor input, Tensor scales, Tensor zero_points, int axis, int quant_min, int "
       "quant_max, ScalarType dtype) -> Tensor",
       quantize_per_channel},
      {"quantized_decomposed::dequantize_per_channel(Tensor input, Tensor scales, Tensor? zero_points, int axis, int quant_min, int "
       "quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
       dequantize_per_channel},
      {"quantized_decomposed::quantize_per_token(Tensor input, Tensor scales, Tensor zero_points, int quant_min, int quant_max, "
       "ScalarType dtype) -> Tensor",
       quantize_per_token},
      {"quantized_decomposed::dequantize_per_token(Tensor input, Tensor scales, Tensor zero_points, int quant_min, int quant_max, "
       "ScalarType dtype, ScalarType output_dtype) -> Tensor",
       dequantize_per_token},
      {"quantized_decomposed::quantize_per_channel_group(Tensor input, Tensor scales, Tensor zero_points, int quant_min, int quant_max, "
       "ScalarType dtype, int group_size) -> Tensor",
       quantize_per_channel_group},
      {"quantized_decomposed::dequantize_per_channel_group(Tensor input, Tensor scales, Tensor? zero_points, int quant_min, int "
       "quant_max, ScalarType dtype, int group_size, ScalarType output_dtype) -> Tensor",
       dequantize_per_channel_group},
      {"quantized_decomposed::choose_qparams.tensor(Tensor input, int quant_min, int quant_max, float eps, ScalarType dtype) -> (Tensor, "
       "Tensor)",
       choose_qparams},
      {"quantized_decomposed::choose_qparams_symmetric.tensor(Tensor input, int quant_min, int quant_max, float eps, ScalarType dtype) "
       "-> (Tensor, Tensor)",
       choose_qparams_symmetric},
      {"quantized_decomposed::choose_qparams_per_token(Tensor input, ScalarType dtype) -> (Tensor, Tensor)", choose_qparams_per_token},
      {"quantized_decomposed::choose_qparams_per_token_asymmetric(Tensor input, ScalarType dtype) -> (Tensor, Tensor)",
       choose_qparams_per_token_asymmetric},
      {"quantized_decomposed::convert_element_type.no_fuse(Tensor input, ScalarType dtype) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {b.cast(c.tensor(0), c.dtype_or(1, DType::F32))}; }},
  };
}

}  // namespace etc::compile
