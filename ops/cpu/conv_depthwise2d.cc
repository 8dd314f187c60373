// etc::packed_conv_depthwise2d – a convolution as etc::packed_conv2d's, over its result a depthwise one as etc::packed_depthwise2d's, and
// over that, if `points` is given, one of single pixels with a residual: the inverted residual block of MobileNetV2 (Sandler et al. 2018).
// All in f32, over images [n, height, width, channels]; the sums are those of the three ops, bit for bit.
//
// What lies between is the largest of a network's values. Here it is never whole: some lines of the result at a time, and what they need
// of the values before. Lines that the next ones need again stay in a ring.
//
//   scratch:    zeros, as many as a run of the first convolution has | slots
//   of a slot:  ring [ring lines][inner width][inner channels] | depthwise result [lines][width][inner channels], only with `points`
#include <cstring>

#include "ops/cpu/convolution.h"
#include "ops/cpu/depthwise.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kResidual = 1, kWeight = 2, kChannels = 4, kGeometry = 5, kActivation = 9, kDepthwise = 10, kPoints = 17,
                   kPointBias = 18, kPointChannels = 19, kPointActivation = 20, kResult = 21;
constexpr int64_t kMostSlots = 8, kMostLines = 8;
constexpr int64_t kNear = 1 << 15;  // floats of a slot, which stay in the second cache

Error infer(InferContext& ctx) noexcept {
  Meta y;
  ETC_TRY(infer_convolution(ctx, kWeight, kChannels, &y));  // what lies between
  int64_t out[2];
  ETC_TRY(Depthwise::infer(ctx, kDepthwise, {y.sizes[1], y.sizes[2]}, y.sizes[3], out));
  const int64_t inner = y.sizes[3], channels = ctx.integer(kPointChannels);
  y.sizes[1] = out[0], y.sizes[2] = out[1];
  if (!ctx.has(kPoints)) {
    if (ctx.has(kResidual) || ctx.has(kPointBias)) return Error::BadArgument;
    return ctx.set_result(0, y);
  }
  Activation activation;
  if (!find_activation(ctx.string(kPointActivation), &activation)) return Error::BadArgument;
  y.sizes[3] = channels;
  ETC_TRY(check_panels(ctx.meta(kPoints), channels, inner, true));
  ETC_TRY(check_vector(ctx, kPointBias, channels));
  if (ctx.has(kResidual)) ETC_TRY(check_residual(ctx.meta(kResidual), y));
  return ctx.set_result(0, y);
}

struct Shape {
  Geometry first;  // of the convolution
  Depthwise depthwise;
  int64_t inner[2];           // height and width of what lies between,
  int64_t channels;           // and its channels
  int64_t lines;              // of the result at a time
  int64_t span, ring;         // inner lines for one line of the result, and for all of these
  int64_t groups, slots = 0;  // of an image; in scratch
  int64_t line, slot_floats;  // floats of an inner line, and of a slot
  int64_t zeros;              // floats, where windows may reach over an edge

  explicit Shape(OpContext ctx) : depthwise(ctx, kDepthwise) {
    const Tensor x = ctx.tensor(kX);
    geometry_of(ctx, kGeometry, true, {x.sizes[1], x.sizes[2]}, &first, inner, true);  // infer has seen that it can be
    channels = ctx.integer(kChannels);
    zeros = is_of_planes(ctx, kWeight) ? 0 : windows(x, 0, inner[0]).zeros_needed();
  }

  // Those of the inner lines from this one on. Pads above and below only where the image ends.
  Windows windows(const Tensor& x, int64_t from, int64_t count) const {
    Geometry g = first;
    g.padding[0] -= from * g.stride[0];
    g.padding_behind[0] = (count - 1) * g.stride[0] + (g.kernel[0] - 1) * g.dilation[0] + 1 - g.padding[0] - x.sizes[1];
    return {x, g, count, inner[1]};
  }

  // As many lines at a time as stay near. False when it cannot be counted.
  bool count(const Tensor& y, bool has_points) {
    constexpr int64_t kFar = int64_t{1} << 27;
    const Geometry& g = depthwise.g;
    int64_t result = 0, all = 0;
    if (!checked_multiply(inner[1], channels, &line) || !checked_multiply(y.sizes[2], channels, &result)) return false;
    if (line > kFar || result > kFar || g.stride[0] > kFar || g.kernel[0] > kFar || g.dilation[0] > kFar / g.kernel[0]) return false;
    span = (g.kernel[0] - 1) * g.dilation[0] + 1;
    lines = 1;
    const auto floats = [&](int64_t n) { return ((n - 1) * g.stride[0] + span) * line + (has_points ? n * result : 0); };
    while (lines < kMostLines && lines < y.sizes[1] && floats(lines + 1) <= kNear) ++lines;
    ring = (lines - 1) * g.stride[0] + span;
    slot_floats = floats(lines);
    groups = (y.sizes[1] + lines - 1) / lines;
    if (!checked_multiply(groups, y.sizes[0], &all)) return false;
    slots = all < kMostSlots ? all : kMostSlots;
    return true;
  }
};

class Block {
 public:
  Block(OpContext ctx, const Shape& s)
      : s_(s),
        kernels_(cpu::kernels()),
        x_(ctx.tensor(kX)),
        y_(ctx.tensor(kResult)),
        has_points_(ctx.has(kPoints)),
        has_planes_(is_of_planes(ctx, kWeight)),
        depthwise_(s.depthwise) {
    zeros_ = reinterpret_cast<float*>(ctx.scratch());
    std::memset(zeros_, 0, static_cast<size_t>(s.zeros) * sizeof(float));
    RowBlock& b = first_.block;
    use_weight(ctx, kWeight, kActivation, &b);
    b.columns = b.result_row = s.channels;

    DepthwiseLines& d = depthwise_.lines;
    d.channels = s.channels, d.width = s.inner[1], d.pixel = s.channels;
    d.result_width = y_.sizes[2];
    d.result_pixel = has_points_ ? s.channels : y_.strides[2];
    d.result_line = has_points_ ? s.channels * y_.sizes[2] : y_.strides[1];
    if (has_points_) set_points(ctx);
  }

  // Groups of lines, of all images, in the scratch of a slot.
  void run(int64_t begin, int64_t end, int64_t slot) const {
    const Geometry& g = s_.depthwise.g;
    float *const ring = zeros_ + s_.zeros + slot * s_.slot_floats, *const result = ring + s_.ring * s_.line;
    int64_t ready = 0;  // inner lines before this one are there, as far as they are needed again
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / s_.groups, first = i % s_.groups * s_.lines;
      const int64_t last = first + s_.lines < y_.sizes[1] ? first + s_.lines : y_.sizes[1];
      if (first == 0) ready = 0;
      int64_t from = first * g.stride[0] - g.padding[0], to = (last - 1) * g.stride[0] - g.padding[0] + s_.span;
      if (from < ready) from = ready;
      if (to > s_.inner[0]) to = s_.inner[0];
      for (int64_t count; from < to; from += count) {
        count = s_.ring - from % s_.ring < to - from ? s_.ring - from % s_.ring : to - from;
        multiply_first(n, from, count, ring + from % s_.ring * s_.line);
      }
      ready = to;
      float* const y = y_.as<float>() + n * y_.strides[0] + first * y_.strides[1];
      depthwise_.run(kernels_, first, last, s_.inner[0], has_points_ ? result : y, [&](int64_t k) { return ring + k % s_.ring * s_.line; });
      if (has_points_) multiply_points(n, first, last - first, result, y);
    }
  }

 private:
  void set_points(OpContext ctx) {
    RowBlock& b = points_.block;
    b.runs = 1, b.length = s_.channels;
    use_weight(ctx, kPoints, kPointActivation, &b);
    b.columns = y_.sizes[3], b.result_row = stride_of_joined(y_, 0, 3);
    if (!ctx.has(kResidual)) return;
    residual_ = ctx.tensor(kResidual);
    use_residual(residual_, &b.epilogue);
  }

  void multiply_first(int64_t n, int64_t from, int64_t count, float* result) const {
    if (has_planes_) {
      const RowBlock& b = first_.block;
      const Planes p{x_, s_.first, s_.inner[1], static_cast<const float*>(b.weight), b.columns, b.result_row, b.epilogue};
      return p.run(n, from, from + count, result, s_.line);
    }
    const Geometry& g = s_.first;
    const int64_t sizes[] = {1, x_.sizes[1], x_.sizes[2], x_.sizes[3]}, lines[] = {1, count, x_.sizes[2], x_.sizes[3]};
    Tensor image = x_;
    image.data = x_.as<float>() + n * x_.strides[0];
    image.sizes = sizes;
    const bool is_whole = g.kernel[0] * g.kernel[1] * g.stride[0] == 1 && g.padding[0] + g.padding_behind[0] == 0;  // a line for each line
    if (is_whole) image.data = image.as<float>() + from * x_.strides[1], image.sizes = lines;
    Windows w = s_.windows(image, is_whole ? 0 : from, count);
    w.zeros = zeros_;
    Product p = first_;
    p.block.result = result;
    w.multiply(nullptr, &p);
  }

  void multiply_points(int64_t n, int64_t line, int64_t count, const float* x, float* y) const {
    Product p = points_;
    p.rows = count * y_.sizes[2];
    p.block.result = y;
    if (p.block.epilogue.residual) p.block.epilogue.residual += n * residual_.strides[0] + line * residual_.strides[1];
    p.run(nullptr, 0, [&](int64_t row, int64_t rows, const float** at, float**) {
      for (int64_t r = 0; r < rows; ++r) at[r] = x + (row + r) * s_.channels;
    });
  }

  const Shape& s_;
  const Kernels& kernels_;
  const Tensor x_, y_;
  const bool has_points_, has_planes_;
  Depthwise depthwise_;
  Product first_, points_;
  Tensor residual_{};
  float* zeros_;
};

Error run(OpContext ctx) noexcept {
  Shape s(ctx);
  s.count(ctx.tensor(kResult), ctx.has(kPoints));  // scratch_bytes has counted it
  if (s.slots == 0) return Error::Ok;
  const Block block(ctx, s);
  const Hooks* hooks = ctx.frame->hooks;
  const int64_t parts = workers_of(hooks);
  const Pieces pieces(ctx.tensor(kResult).sizes[0] * s.groups, 1, parts < s.slots ? parts : s.slots);
  parallel_for(hooks, pieces.count, [&](int64_t piece) { block.run(pieces.begin(piece), pieces.end(piece), piece); });
  return Error::Ok;
}

uint64_t scratch_bytes(OpContext ctx) noexcept {
  Shape s(ctx);
  int64_t bytes = 0;
  if (!s.count(ctx.tensor(kResult), ctx.has(kPoints)) || !checked_multiply(s.slots, s.slot_floats, &bytes)) return UINT64_MAX;
  if (!checked_add(bytes, s.zeros, &bytes) || !checked_multiply(bytes, sizeof(float), &bytes)) return UINT64_MAX;
  return static_cast<uint64_t>(bytes);
}

Kernel select(OpContext ctx) noexcept {
  for (const uint32_t i : {kX, kResidual, kResult}) {
    if (!ctx.has(i)) continue;
    const bool is_dense = i == kX && is_of_planes(ctx, kWeight) ? has_dense_planes(ctx.tensor(i)) : has_dense_pixels(ctx.tensor(i));
    if (!is_dense || (i != kX && ctx.has(kPoints) && !are_joined(ctx.tensor(i), 0, 3))) return nullptr;
  }
  const Shape s(ctx);
  if (!is_of_planes(ctx, kWeight) && s.windows(ctx.tensor(kX), 0, s.inner[0]).runs() > kMostRuns) return nullptr;
  return are_contiguous(ctx, kWeight, 2) && are_contiguous(ctx, kDepthwise, 2) && are_contiguous(ctx, kPoints, 2) ? run : nullptr;
}

}  // namespace

ETC_OP(packed_conv_depthwise2d,
       "etc::packed_conv_depthwise2d(Tensor x, Tensor? residual, Tensor weight, Tensor? bias, SymInt channels, SymInt[] kernel, "
       "SymInt[] stride, SymInt[] padding, SymInt[] dilation, str activation, Tensor depthwise_weight, Tensor? depthwise_bias, "
       "SymInt[] depthwise_kernel, SymInt[] depthwise_stride, SymInt[] depthwise_padding, SymInt[] depthwise_dilation, "
       "str depthwise_activation, Tensor? points, Tensor? point_bias, SymInt point_channels, str point_activation) -> Tensor",
       infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
