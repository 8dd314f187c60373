// etc::fast_attention – softmax(query key^T * scale + mask) value in f32, of query [n, heads, queries, size], key and value
// [n, fewer heads, keys, size]; several heads of the query may share one of keys. The result is [n, queries, heads, value size], as the
// linear layer behind it wants it.
//
// A group of heads that share keys, and a part of its queries, is one item. Keys are packed once for items that follow each other; then
// blocks of queries go through: all scores of a block fit the second cache, so that softmax needs no second thoughts about the largest.
//
//   scratch of a slot:  packed keys [panels of keys, size, 16] | packed values [panels of value size, keys, 16] | scores [kRows, keys +
//   pad]
#include "ops/cpu/product.h"
#include "ops/math.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kQuery = 0, kKey = 1, kValue = 2, kMask = 3, kCausal = 4, kScale = 5, kResult = 6;
constexpr int64_t kMostSlots = 4, kMostScores = 1 << 16, kFewQueries = 2, kFewItems = 15, kPartWork = 1 << 24;

Error infer(InferContext& ctx) noexcept {
  const Meta q = ctx.meta(kQuery), k = ctx.meta(kKey), v = ctx.meta(kValue);
  if (q.dtype != DType::F32 || k.dtype != DType::F32 || v.dtype != DType::F32) return Error::BadArgument;
  if (q.rank != 4 || k.rank != 4 || v.rank != 4) return Error::BadShape;
  if (k.sizes[0] != q.sizes[0] || v.sizes[0] != q.sizes[0] || k.sizes[1] < 1 || q.sizes[1] % k.sizes[1] != 0 || v.sizes[1] != k.sizes[1])
    return Error::BadShape;
  if (k.sizes[3] != q.sizes[3] || v.sizes[2] != k.sizes[2] || q.sizes[3] < 1 || v.sizes[3] < 1) return Error::BadShape;
  if (ctx.has(kMask)) {
    const Meta mask = ctx.meta(kMask);
    if (mask.dtype != DType::F32) return Error::BadArgument;
    if (mask.rank != 4 || mask.sizes[3] != k.sizes[2]) return Error::BadShape;
    for (uint32_t d = 0; d < 3; ++d)
      if (mask.sizes[d] != 1 && mask.sizes[d] != q.sizes[d]) return Error::BadShape;
  }
  Meta y = q;
  y.sizes[1] = q.sizes[2], y.sizes[2] = q.sizes[1], y.sizes[3] = v.sizes[3];
  return ctx.set_result(0, y);
}

struct Shape {
  int64_t groups, parts, group, queries, keys, size, value_size;
  int64_t rows, part;  // queries of a block and of a part
  bool packs_keys, packs_values;
  int64_t key_floats, value_floats, score_row, slot_floats;
};

// False when it cannot be counted.
bool shape_of(OpContext ctx, Shape* s) {
  const Tensor &q = ctx.tensor(kQuery), &k = ctx.tensor(kKey), &v = ctx.tensor(kValue);
  s->group = q.sizes[1] / k.sizes[1];
  if (!checked_multiply(q.sizes[0], k.sizes[1], &s->groups)) return false;
  s->queries = q.sizes[2], s->keys = k.sizes[2], s->size = q.sizes[3], s->value_size = v.sizes[3];
  s->packs_keys = s->queries > kFewQueries;
  s->packs_values = s->value_size % kPanel != 0;
  if (s->keys > INT64_MAX / 2) return false;
  // A row more than a multiple of 4096 bytes would put all rows into the same part of the cache.
  s->score_row = panels_of(s->keys) * kPanel + kPanel;
  s->rows = kMostScores / s->score_row / kMostRows * kMostRows;
  if (s->rows < kMostRows) s->rows = kMostRows;
  if (s->rows > 48) s->rows = 48;
  if (s->rows > s->queries) s->rows = s->queries;
  // Parts of whole blocks, with little enough to do that no thread waits long for the last.
  int64_t work = 0;
  if (!checked_multiply(s->queries, s->keys, &work) || !checked_multiply(work, s->size, &work)) work = INT64_MAX;
  int64_t parts = s->groups == 0 ? 1 : kFewItems / s->groups + 1;
  if (parts < work / kPartWork) parts = work / kPartWork;
  const int64_t blocks = s->queries == 0 ? 0 : (s->queries - 1) / s->rows + 1;
  s->part = blocks == 0 ? 1 : ((blocks - 1) / parts + 1) * s->rows;
  s->parts = (s->queries + s->part - 1) / s->part;
  int64_t scores = 0;
  s->key_floats = s->value_floats = 0;
  if (s->packs_keys && !checked_multiply(panels_of(s->keys) * kPanel, s->size, &s->key_floats)) return false;
  if (s->packs_values && !checked_multiply(panels_of(s->value_size) * kPanel, s->keys, &s->value_floats)) return false;
  return checked_multiply(s->rows, s->score_row, &scores) && checked_add(s->key_floats, s->value_floats, &s->slot_floats) &&
         checked_add(s->slot_floats, scores, &s->slot_floats);
}
int64_t slots_of(const Shape& s) { return s.groups < kMostSlots && s.groups * s.parts < kMostSlots ? s.groups * s.parts : kMostSlots; }

uint64_t scratch_bytes(OpContext ctx) noexcept {
  Shape s;
  int64_t bytes = 0;
  if (!shape_of(ctx, &s) || !checked_multiply(s.slot_floats, slots_of(s) * 4, &bytes)) return UINT64_MAX;
  return static_cast<uint64_t>(bytes);
}

// The queries [begin, end) of a group; its keys are in the memory already if so it says.
void attend(OpContext ctx, const Shape& s, int64_t item, int64_t begin, int64_t end, bool has_keys, float* memory) {
  const Tensor &q = ctx.tensor(kQuery), &k = ctx.tensor(kKey), &v = ctx.tensor(kValue), &y = ctx.tensor(kResult);
  const Kernels& kernels = cpu::kernels();
  const int64_t n = item / k.sizes[1], key_head = item % k.sizes[1];
  const float* key = k.as<float>() + n * k.strides[0] + key_head * k.strides[1];
  const float* value = v.as<float>() + n * v.strides[0] + key_head * v.strides[1];
  float *const keys = memory, *const values = keys + s.key_floats, *const scores = values + s.value_floats;
  if (s.packs_keys && !has_keys) kernels.pack_rows(key, k.strides[2], s.keys, s.size, keys);
  if (s.packs_values && !has_keys)
    pack_panels(
        s.value_size, s.keys, [&](int64_t o, int64_t i) { return value[i * v.strides[2] + o]; }, values);
  const float scale = ctx.has(kScale) ? static_cast<float>(ctx.real(kScale)) : 1 / math::sqrt(static_cast<float>(s.size));
  const bool causal = ctx.boolean(kCausal);

  Tiles tiles;
  for (int64_t head = key_head * s.group; head < (key_head + 1) * s.group; ++head)
    for (int64_t first = begin; first < end; first += s.rows) {
      const int64_t rows = end - first < s.rows ? end - first : s.rows;
      const int64_t seen = causal && first + rows < s.keys ? first + rows : s.keys;
      const float* query = q.as<float>() + n * q.strides[0] + head * q.strides[1] + first * q.strides[2];
      if (s.packs_keys) {
        RowBlock b;
        const int64_t tile_rows = rows % kernels.tall_rows == 0 ? kernels.tall_rows : tile_rows_for(kernels, s.size, seen);
        tiles.put(&b, rows, tile_rows, query, q.strides[2], s.score_row);
        b.length = s.size;
        b.weight = keys, b.panel = s.size * kPanel;
        b.columns = seen;
        b.result = scores;
        kernels.multiply(b);
      } else {
        for (int64_t i = 0; i < rows; ++i)
          kernels.dots(query + i * q.strides[2], key, k.strides[2], seen, s.size, scores + i * s.score_row);
      }
      float totals[48];
      for (int64_t i = 0; i < rows; ++i) {
        float* row = scores + i * s.score_row;
        const int64_t mine = causal && first + i + 1 < seen ? first + i + 1 : seen;
        const float* mask = nullptr;
        if (ctx.has(kMask)) {
          const Tensor& m = ctx.tensor(kMask);
          mask = m.as<float>() + n * repeating_stride(m, 0) + head * repeating_stride(m, 1) + (first + i) * repeating_stride(m, 2);
        }
        totals[i] = kernels.exponentials(row, mine, scale, mask);
        for (int64_t j = mine; j < seen; ++j) row[j] = 0;
      }
      float* result = y.as<float>() + n * y.strides[0] + first * y.strides[1] + head * y.strides[2];
      RowBlock b;
      tiles.put(&b, rows, kernels.tile_rows, scores, s.score_row, y.strides[1]);
      b.length = seen;
      b.weight = s.packs_values ? values : value;
      b.panel = s.packs_values ? s.keys * kPanel : kPanel;
      b.step = s.packs_values ? kPanel : v.strides[2];
      b.columns = s.value_size;
      b.result = result;
      kernels.multiply(b);
      for (int64_t i = 0; i < rows; ++i) {
        const float factor = totals[i] == 0 ? 0 : 1 / totals[i];  // a row that sees no key is zero, as in PyTorch
        for (int64_t j = 0; j < s.value_size; ++j) result[i * b.result_row + j] *= factor;
      }
    }
}

Error run(OpContext ctx) noexcept {
  Shape s{};
  shape_of(ctx, &s);  // scratch_bytes has counted it
  if (s.groups == 0 || s.queries == 0) return Error::Ok;
  float* const memory = reinterpret_cast<float*>(ctx.scratch());
  const Hooks* hooks = s.queries * s.keys * s.size < 4096 ? nullptr : ctx.frame->hooks;
  int64_t in_memory[kMostSlots];  // the group whose keys a slot has packed
  for (int64_t& group : in_memory) group = -1;
  parallel_slots(hooks, slots_of(s), s.groups * s.parts, [&](int64_t slot, int64_t item) {
    const int64_t group = item / s.parts, begin = item % s.parts * s.part, end = begin + s.part;
    attend(ctx, s, group, begin, end < s.queries ? end : s.queries, in_memory[slot] == group, memory + slot * s.slot_floats);
    in_memory[slot] = group;
  });
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept {
  for (const uint32_t i : {kQuery, kKey, kValue, kMask, kResult})
    if (ctx.has(i) && ctx.tensor(i).sizes[3] > 1 && ctx.tensor(i).strides[3] != 1) return nullptr;
  return run;
}

}  // namespace

ETC_OP(fast_attention,
       "etc::fast_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask, bool is_causal, float? scale) -> Tensor", infer,
       select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
