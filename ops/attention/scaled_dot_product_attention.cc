// aten::scaled_dot_product_attention – softmax(query key^T * scale + mask) value, without ever holding all scores.
//
// One item is kRows queries of one head. Its scores are made kKeys at a time; running maxima and sums rescale what has been added up so
// far when a larger score comes. Blocks depend on shapes alone. Operands at any strides.
//
//   scratch of a slot:  scores [kRows, kKeys] | sums [kRows, value size] | maximum [kRows] | total [kRows] | 16-bit types: query, keys and
//                       values of the block as float | packed panels of the products
#include <type_traits>

#include "ops/dispatch.h"
#include "ops/linalg/matmul.h"
#include "ops/math.h"
#include "ops/norm/moments.h"
#include "ops/parallel.h"
#include "ops/strided.h"

namespace etc {
namespace {

constexpr uint32_t kQuery = 0, kKey = 1, kValue = 2, kMask = 3, kDropout = 4, kCausal = 5, kScale = 6, kGrouped = 7, kResult = 8;
constexpr int64_t kRows = 32, kKeys = 128, kSlots = 8;

// Sizes before the last two dimensions of query, key and value, broadcast; with grouped heads the last of them is the query's.
Error leading_sizes(const Meta& q, const Meta& k, const Meta& v, bool grouped, Meta* out) {
  const Meta* all[] = {&q, &k, &v};
  Meta leading[3];
  for (int i = 0; i < 3; ++i) {
    if (all[i]->rank < (grouped ? 3 : 2)) return Error::BadShape;
    leading[i] = *all[i];
    leading[i].rank = static_cast<uint8_t>(all[i]->rank - 2);
    if (!grouped) continue;
    int64_t& heads = leading[i].sizes[leading[i].rank - 1];
    if (heads < 1 || q.sizes[q.rank - 3] % heads != 0) return Error::BadShape;
    heads = q.sizes[q.rank - 3];
  }
  Meta both;
  ETC_TRY(broadcast_sizes(leading[0], leading[1], &both));
  return broadcast_sizes(both, leading[2], out);
}

Error infer(InferContext& ctx) noexcept {
  const Meta q = ctx.meta(kQuery), k = ctx.meta(kKey), v = ctx.meta(kValue);
  if (q.dtype != k.dtype || q.dtype != v.dtype || ctx.real(kDropout) != 0) return Error::BadArgument;
  Meta y;
  ETC_TRY(leading_sizes(q, k, v, ctx.boolean(kGrouped), &y));
  const int64_t queries = q.sizes[q.rank - 2], keys = k.sizes[k.rank - 2];
  if (q.sizes[q.rank - 1] != k.sizes[k.rank - 1] || keys != v.sizes[v.rank - 2] || y.rank + 2u > kMaxRank) return Error::BadShape;
  y.dtype = q.dtype;
  y.sizes[y.rank] = queries;
  y.sizes[y.rank + 1] = keys;  // first the shape of the scores, for the mask
  y.rank = static_cast<uint8_t>(y.rank + 2);
  if (ctx.has(kMask)) {
    const Meta mask = ctx.meta(kMask);
    if (mask.dtype != DType::Bool && mask.dtype != DType::F32 && mask.dtype != q.dtype) return Error::BadArgument;
    if (mask.rank < 2 || mask.rank > y.rank) return Error::BadShape;
    for (uint32_t d = 0; d < mask.rank; ++d)
      if (mask.sizes[d] != 1 && mask.sizes[d] != y.sizes[d + y.rank - mask.rank]) return Error::BadShape;
  }
  y.sizes[y.rank - 1] = v.sizes[v.rank - 1];
  int64_t elements = 1;  // of the result, with room to spare for an item's size
  for (uint32_t d = 0; d < y.rank; ++d)
    if (y.sizes[d] > 0 && !checked_multiply(elements, y.sizes[d], &elements)) return Error::BadShape;
  return ctx.set_result(0, y);
}

struct Shape {
  int64_t heads = 1;  // all leading dimensions together
  int64_t queries, keys, size, value_size;
  int64_t blocks;         // of queries, in one head
  int64_t rows, columns;  // of the largest block of scores
  bool causal;
};
Shape shape_of(OpContext ctx) {
  const Tensor &q = ctx.tensor(kQuery), &k = ctx.tensor(kKey), &y = ctx.tensor(kResult);
  Shape s;
  for (uint32_t d = 0; d + 2 < y.rank; ++d) s.heads *= y.sizes[d];
  s.queries = q.sizes[q.rank - 2u];
  s.keys = k.sizes[k.rank - 2u];
  s.size = q.sizes[q.rank - 1u];
  s.value_size = y.sizes[y.rank - 1u];
  s.blocks = s.queries / kRows + (s.queries % kRows != 0);
  s.rows = s.queries < kRows ? s.queries : kRows;
  s.columns = s.keys < kKeys ? s.keys : kKeys;
  s.causal = ctx.boolean(kCausal);
  return s;
}

// Where a tensor's part for one head begins, in elements. `like` has the broadcast sizes; grouped heads share a head of `t`.
int64_t head_offset(const Tensor& t, const Tensor& like, int64_t head, bool grouped) {
  int64_t offset = 0;
  for (uint32_t d = like.rank - 2u; d-- > 0;) {
    int64_t index = head % like.sizes[d];
    head /= like.sizes[d];
    if (d + t.rank < like.rank) continue;
    const uint32_t own = d + t.rank - like.rank;
    if (t.sizes[own] == 1) continue;
    if (grouped && d + 3u == like.rank) index /= like.sizes[d] / t.sizes[own];
    offset += index * t.strides[own];
  }
  return offset;
}

// One matrix of a head: its first element and the strides of the last two dimensions.
template <class T>
struct Matrix {
  T* data;
  int64_t row, column;
  Matrix(const Tensor& t, int64_t offset) : data(t.as<T>() + offset), row(t.strides[t.rank - 2u]), column(t.strides[t.rank - 1u]) {}
  Matrix(T* data, int64_t row) : data(data), row(row), column(1) {}
  Matrix from(int64_t r) const {
    Matrix m = *this;
    m.data += r * row;
    return m;
  }
};

// The block itself, or where it is widened to what products are computed in.
template <class T>
Matrix<ComputeType<T>> widened(const Matrix<T>& m, int64_t rows, int64_t columns, ComputeType<T>* room) {
  if constexpr (std::is_same_v<T, ComputeType<T>>) {
    (void)rows, (void)columns, (void)room;
    return m;
  } else {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) room[i * columns + j] = load(m.data + i * m.row + j * m.column);
    return {room, columns};
  }
}

// c = alpha * a b, or c += a b
template <class C>
Matmul<C> product_of(int64_t m, int64_t n, int64_t k, const C* a, int64_t a_row, int64_t a_column, const C* b, int64_t b_row,
                     int64_t b_column, C* c, C alpha, bool adds) {
  Matmul<C> p;
  p.m = m, p.n = n, p.k = k;
  p.a = a, p.a_row = a_row, p.a_column = a_column;
  p.b = b, p.b_row = b_row, p.b_column = b_column;
  p.end.c = c, p.end.c_row = n, p.end.c_column = 1;
  p.end.alpha = alpha;
  p.accumulates = adds;
  return p;
}

// Adds a row of the mask to scores; false is minus infinity.
template <class T, class C>
void add_mask(const Tensor& mask, int64_t offset, int64_t n, C* scores) {
  const int64_t step = repeating_stride(mask, mask.rank - 1u);
  if (mask.dtype == DType::Bool) {
    const bool* p = mask.as<bool>() + offset;
    for (int64_t j = 0; j < n; ++j) scores[j] = load(p + j * step) ? scores[j] : scores[j] - math::infinity<C>();
  } else if (mask.dtype == DTypeOf<T>::value) {
    const T* p = mask.as<T>() + offset;
    for (int64_t j = 0; j < n; ++j) scores[j] += static_cast<C>(load(p + j * step));
  } else {
    const float* p = mask.as<float>() + offset;
    for (int64_t j = 0; j < n; ++j) scores[j] += static_cast<C>(p[j * step]);
  }
}

template <class T>
struct Attention {
  using C = ComputeType<T>;
  static constexpr bool kWidens = !std::is_same_v<T, C>;

  // Parts of a slot's scratch, in elements of C.
  struct Room {
    int64_t scores, sums, maximum, total, query, key, value, panels, end;
  };
  // False when it cannot be counted.
  static bool room_of(OpContext ctx, const Shape& s, Room* r) {
    const Tensor &q = ctx.tensor(kQuery), &k = ctx.tensor(kKey), &v = ctx.tensor(kValue);
    int64_t at = 0;
    const auto take = [&](int64_t rows, int64_t columns, int64_t* where) {
      int64_t n = 0;
      *where = at;
      return checked_multiply(rows, columns, &n) && checked_add(at, n, &at) && checked_add(at, 15, &at) && (at -= at % 16, true);
    };
    if (!take(s.rows, s.columns, &r->scores) || !take(s.rows, s.value_size, &r->sums) || !take(s.rows, 1, &r->maximum) ||
        !take(s.rows, 1, &r->total) || !take(kWidens ? s.rows : 0, s.size, &r->query) || !take(kWidens ? s.columns : 0, s.size, &r->key) ||
        !take(kWidens ? s.columns : 0, s.value_size, &r->value))
      return false;
    // How a product packs depends on its sizes and strides: ask for full blocks and for the last ones.
    const C* none = nullptr;
    const Matrix<T> mq(q, 0), mk(k, 0), mv(v, 0);
    uint64_t most = 0;
    const int64_t some_rows[] = {s.rows, s.queries % kRows}, some_columns[] = {s.columns, s.keys % kKeys};
    for (int64_t rows : some_rows) {
      for (int64_t columns : some_columns) {
        if (rows == 0 || columns == 0) continue;
        const uint64_t scores =
            matmul_scratch(product_of<C>(rows, columns, s.size, none, kWidens ? s.size : mq.row, kWidens ? 1 : mq.column, none,
                                         kWidens ? 1 : mk.column, kWidens ? s.size : mk.row, nullptr, C{1}, false));
        const uint64_t sums = matmul_scratch(product_of<C>(rows, s.value_size, columns, none, columns, 1, none,
                                                           kWidens ? s.value_size : mv.row, kWidens ? 1 : mv.column, nullptr, C{1}, false));
        if (scores > most) most = scores;
        if (sums > most) most = sums;
      }
    }
    if (most > INT64_MAX) return false;
    if (!take(static_cast<int64_t>(most / sizeof(C)), 1, &r->panels)) return false;
    r->end = at;
    return true;
  }

  static int64_t slots_of(const Shape& s) {
    const int64_t items = s.heads * s.blocks;
    int64_t work = 0;
    if (checked_multiply(items, s.rows * s.columns, &work) && checked_multiply(work, s.size + s.value_size, &work) && work < (1 << 18))
      return 1;
    return items < kSlots ? items : kSlots;
  }

  static uint64_t scratch(OpContext ctx) {
    const Shape s = shape_of(ctx);
    if (s.heads == 0 || s.queries == 0 || s.value_size == 0) return 0;
    Room room;
    int64_t bytes = 0;
    if (!room_of(ctx, s, &room) || !checked_multiply(room.end, sizeof(C) * slots_of(s), &bytes)) return UINT64_MAX;
    return static_cast<uint64_t>(bytes);
  }

  // Rows first .. first + rows - 1 of one head.
  static void attend(OpContext ctx, const Shape& s, const Room& room, int64_t head, int64_t first, int64_t rows, C* memory,
                     const Hooks* hooks) {
    const Tensor& y = ctx.tensor(kResult);
    const bool grouped = ctx.boolean(kGrouped);
    const auto matrix = [&](uint32_t i) { return Matrix<T>(ctx.tensor(i), head_offset(ctx.tensor(i), y, head, grouped)); };
    const Matrix<T> key = matrix(kKey), value = matrix(kValue), result = Matrix<T>(y, head_offset(y, y, head, false)).from(first);
    const Matrix<C> query = widened(matrix(kQuery).from(first), rows, s.size, memory + room.query);
    const C scale = ctx.has(kScale) ? static_cast<C>(ctx.real(kScale)) : s.size ? C{1} / math::sqrt(static_cast<C>(s.size)) : C{1};
    C *const scores = memory + room.scores, *const sums = memory + room.sums, *const maximum = memory + room.maximum,
             *const total = memory + room.total;
    std::byte* const panels = reinterpret_cast<std::byte*>(memory + room.panels);

    for (int64_t i = 0; i < rows; ++i) maximum[i] = -math::infinity<C>(), total[i] = C{};
    for (int64_t i = 0; i < rows * s.value_size; ++i) sums[i] = C{};

    const int64_t seen = s.causal && first + rows < s.keys ? first + rows : s.keys;
    for (int64_t at = 0; at < seen; at += kKeys) {
      const int64_t n = s.keys - at < kKeys ? s.keys - at : kKeys;
      const Matrix<C> k = widened(key.from(at), n, s.size, memory + room.key),
                      v = widened(value.from(at), n, s.value_size, memory + room.value);
      matmul(product_of<C>(rows, n, s.size, query.data, query.row, query.column, k.data, k.column, k.row, scores, scale, false), panels,
             hooks);
      for (int64_t i = 0; i < rows; ++i) {
        C* row = scores + i * n;
        if (s.causal)
          for (int64_t j = first + i + 1 > at ? first + i + 1 - at : 0; j < n; ++j) row[j] = -math::infinity<C>();
        if (ctx.has(kMask)) {
          const Tensor& mask = ctx.tensor(kMask);
          const int64_t offset = head_offset(mask, y, head, false) + (first + i) * repeating_stride(mask, mask.rank - 2u) +
                                 at * repeating_stride(mask, mask.rank - 1u);
          add_mask<T>(mask, offset, n, row);
        }
        C largest = maximum[i];
        for (int64_t j = 0; j < n; ++j) largest = row[j] > largest ? row[j] : largest;
        const C from = largest == -math::infinity<C>() ? C{} : largest;  // nothing seen yet: every weight becomes zero
        for (int64_t j = 0; j < n; ++j) row[j] = math::exp(row[j] - from);
        const C shrink = math::exp(maximum[i] - from);
        total[i] = total[i] * shrink + sum_of(row, n, [](C w) { return w; });
        maximum[i] = largest;
        if (at > 0 && shrink != C{1})
          for (int64_t j = 0; j < s.value_size; ++j) sums[i * s.value_size + j] *= shrink;
      }
      matmul(product_of<C>(rows, s.value_size, n, scores, n, 1, v.data, v.row, v.column, sums, C{1}, true), panels, hooks);
    }
    // A row that sees no key is zero, as in PyTorch.
    for (int64_t i = 0; i < rows; ++i) {
      const C factor = maximum[i] == -math::infinity<C>() && total[i] == C{} ? C{} : C{1} / total[i];
      for (int64_t j = 0; j < s.value_size; ++j)
        store(result.data + i * result.row + j * result.column, sums[i * s.value_size + j] * factor);
    }
  }

  static Error run(OpContext ctx) noexcept {
    const Shape s = shape_of(ctx);
    if (s.heads == 0 || s.queries == 0 || s.value_size == 0) return Error::Ok;
    Room room;
    room_of(ctx, s, &room);
    C* const memory = reinterpret_cast<C*>(ctx.scratch());
    const int64_t slots = slots_of(s);
    parallel_slots(ctx.frame->hooks, slots, s.heads * s.blocks, [&](int64_t slot, int64_t item) {
      const int64_t first = item % s.blocks * kRows, rows = s.queries - first < kRows ? s.queries - first : kRows;
      attend(ctx, s, room, item / s.blocks, first, rows, memory + slot * room.end, slots > 1 ? nullptr : ctx.frame->hooks);
    });
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for<Attention>(ctx.tensor(kQuery).dtype, FloatTypes{}); }
uint64_t scratch_bytes(OpContext ctx) noexcept { return scratch_for<Attention>(ctx.tensor(kQuery).dtype, FloatTypes{}, ctx); }

}  // namespace

ETC_OP(scaled_dot_product_attention,
       "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool "
       "is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
       infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
