// Sampling an image at the points of a grid, and the grids that affine maps give.
#include <array>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// interpolation and padding as numbers; the number of dimensions decides.
Results grid_sampler(Builder& b, const Call& c) {
  return b.call(rank_of(c.tensor(0)) == 4 ? "aten::grid_sampler_2d" : "aten::grid_sampler_3d", c.args);
}

enum Interpolation : int64_t { kLinear = 0, kNearest = 1 };
enum Padding : int64_t { kZeros = 0, kBorder = 1, kReflection = 2 };

// Mirrors positions at the image's ends until they lie inside: a triangle wave.
Term mirrored(const Term& x, double low, double span) {
  if (span == 0) return x * 0;
  const Term distance = abs(x - low), turns = apply("aten::floor", {distance / span}), rest = distance - turns * span;
  const Term is_odd = ne(apply("aten::remainder.Tensor", {turns, 2.0}), 0);
  return where(is_odd, span - rest, rest) + low;
}

// A grid coordinate, -1 … 1, as a position among n pixels.
Term position(const Term& coordinate, int64_t n, int64_t padding, bool align_corners) {
  const auto size = static_cast<double>(n);
  Term x = align_corners ? (coordinate + 1) / 2 * (size - 1) : ((coordinate + 1) * size - 1) / 2;
  if (padding == kReflection) x = align_corners ? mirrored(x, 0, size - 1) : mirrored(x, -0.5, size);
  return padding == kZeros ? x : apply("aten::clamp", {x}, {0.0, size - 1});
}

// input [n, c, d, h, w], grid [n, od, oh, ow, 3] in the order x, y, z. Each corner around a point is gathered and weighed.
Results grid_sampler_3d(Builder& b, const Call& c) {
  const Term input = term(b, c, 0), grid = term(b, c, 1);
  const int64_t interpolation = c.integer(2), padding = c.integer(3);
  const SymInt n = size_of(input, 0), channels = size_of(input, 1);
  if (interpolation != kLinear && interpolation != kNearest) throw CompileError("grid_sampler_3d interpolates linearly or to the nearest");
  const Sizes out(grid->type.sizes.begin() + 1, grid->type.sizes.end() - 1);
  const int64_t points = out[0] * out[1] * out[2];
  const Term flat = reshape(input, {n, channels, -1});
  std::vector<Term> x;  // positions by dimension d, h, w
  std::array<int64_t, 3> size{};
  for (int64_t d = 0; d < 3; ++d) {
    size[static_cast<size_t>(d)] = size_of(input, 2 + d);
    x.push_back(position(reshape(select(grid, -1, 2 - d), {n, points}), size_of(input, 2 + d), padding, c.boolean(4)));
  }
  // The value of one corner where it lies inside of the image, else zero.
  const auto corner = [&](const std::vector<Term>& at) {
    std::optional<Term> inside, index;
    for (size_t d = 0; d < 3; ++d) {
      const auto last = static_cast<double>(size[d] - 1);
      const Term here = both(ge(at[d], 0.0), le(at[d], last)),
                 i = cast(apply("aten::clamp", {where(here, at[d], 0.0)}, {0.0, last}), DType::I64);
      inside = inside ? both(*inside, here) : here;
      index = index ? *index * size[d] + i : i;
    }
    const Term pixels = apply("aten::gather", {flat}, {int64_t{2}, b.expand(b.unsqueeze(*index, 1), {n, channels, points})});
    return where(unsqueeze(*inside, 1), pixels, 0.0);
  };
  std::optional<Term> sum;
  if (interpolation == kNearest) {
    for (Term& t : x) t = apply("aten::round", {t});
    sum = corner(x);
  } else {
    for (int which = 0; which < 8; ++which) {
      std::vector<Term> at;
      std::optional<Term> weight;
      for (size_t d = 0; d < 3; ++d) {
        const Term low = apply("aten::floor", {x[d]}), share = x[d] - low;
        const bool upper = (which >> d & 1) != 0;
        at.push_back(upper ? low + 1 : low);
        const Term part = upper ? share : 1 - share;
        weight = weight ? *weight * part : part;
      }
      const Term value = corner(at) * unsqueeze(*weight, 1);
      sum = sum ? *sum + value : value;
    }
  }
  return {reshape(*sum, {n, channels, out[0], out[1], out[2]})};
}

// Points -1 … 1 along n pixels: their corners at the ends, or their centres inside.
Term base_line(Builder& b, int64_t n, bool align_corners, DType dtype) {
  std::vector<double> points;
  for (int64_t i = 0; i < n; ++i) {
    const double ends = n > 1 ? -1 + 2 * static_cast<double>(i) / static_cast<double>(n - 1) : 0;
    points.push_back(align_corners ? ends : n > 1 ? ends * static_cast<double>(n - 1) / static_cast<double>(n) : 0);
  }
  return cast(term(b, b.constant_of(DType::F64, {n}, points)), dtype);
}

Results affine_grid_generator(Builder& b, const Call& c) {
  const Term theta = term(b, c, 0);
  const std::vector<int64_t> size = c.ints(1);
  const DType dtype = theta->type.dtype;
  const size_t dims = size.size() - 2;
  Sizes grid(size.begin() + 2, size.end());
  int64_t points = 1;
  for (const int64_t n : grid) points *= n;
  std::vector<Term> coordinates;  // x, y[, z], 1: the last dimension of the grid comes first
  for (size_t i = 0; i < dims; ++i) {
    const size_t d = dims - 1 - i;
    Sizes line(dims, 1);
    line[d] = grid[d];
    coordinates.push_back(reshape(expand(reshape(base_line(b, grid[d], c.boolean(2), dtype), line), grid), {points, 1}));
  }
  coordinates.push_back(full(b, dtype, {points, 1}, 1.0));
  const Term base = expand(unsqueeze(concatenate(coordinates, 1), 0), {size[0], points, static_cast<int64_t>(dims) + 1});
  Sizes result = grid;
  result.insert(result.begin(), size[0]);
  result.push_back(static_cast<int64_t>(dims));
  return {reshape(apply("aten::bmm", {base, transpose(theta, 1, 2)}), result)};
}

}  // namespace

std::vector<Decomposition> grid_decompositions() {
  return {
      {"aten::grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor",
       grid_sampler},
      {"aten::grid_sampler_3d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor",
       grid_sampler_3d},
      {"aten::affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor", affine_grid_generator},
  };
}

}  // namespace etc::compile
