// Resizing by output size or by factor, anti-aliased resizing, and rearrangements of pixels and channels.
#include <cmath>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// What PyTorch makes of a size and a factor.
SymInt scaled(const SymInt& size, double factor) {
  if (size.is_fixed()) return static_cast<int64_t>(static_cast<double>(static_cast<int64_t>(size)) * factor);
  if (factor == std::floor(factor) && factor < 1e9) return size * static_cast<int64_t>(factor);
  return SymInt(sym_apply(SymOp::Trunc, {sym_apply(SymOp::RealMul, {sym_real(factor), sym_apply(SymOp::ToReal, {size.node()})})}));
}

// The `.vec` overloads: (input, output_size?, [align_corners,] scale_factors?) to (self, output_size, [align_corners,] scale for each
// dimension).
template <OpName op, size_t dims, bool kAlign>
Results resize(Builder& b, const Call& c) {
  const size_t factors = kAlign ? 3 : 2;
  const Sizes& in = c.tensor(0)->type.sizes;
  if (in.size() != dims + 2) throw CompileError(c.schema.name + " of a tensor with " + std::to_string(in.size()) + " dimensions");
  Sizes size = c.syms(1);
  const std::vector<double> scales = c.reals(factors);
  if (c.has(1) == c.has(factors)) throw CompileError(c.schema.name + " needs either an output size or scale factors");
  if (!c.has(1)) {
    if (scales.size() != dims) throw CompileError(c.schema.name + " needs " + std::to_string(dims) + " scale factors");
    for (size_t d = 0; d < dims; ++d) size.push_back(scaled(in[2 + d], scales[d]));
  }
  std::vector<Argument> args = {c.args[0], size};
  if (kAlign) args.push_back(c.args[2]);
  for (const double scale : scales) args.push_back(scale);
  return {b.op(op.text, std::move(args))};
}

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }
double cubic(double x) {  // a = -0.5, Pillow's
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// The resizing of one dimension as a matrix [out, in], constant; float arithmetic as PyTorch's.
std::vector<float> antialias_matrix(int64_t in, int64_t out, bool align_corners, const Argument& factor, double (*filter)(double),
                                    int support_of) {
  const bool has_factor = !std::holds_alternative<None>(factor) && number(factor) > 0;
  const double scale = align_corners ? (out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0)
                       : has_factor  ? 1 / number(factor)
                                     : static_cast<double>(in) / static_cast<double>(out);
  const double support = scale >= 1 ? support_of * 0.5 * scale : support_of * 0.5, inverse = scale >= 1 ? 1 / scale : 1;
  std::vector<float> matrix(static_cast<size_t>(out * in), 0.f);
  for (int64_t o = 0; o < out; ++o) {
    const double center = scale * (static_cast<double>(o) + 0.5);
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const int64_t last = std::min(in, static_cast<int64_t>(center + support + 0.5));
    double total = 0;
    std::vector<double> weights;
    for (int64_t i = first; i < last; ++i)
      weights.push_back(filter((static_cast<double>(i) - center + 0.5) * inverse)), total += weights.back();
    for (int64_t i = first; i < last; ++i)
      matrix[static_cast<size_t>(o * in + i)] = static_cast<float>(total ? weights[static_cast<size_t>(i - first)] / total : 0);
  }
  return matrix;
}

// Anti-aliased resizing is separable: out = rows * x * columns^T.
template <bool kCubic>
Results antialiased(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), wide = widen(x);
  const std::vector<int64_t> out = c.ints(1);
  const int64_t n = size_of(x, 0), channels = size_of(x, 1), height = size_of(x, 2), width = size_of(x, 3);
  const auto matrix = [&](int64_t from, int64_t to, size_t factor) {
    return cast(term(b, b.constant_of(DType::F32, {to, from},
                                      antialias_matrix(from, to, c.boolean(2), c.args[factor], kCubic ? cubic : triangle, kCubic ? 4 : 2))),
                wide->type.dtype);
  };
  const Term rows = matrix(height, out[0], 3), columns = matrix(width, out[1], 4);
  const Term wider = apply("aten::linear", {wide, columns});  // [n, c, h, out_w]
  const Term flat = reshape(wider, {n * channels, height, out[1]});
  const Term taller = apply("aten::bmm", {expand(unsqueeze(rows, 0), {n * channels, out[0], height}), flat});
  return {cast(reshape(taller, {n, channels, out[0], out[1]}), x->type.dtype)};
}

Results pixel_shuffle(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const int64_t r = c.integer(1), channels = size_of(x, -3), n = static_cast<int64_t>(x->type.sizes.size()) - 3;
  const SymInt h = size_of(x, -2), w = size_of(x, -1);
  if (r <= 0 || channels % (r * r))
    throw CompileError("pixel_shuffle by " + std::to_string(r) + " of " + std::to_string(channels) + " channels");
  Sizes front(x->type.sizes.begin(), x->type.sizes.end() - 3), split = front, result = front;
  split.insert(split.end(), {channels / (r * r), r, r, h, w});
  result.insert(result.end(), {channels / (r * r), h * r, w * r});
  std::vector<int64_t> dims;
  for (int64_t d = 0; d < n; ++d) dims.push_back(d);
  dims.insert(dims.end(), {n, n + 3, n + 1, n + 4, n + 2});
  return {reshape(permute(reshape(x, split), dims), result)};
}

Results pixel_unshuffle(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const int64_t r = c.integer(1), n = static_cast<int64_t>(x->type.sizes.size()) - 3;
  const SymInt channels = size_of(x, -3), h = size_of(x, -2), w = size_of(x, -1);
  if (r <= 0 || h % r != 0 || w % r != 0)
    throw CompileError("pixel_unshuffle by " + std::to_string(r) + " of " + to_string(h) + " by " + to_string(w));
  Sizes front(x->type.sizes.begin(), x->type.sizes.end() - 3), split = front, result = front;
  split.insert(split.end(), {channels, h / r, r, w / r, r});
  result.insert(result.end(), {channels * r * r, h / r, w / r});
  std::vector<int64_t> dims;
  for (int64_t d = 0; d < n; ++d) dims.push_back(d);
  dims.insert(dims.end(), {n, n + 2, n + 4, n + 1, n + 3});
  return {reshape(permute(reshape(x, split), dims), result)};
}

Results channel_shuffle(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const int64_t groups = c.integer(1), channels = size_of(x, 1);
  if (groups <= 0 || channels % groups)
    throw CompileError("channel_shuffle of " + std::to_string(channels) + " channels into " + std::to_string(groups));
  Sizes split = x->type.sizes;
  split[1] = groups;
  split.insert(split.begin() + 2, channels / groups);
  return {reshape(transpose(reshape(x, split), 1, 2), x->type.sizes)};
}

}  // namespace

std::vector<Decomposition> resize_decompositions() {
  return {
      {"aten::upsample_nearest1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
       resize<"aten::upsample_nearest1d", 1, false>},
      {"aten::upsample_nearest2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
       resize<"aten::upsample_nearest2d", 2, false>},
      {"aten::upsample_nearest3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
       resize<"aten::upsample_nearest3d", 3, false>},
      {"aten::_upsample_nearest_exact1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
       resize<"aten::_upsample_nearest_exact1d", 1, false>},
      {"aten::_upsample_nearest_exact2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
       resize<"aten::_upsample_nearest_exact2d", 2, false>},
      {"aten::_upsample_nearest_exact3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
       resize<"aten::_upsample_nearest_exact3d", 3, false>},
      {"aten::upsample_linear1d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
       resize<"aten::upsample_linear1d", 1, true>},
      {"aten::upsample_bilinear2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
       resize<"aten::upsample_bilinear2d", 2, true>},
      {"aten::upsample_trilinear3d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
       resize<"aten::upsample_trilinear3d", 3, true>},
      {"aten::upsample_bicubic2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
       resize<"aten::upsample_bicubic2d", 2, true>},
      {"aten::_upsample_bilinear2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
       resize<"aten::_upsample_bilinear2d_aa", 2, true>},
      {"aten::_upsample_bicubic2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
       resize<"aten::_upsample_bicubic2d_aa", 2, true>},
      {"aten::_upsample_bilinear2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? "
       "scales_w=None) -> Tensor",
       antialiased<false>},
      {"aten::_upsample_bicubic2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) "
       "-> Tensor",
       antialiased<true>},
      {"aten::pixel_shuffle(Tensor self, int upscale_factor) -> Tensor", pixel_shuffle},
      {"aten::pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor", pixel_unshuffle},
      {"aten::channel_shuffle(Tensor self, SymInt groups) -> Tensor", channel_shuffle},
      {"aten::native_channel_shuffle(Tensor self, SymInt groups) -> Tensor", channel_shuffle},
  };
}

}  // namespace etc::compile
