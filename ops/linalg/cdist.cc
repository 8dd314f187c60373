// aten::_cdist_forward – the p-norm of the difference of every row of x1 and every row of x2, straight from the definition (PyTorch may
// take the product of matrices for p = 2, which loses digits where rows are close).
#include "ops/dispatch.h"
#include "ops/math.h"
#include "ops/parallel.h"
#include "ops/strided.h"

namespace etc {
namespace {

constexpr uint32_t kLeft = 0, kRight = 1, kNorm = 2, kMode = 3, kResult = 4;

// One row against another: sum over |a - b|, then the end of the norm.
template <class T>
T distance(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n, double p) {
  T sum{};
  const auto each = [&](const auto& add) {
    for (int64_t i = 0; i < n; ++i) {
      const T d = a[i * a_step] - b[i * b_step];
      add(d < T{} ? -d : d);
    }
  };
  if (p == 0) {
    each([&](T d) { sum += d == T{} ? T{0} : T{1}; });
    return sum;
  }
  if (p == 1) {
    each([&](T d) { sum += d; });
    return sum;
  }
  if (p == 2) {
    each([&](T d) { sum += d * d; });
    return math::sqrt(sum);
  }
  if (p == math::infinity<double>()) {
    each([&](T d) { sum = d > sum || d != d ? d : sum; });
    return sum;
  }
  each([&](T d) { sum += math::pow(d, static_cast<T>(p)); });
  return math::pow(sum, static_cast<T>(1 / p));
}

// Where the matrix of a batch begins in a tensor that broadcasts to the result's leading dimensions.
int64_t batch_offset(const Tensor& t, const Tensor& result, int64_t batch) {
  int64_t offset = 0;
  for (uint32_t d = result.rank - 2u; d-- > 0;) {
    const int64_t index = batch % result.sizes[d];
    batch /= result.sizes[d];
    if (d + t.rank >= result.rank) offset += index * repeating_stride(t, d + t.rank - result.rank);
  }
  return offset;
}

template <class T>
struct Cdist {
  static Error run(OpContext ctx) noexcept {
    const Tensor &a = ctx.tensor(kLeft), &b = ctx.tensor(kRight), &y = ctx.tensor(kResult);
    const double p = ctx.real(kNorm);
    const uint32_t ar = a.rank - 2u, br = b.rank - 2u, yr = y.rank - 2u;
    const int64_t rows = y.sizes[yr], columns = y.sizes[yr + 1], n = a.sizes[ar + 1];
    int64_t all = rows;
    for (uint32_t d = 0; d < yr; ++d) all *= y.sizes[d];
    if (columns == 0) return Error::Ok;
    const Pieces pieces(all, 8192 / (columns * n + 1) + 1, 256);
    parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
      for (int64_t i = pieces.begin(piece); i < pieces.end(piece); ++i) {
        const int64_t batch = i / rows, row = i % rows;
        const T* pa = a.as<T>() + batch_offset(a, y, batch) + row * a.strides[ar];
        const T* pb = b.as<T>() + batch_offset(b, y, batch);
        T* py = y.as<T>() + batch_offset(y, y, batch) + row * y.strides[yr];
        for (int64_t j = 0; j < columns; ++j)
          py[j * y.strides[yr + 1]] = distance(pa, a.strides[ar + 1], pb + j * b.strides[br], b.strides[br + 1], n, p);
      }
    });
    return Error::Ok;
  }
};

Error infer(InferContext& ctx) noexcept {
  Meta a = ctx.meta(kLeft), b = ctx.meta(kRight), y;
  if (a.rank < 2 || b.rank < 2 || a.sizes[a.rank - 1] != b.sizes[b.rank - 1]) return Error::BadShape;
  if (a.dtype != b.dtype || !(ctx.real(kNorm) >= 0)) return Error::BadArgument;
  const int64_t mode = ctx.integer_or(kMode, 0);
  if (mode < 0 || mode > 2) return Error::BadArgument;
  const int64_t rows = a.sizes[a.rank - 2], columns = b.sizes[b.rank - 2];
  a.rank = static_cast<uint8_t>(a.rank - 2);
  b.rank = static_cast<uint8_t>(b.rank - 2);
  ETC_TRY(broadcast_sizes(a, b, &y));
  y.dtype = a.dtype;
  y.sizes[y.rank] = rows;
  y.sizes[y.rank + 1] = columns;
  y.rank = static_cast<uint8_t>(y.rank + 2);
  return ctx.set_result(0, y);
}
Kernel select(OpContext ctx) noexcept { return kernel_for<Cdist>(ctx.tensor(kLeft).dtype, Types<float, double>{}); }

}  // namespace

ETC_OP(cdist_forward, "aten::_cdist_forward(Tensor x1, Tensor x2, float p, int? compute_mode) -> Tensor", infer, select);
}  // namespace etc
