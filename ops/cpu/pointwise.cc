// etc::pointwise – elementwise ops in one pass: a program (pointwise.h) over blocks of self and the others, which are f32 or
// masks, broadcast together.
//
// Neighbouring dimensions that all operands walk alike become one; the innermost is a row. An operand gives a row its elements as they
// lie, or copies of them in blocks: one number throughout, numbers that lie apart, or, where rows would be short and the operand is the
// same in each, so many rows of it that a block fits in anywhere (a tile).
#include <cstring>

#include "ops/cpu/kernels.h"
#include "ops/dispatch.h"
#include "ops/iterate.h"
#include "ops/parallel.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kSelf = 0, kOthers = 1, kNumbers = 2, kProgram = 3, kResult = 4;

Error infer(InferContext& ctx) noexcept {
  const Tensors others = ctx.tensors(kOthers);
  if (!is_sound(ctx.ints(kProgram), others.size + 1, ctx.reals(kNumbers).size)) return Error::BadArgument;
  Meta m = ctx.meta(kSelf);
  if (m.dtype != DType::F32) return Error::BadArgument;
  for (uint32_t i = 0; i < others.size; ++i) {
    if (others[i].dtype != DType::F32 && others[i].dtype != DType::Bool) return Error::BadArgument;
    ETC_TRY(broadcast_sizes(m, InferContext::meta(others[i]), &m));
  }
  return ctx.set_result(0, m);
}

bool has_no_elements(const Tensor& t) {
  for (uint32_t d = 0; d < t.rank; ++d)
    if (t.sizes[d] == 0) return true;
  return false;
}

// The loop nest of the inputs and, behind them, the result.
struct Nest {
  const Frame* frame;
  uint32_t operands;
  uint32_t ids[kPlaces + 1];
  bool masks[kPlaces + 1];
  uint32_t rank = 0;  // at least 1 when made
  int64_t sizes[kMaxRank + 1];
  int64_t strides[kMaxRank + 1][kPlaces + 1];

  explicit Nest(OpContext ctx) : frame(ctx.frame) {
    const Tensors others = ctx.tensors(kOthers);
    const Tensor& result = ctx.tensor(kResult);
    operands = others.size + 2;
    ids[0] = ctx.operand(kSelf).index;
    for (uint32_t i = 0; i < others.size; ++i) ids[i + 1] = others.ids[i];
    ids[inputs()] = ctx.operand(kResult).index;
    for (uint32_t k = 0; k < operands; ++k) masks[k] = of(k).dtype == DType::Bool;
    for (uint32_t d = 0; d < result.rank; ++d)
      if (result.sizes[d] != 1) add(result, d);
    if (rank > 0) return;
    rank = 1;
    sizes[0] = 1;
    for (uint32_t k = 0; k < operands; ++k) strides[0][k] = 1;
  }

  uint32_t inputs() const { return operands - 1; }
  Tensor of(uint32_t k) const { return frame->value(ids[k]); }
  bool is_mask(uint32_t k) const { return masks[k]; }
  // So many elements of operand k further.
  const std::byte* moved(uint32_t k, const std::byte* from, int64_t elements) const {
    return from + elements * static_cast<int64_t>(is_mask(k) ? sizeof(bool) : sizeof(float));
  }

 private:
  void add(const Tensor& result, uint32_t d) {
    int64_t* inner = strides[rank];
    bool joins = rank > 0;
    for (uint32_t k = 0; k < operands; ++k) {
      inner[k] = broadcast_stride(of(k), d, result.rank);
      joins = joins && strides[rank - 1][k] == inner[k] * result.sizes[d];
    }
    if (!joins) {
      sizes[rank++] = result.sizes[d];
      return;
    }
    sizes[rank - 1] *= result.sizes[d];
    for (uint32_t k = 0; k < operands; ++k) strides[rank - 1][k] = inner[k];
  }
};

// How rows are walked.
enum class Feed : uint8_t { AsItLies, OneNumber, Gathered, Tile };
constexpr int64_t kTiles = 2048;  // floats, for all tiles
struct Plan {
  int64_t length;  // of a row
  int64_t period;  // of a tile
  uint32_t outer;  // dimensions of the nest outside of a row
  Feed feeds[kPlaces];

  explicit Plan(const Nest& nest) {
    const uint32_t last = nest.rank - 1;
    outer = last;
    length = nest.sizes[last];
    const int64_t* inner = nest.strides[last];
    for (uint32_t k = 0; k < nest.inputs(); ++k)
      feeds[k] = inner[k] == 0 ? Feed::OneNumber : inner[k] == 1 && !nest.is_mask(k) ? Feed::AsItLies : Feed::Gathered;
    if (last > 0) join_short_rows(nest, last);
  }

 private:
  // The last two dimensions become a row where every operand runs on from one to the next, or is the same in each.
  void join_short_rows(const Nest& nest, uint32_t last) {
    constexpr int64_t kShort = 512, kFew = 8;
    const int64_t *inner = nest.strides[last], *next = nest.strides[last - 1], rows = nest.sizes[last - 1];
    if (length > kShort || rows < kFew) return;
    int64_t room = kTiles;
    Feed joined[kPlaces];
    for (uint32_t k = 0; k < nest.operands; ++k) {
      const bool runs_on = next[k] == inner[k] * length;
      if (k == nest.inputs()) {
        if (!runs_on) return;
      } else if (runs_on) {
        joined[k] = feeds[k];
      } else if (next[k] == 0) {
        joined[k] = Feed::Tile;
        room -= length + kMostPointwiseBlock;
      } else {
        return;
      }
    }
    if (room < 0) return;
    std::memcpy(feeds, joined, nest.inputs());
    outer = last - 1;
    period = length;
    length *= rows;
  }
};

// One thread's machine.
class Machine {
 public:
  Machine(OpContext ctx, const Nest& nest, const Plan& plan)
      : kernels_(kernels()), nest_(nest), plan_(plan), inner_(nest.strides[nest.rank - 1]), block_(kernels_.pointwise_block) {
    const Ints program = ctx.ints(kProgram);
    const Reals numbers = ctx.reals(kNumbers);
    b_.program = program.data;
    b_.end = program.data + program.size;
    b_.inputs = nest.inputs();
    for (uint32_t i = 0; i < numbers.size; ++i) fill(b_.inputs + i, static_cast<float>(numbers[i]));
    const auto places = ctx.prepared<uint32_t>();
    for (uint32_t p = b_.inputs; p < places; ++p) b_.at[p] = own_[p];
    for (uint32_t k = 0; k < b_.inputs; ++k) tiled_[k] = nullptr;
  }

  // Elements [first, first + n) of a row. from[k]: where it begins in operand k.
  void run(const std::byte* const* from, int64_t first, int64_t n) {
    float* tile = tiles_;
    gathers_ = false;
    from_ = from;
    for (uint32_t k = 0; k < b_.inputs; ++k) {
      b_.step[k] = b_.period[k] = 0;
      b_.limit[k] = nullptr;
      b_.at[k] = own_[k];
      switch (plan_.feeds[k]) {
        case Feed::AsItLies:
          b_.at[k] = reinterpret_cast<const float*>(from[k]) + first;
          b_.step[k] = block_;
          break;
        case Feed::OneNumber: fill(k, element(k, 0)); break;
        case Feed::Gathered: gathers_ = true; break;
        case Feed::Tile:
          lay_tile(k, tile, first);
          tile += plan_.period + kMostPointwiseBlock;
          break;
      }
    }
    float* const result = reinterpret_cast<float*>(const_cast<std::byte*>(from[b_.inputs])) + first;
    const int64_t whole = n / block_;
    b_.result = result;
    b_.blocks = gathers_ ? 1 : whole;
    for (int64_t i = 0; i < whole; i += b_.blocks) {
      gather(first + i * block_, block_);
      kernels_.pointwise(b_);
    }
    if (n > whole * block_) run_rest(first + whole * block_, n - whole * block_, result + whole * block_);
  }

 private:
  float element(uint32_t k, int64_t i) const {
    const std::byte* p = nest_.moved(k, from_[k], i * inner_[k]);
    return !nest_.is_mask(k) ? *reinterpret_cast<const float*>(p) : *p != std::byte{0} ? 1.0f : 0.0f;
  }
  void fill(uint32_t place, float x) {
    for (int64_t i = 0; i < block_; ++i) own_[place][i] = x;
  }

  // So long that a block may begin anywhere in the period.
  void lay_tile(uint32_t k, float* tile, int64_t first) {
    if (tiled_[k] != from_[k]) {
      tiled_[k] = from_[k];
      int64_t at = 0;
      for (int64_t i = 0; i < plan_.period + block_; ++i) {
        tile[i] = element(k, at);
        if (++at == plan_.period) at = 0;
      }
    }
    b_.at[k] = tile + first % plan_.period;
    b_.step[k] = block_ % plan_.period;
    b_.period[k] = plan_.period;
    b_.limit[k] = tile + plan_.period;
  }

  void gather(int64_t first, int64_t n) {
    if (!gathers_) return;
    for (uint32_t k = 0; k < b_.inputs; ++k) {
      if (plan_.feeds[k] != Feed::Gathered) continue;
      if (nest_.is_mask(k) && inner_[k] == 1) {
        const auto* mask = from_[k] + first;
        for (int64_t i = 0; i < n; ++i) own_[k][i] = mask[i] != std::byte{0} ? 1.0f : 0.0f;
      } else {
        for (int64_t i = 0; i < n; ++i) own_[k][i] = element(k, first + i);
      }
    }
  }

  // Less than a block: copied to where a whole one can be read and written.
  void run_rest(int64_t first, int64_t n, float* result) {
    const int64_t padded = n <= kernels_.pointwise_vector ? kernels_.pointwise_vector : block_;
    for (uint32_t k = 0; k < b_.inputs; ++k) {
      if (plan_.feeds[k] != Feed::AsItLies && plan_.feeds[k] != Feed::Gathered) continue;
      std::memset(own_[k], 0, static_cast<size_t>(padded) * sizeof(float));
      if (plan_.feeds[k] == Feed::Gathered) continue;
      std::memcpy(own_[k], reinterpret_cast<const float*>(from_[k]) + first, static_cast<size_t>(n) * sizeof(float));
      b_.at[k] = own_[k];
    }
    gather(first, n);
    alignas(64) float rest[kMostPointwiseBlock];
    b_.result = rest;
    b_.blocks = 1;
    (padded == block_ ? kernels_.pointwise : kernels_.pointwise_one)(b_);
    std::memcpy(result, rest, static_cast<size_t>(n) * sizeof(float));
  }

  const Kernels& kernels_;
  const Nest& nest_;
  const Plan& plan_;
  const int64_t* inner_;  // strides within a row
  int64_t block_;
  bool gathers_ = false;
  PointwiseBlocks b_;
  const std::byte* const* from_;
  const std::byte* tiled_[kPlaces];  // what the tile was laid of
  alignas(64) float own_[kPlaces][kMostPointwiseBlock];
  alignas(64) float tiles_[kTiles];
};

// Elements [first, first + n) of the rows from `begin` to `end`.
void run_rows(OpContext ctx, const Nest& nest, const Plan& plan, int64_t begin, int64_t end, int64_t first, int64_t n) {
  Machine machine(ctx, nest, plan);
  int64_t index[kMaxRank + 1];
  const std::byte* from[kPlaces + 1];
  const auto move = [&](uint32_t d, int64_t by) {
    for (uint32_t k = 0; k < nest.operands; ++k) from[k] = nest.moved(k, from[k], by * nest.strides[d][k]);
  };
  for (uint32_t k = 0; k < nest.operands; ++k) from[k] = static_cast<const std::byte*>(nest.of(k).data);
  int64_t rest = begin;
  for (uint32_t d = plan.outer; d-- > 0; rest /= nest.sizes[d]) move(d, index[d] = rest % nest.sizes[d]);
  for (int64_t row = begin; row < end; ++row) {
    machine.run(from, first, n);
    for (uint32_t d = plan.outer; d-- > 0;) {
      move(d, 1);
      if (++index[d] < nest.sizes[d]) break;
      move(d, -nest.sizes[d]);
      index[d] = 0;
    }
  }
}

Error run(OpContext ctx) noexcept {
  if (has_no_elements(ctx.tensor(kResult))) return Error::Ok;
  const Nest nest(ctx);
  const Plan plan(nest);
  int64_t rows = 1;
  for (uint32_t d = 0; d < plan.outer; ++d) rows *= nest.sizes[d];

  // Chunks: of rows, or of parts of a long one. Some 2^16 elements times instructions are worth a thread.
  constexpr int64_t kWork = 1 << 16, kChunks = 64, kFew = 1024;
  const int64_t instructions = ctx.ints(kProgram).size;
  if (rows * plan.length <= kFew) return run_rows(ctx, nest, plan, 0, rows, 0, plan.length), Error::Ok;
  const int64_t each = kWork / (instructions + 1) / kMostPointwiseBlock + 1;  // blocks
  const int64_t blocks = (plan.length + kMostPointwiseBlock - 1) / kMostPointwiseBlock;
  const Pieces of_rows(rows, each / blocks + 1, kChunks), parts(blocks, each, rows == 1 ? kChunks : 1);
  parallel_for(ctx.frame->hooks, of_rows.count * parts.count, [&](int64_t chunk) {
    const int64_t row = chunk / parts.count, part = chunk % parts.count;
    const int64_t first = parts.begin(part) * kMostPointwiseBlock, behind = parts.end(part) * kMostPointwiseBlock;
    run_rows(ctx, nest, plan, of_rows.begin(row), of_rows.end(row), first, (behind < plan.length ? behind : plan.length) - first);
  });
  return Error::Ok;
}

// How many places there are up to the last that is used.
Error prepare(OpContext ctx, void* state) noexcept {
  uint32_t places = ctx.tensors(kOthers).size + 1 + ctx.reals(kNumbers).size;
  const Ints program = ctx.ints(kProgram);
  for (uint32_t i = 0; i < program.size; ++i)
    if (place_a(program[i]) >= places) places = place_a(program[i]) + 1;
  *static_cast<uint32_t*>(state) = places;
  return Error::Ok;
}

// Operands may lie in any way; the elements of the result's rows lie one behind the other.
Kernel select(OpContext ctx) noexcept {
  const Tensor& result = ctx.tensor(kResult);
  for (uint32_t d = result.rank; d-- > 0;)
    if (result.sizes[d] != 1) return result.strides[d] == 1 ? run : nullptr;
  return run;
}

}  // namespace

ETC_OP(pointwise, "etc::pointwise(Tensor self, Tensor[] others, float[] numbers, int[] program) -> Tensor", infer, select,
       {Promotion::None, 1, sizeof(uint32_t), prepare});
}  // namespace etc
