// Verification of one call; see check.h.
#include "check.h"

#include "dynamic.h"
#include "extent.h"
#include "etc/program.h"

namespace etc {
namespace {

bool is_one_of(OperandKind k, OperandKind a, OperandKind b) { return k == a || k == b; }

bool takes(uint8_t kind, OpContext ctx, uint32_t i) {
  const Operand& o = ctx.operand(i);
  if (o.kind == OperandKind::None) return (kind & kind::kOptional) != 0;
  switch (kind & ~kind::kOptional) {
    case kind::kTensor: return o.kind == OperandKind::Tensor;
    case kind::kInt: return is_one_of(o.kind, OperandKind::Int, OperandKind::IntSlot);
    case kind::kReal:
      return is_one_of(o.kind, OperandKind::Real, OperandKind::RealSlot) || is_one_of(o.kind, OperandKind::Int, OperandKind::IntSlot);
    case kind::kBool: return o.kind == OperandKind::Bool;
    case kind::kString: return o.kind == OperandKind::String;
    case kind::kScalar:
      return is_one_of(o.kind, OperandKind::Real, OperandKind::RealSlot) || is_one_of(o.kind, OperandKind::Int, OperandKind::IntSlot) ||
             o.kind == OperandKind::Bool;
    case kind::kInts: return is_one_of(o.kind, OperandKind::Ints, OperandKind::IntSlots);
    case kind::kReals: return o.kind == OperandKind::Reals;
    case kind::kBools: return o.kind == OperandKind::Bools;
    case kind::kScalars: return is_one_of(o.kind, OperandKind::Ints, OperandKind::Reals);
    case kind::kOptionalTensors: return o.kind == OperandKind::Tensors;
    case kind::kTensors: {
      if (o.kind != OperandKind::Tensors) return false;
      const Tensors list = ctx.tensors(i);
      for (uint32_t k = 0; k < list.size; ++k)
        if (!list.has(k)) return false;
      return true;
    }
  }
  return false;
}

// The sink that compares what `infer` says with what the file says.
struct Results {
  OpContext ctx;
  uint32_t first, count;
  uint64_t seen;

  static Error compare(void* state, uint32_t result, const Meta& meta) {
    auto* self = static_cast<Results*>(state);
    if (result >= self->count) return Error::BadProgram;
    const Tensor& t = self->ctx.tensor(self->first + result);
    if (meta.dtype != t.dtype || meta.rank != t.rank) return Error::BadProgram;
    for (uint32_t d = 0; d < t.rank; ++d)
      if (meta.sizes[d] != t.sizes[d]) return Error::BadProgram;
    self->seen |= uint64_t{1} << result;
    return Error::Ok;
  }

  // For an op that decides the sizes of its results: they are upper bounds now. What the file fixes is no less than them.
  static Error assign(void* state, uint32_t result, const Meta& meta) {
    auto* self = static_cast<Results*>(state);
    if (result >= self->count) return Error::BadProgram;
    const Tensor& t = self->ctx.tensor(self->first + result);
    if (!is_dynamic(t)) {
      const_cast<Tensor&>(t).flags &= ~Tensor::kWrongSize;  // of the last run
      return compare(state, result, meta);
    }
    if (meta.rank != t.rank) return Error::BadProgram;
    for (uint32_t d = 0; d < t.rank; ++d) self->ctx.set_size(self->first + result, d, meta.sizes[d]);
    if (t.rank != 0 && !set_contiguous(t)) return Error::BadProgram;
    ETC_TRY(check_extent(t, self->ctx.frame->slots));
    return compare(state, result, meta);
  }
};

bool overlaps(const Tensor& a, const Tensor& b) {
  const uint64_t a_bytes = extent_of(a), b_bytes = extent_of(b);
  const auto a_begin = reinterpret_cast<uintptr_t>(a.data), b_begin = reinterpret_cast<uintptr_t>(b.data);
  return a_bytes != 0 && b_bytes != 0 && a_begin < b_begin + b_bytes && b_begin < a_begin + a_bytes;
}

// The same bytes in the same order. A dimension of one element has no stride to speak of.
bool are_identical(const Tensor& a, const Tensor& b) {
  if (a.data != b.data || a.dtype != b.dtype || a.rank != b.rank) return false;
  for (uint32_t d = 0; d < a.rank; ++d)
    if (a.sizes[d] != b.sizes[d] || (a.sizes[d] != 1 && a.strides[d] != b.strides[d])) return false;
  return true;
}

// Every dimension, from the smallest stride up, steps over all that the smaller ones reach. This refuses a few exotic strides that do
// not overlap either; no compiler has a use for them.
bool overlaps_itself(const Tensor& t) {
  if (extent_of(t) == 0) return false;
  int64_t reach = 0;  // the last element that the dimensions taken so far can reach
  for (uint32_t taken = 0;;) {
    uint32_t next = t.rank;
    for (uint32_t d = 0; d < t.rank; ++d)
      if (t.sizes[d] > 1 && !(taken >> d & 1) && (next == t.rank || t.strides[d] < t.strides[next])) next = d;
    if (next == t.rank) return false;
    if (t.strides[next] <= reach) return true;
    reach += t.strides[next] * (t.sizes[next] - 1);
    taken |= 1u << next;
  }
}

// Argument `a` of an op that writes it: no other operand may share its bytes.
bool written_is_separate(OpContext ctx, uint32_t arguments, uint32_t a) {
  if (ctx.operand(a).kind != OperandKind::Tensor) return false;  // lists cannot be written
  const Tensor& written = ctx.tensor(a);
  if ((written.flags & Tensor::kReadOnly) || overlaps_itself(written)) return false;
  for (uint32_t other = 0; other < arguments; ++other) {
    const OperandKind kind = ctx.operand(other).kind;
    if (other != a && kind == OperandKind::Tensor && overlaps(written, ctx.tensor(other))) return false;
    if (kind != OperandKind::Tensors) continue;
    const Tensors list = ctx.tensors(other);
    for (uint32_t k = 0; k < list.size; ++k)
      if (list.has(k) && overlaps(written, list[k])) return false;
  }
  return true;
}

// `scratch` is null when the call has none.
bool result_is_separate(OpContext ctx, const CallPlaces& call, uint32_t r, const Tensor* scratch) {
  const uint32_t arguments = call.arguments, results = call.results;
  const Tensor& result = ctx.tensor(arguments + r);
  if (scratch && overlaps(result, *scratch)) return false;
  for (uint32_t other = 0; other < results; ++other)
    if (other != r && overlaps(result, ctx.tensor(arguments + other))) return false;
  for (uint32_t a = 0; a < arguments; ++a) {
    const OperandKind kind = ctx.operand(a).kind;
    if (kind == OperandKind::Tensor) {
      const bool may_share = (r == 0 && a < 16 && (call.in_place >> a & 1)) || (a < 32 && (call.written >> a & 1));
      if (overlaps(result, ctx.tensor(a)) && !(may_share && are_identical(result, ctx.tensor(a)))) return false;
    } else if (kind == OperandKind::Tensors) {
      const Tensors list = ctx.tensors(a);
      for (uint32_t k = 0; k < list.size; ++k)
        if (list.has(k) && overlaps(result, list[k])) return false;
    }
  }
  return true;
}

bool is_scratch(const Tensor& t, uint64_t bytes) {
  return t.dtype == DType::U8 && !is_dynamic(t) && !(t.flags & Tensor::kReadOnly) && is_contiguous(t) && extent_of(t) >= bytes &&
         reinterpret_cast<uintptr_t>(t.data) % kAlignment == 0;
}

bool scratch_is_separate(OpContext ctx, uint32_t arguments, const Tensor& scratch) {
  for (uint32_t a = 0; a < arguments; ++a) {
    const OperandKind kind = ctx.operand(a).kind;
    if (kind == OperandKind::Tensor && overlaps(scratch, ctx.tensor(a))) return false;
    if (kind != OperandKind::Tensors) continue;
    const Tensors list = ctx.tensors(a);
    for (uint32_t k = 0; k < list.size; ++k)
      if (list.has(k) && overlaps(scratch, list[k])) return false;
  }
  return true;
}

}  // namespace

Error check_operands(OpContext ctx, const Op& op, uint32_t operand_count, uint32_t* operand) noexcept {
  constexpr uint32_t kMostResults = 64;  // bits of Results::seen
  const uint32_t arguments = op.signature.arguments;
  *operand = Fault::kNowhere;
  if (operand_count < arguments) return Error::BadProgram;
  const uint32_t results = result_count(op, operand_count);
  if (operand_count != arguments + results || results > kMostResults) return Error::BadProgram;
  for (uint32_t a = 0; a < arguments; ++a)
    if (!takes(op.signature.kinds[a], ctx, a)) return *operand = a, Error::BadProgram;
  for (uint32_t r = 0; r < results; ++r)
    if (ctx.operand(arguments + r).kind != OperandKind::Tensor) return *operand = arguments + r, Error::BadProgram;

  return Error::Ok;
}

Error check_sizes(OpContext ctx, const Op& op, uint32_t operand_count, uint32_t* operand) noexcept {
  const uint32_t arguments = op.signature.arguments, results = result_count(op, operand_count);
  *operand = Fault::kNowhere;
  Results sink{ctx, arguments, results, 0};
  InferContext infer{ctx, &sink, kHasDynamic && op.sizes_from_data ? &Results::assign : &Results::compare};
  if (op.infer(infer) != Error::Ok) return Error::BadProgram;
  for (uint32_t r = 0; r < results; ++r)
    if (!(sink.seen >> r & 1)) return *operand = arguments + r, Error::BadProgram;

  const uint64_t scratch_bytes = op.scratch_bytes ? op.scratch_bytes(ctx) : 0;
  return check_places(ctx, {arguments, results, op.in_place, scratch_bytes, op.signature.written}, operand);
}

Error check_places(OpContext ctx, const CallPlaces& call, uint32_t* operand) noexcept {
  const Tensor* scratch = nullptr;
  if (call.scratch_bytes != 0) {
    const Operand& o = ctx.frame->operands[ctx.instr->first_operand - 1];
    if (o.kind != OperandKind::Tensor) return Error::BadProgram;
    scratch = &ctx.frame->values[o.index];
    if (!is_scratch(*scratch, call.scratch_bytes) || !scratch_is_separate(ctx, call.arguments, *scratch)) return Error::BadProgram;
  }
  for (uint32_t a = 0; a < call.arguments && a < 32; ++a)
    if ((call.written >> a & 1) && ctx.has(a) && !written_is_separate(ctx, call.arguments, a)) return *operand = a, Error::BadProgram;
  for (uint32_t r = 0; r < call.results; ++r) {
    const Tensor& result = ctx.tensor(call.arguments + r);
    if ((result.flags & Tensor::kReadOnly) || overlaps_itself(result) || !result_is_separate(ctx, call, r, scratch))
      return *operand = call.arguments + r, Error::BadProgram;
  }
  return Error::Ok;
}

}  // namespace etc
