// Verification of one call; see check.h.
#include "check.h"

#include "dynamic.h"
#include "extent.h"
#include "etc/program.h"

namespace etc {
namespace {

constexpr uint32_t bit(OperandKind k) { return 1u << static_cast<uint32_t>(k); }
static_assert(bit(OperandKind::None) == 1, "takes() adds it to what is optional");
constexpr uint32_t kIntBits = bit(OperandKind::Int) | bit(OperandKind::IntSlot);
constexpr uint32_t kRealBits = kIntBits | bit(OperandKind::Real) | bit(OperandKind::RealSlot);
// By kind of the schema: the kinds of operands that it takes.
constexpr uint16_t kTaken[] = {
    0,
    bit(OperandKind::Tensor),
    kIntBits,
    kRealBits,
    bit(OperandKind::Bool),
    bit(OperandKind::String),
    kRealBits | bit(OperandKind::Bool),
    bit(OperandKind::Tensors),
    bit(OperandKind::Ints) | bit(OperandKind::IntSlots),
    bit(OperandKind::Reals),
    bit(OperandKind::Bools),
    bit(OperandKind::Tensors),
    bit(OperandKind::Ints) | bit(OperandKind::Reals),
};
static_assert(kind::kTensor == 1 && kind::kInt == 2 && kind::kReal == 3 && kind::kBool == 4 && kind::kString == 5 && kind::kScalar == 6 &&
              kind::kTensors == 7 && kind::kInts == 8 && kind::kReals == 9 && kind::kBools == 10 && kind::kOptionalTensors == 11 &&
              kind::kScalars == 12);

bool takes(uint8_t kind, const Operand& given, const Frame& frame) {
  const uint32_t optional = kind / kind::kOptional, required = kind % kind::kOptional;
  const uint32_t taken = kTaken[required] | optional;
  if (!(taken >> static_cast<uint32_t>(given.kind) & 1)) return false;
  if (required != kind::kTensors || given.kind == OperandKind::None) return true;
  for (uint32_t k = 0; k < given.count; ++k)
    if (frame.indices[given.index + k] == kNoValue) return false;
  return true;
}

// The sink that compares what `infer` says with what the file says.
struct Results {
  OpContext ctx;
  uint32_t first, count;
  uint64_t seen;

  static Error compare(void* state, uint32_t result, const Meta& meta) {
    auto* self = static_cast<Results*>(state);
    if (result >= self->count) return Error::BadProgram;
    const Tensor t = self->ctx.tensor(self->first + result);
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
    const Tensor t = self->ctx.tensor(self->first + result);
    if (!is_dynamic(t)) return compare(state, result, meta);
    if (meta.rank != t.rank) return Error::BadProgram;
    for (uint32_t d = 0; d < t.rank; ++d) self->ctx.set_size(self->first + result, d, meta.sizes[d]);
    if (t.rank != 0 && !set_contiguous(t)) return Error::BadProgram;
    ETC_TRY(check_extent(t, self->ctx.frame->slots));
    return compare(state, result, meta);
  }
};

// Where a tensor lies; nowhere, when it has no element.
struct Place {
  uintptr_t begin = 0, end = 0;
  bool in_order = true;  // every dimension steps over all that those behind it reach, so no two elements are one
  Place() = default;
  explicit Place(const Tensor& t) {
    size_t reach = 0;  // the last element of the dimensions so far
    for (uint32_t d = t.rank; d-- > 0;) {
      const auto size = static_cast<size_t>(t.sizes[d]), stride = static_cast<size_t>(t.strides[d]);
      if (size == 0) {
        in_order = true;
        return;
      }
      in_order = in_order && (size == 1 || stride > reach);
      reach += stride * (size - 1);
    }
    begin = reinterpret_cast<uintptr_t>(t.data);
    end = begin + (reach + 1) * size_in_bytes(t.dtype);
  }
  bool meets(const Place& o) const { return begin < o.end && o.begin < end; }
  bool meets(const Tensor& t) const { return reinterpret_cast<uintptr_t>(t.data) < end && meets(Place(t)); }
  // An operand, if it is a tensor or a list of them.
  bool meets(const Operand& o, const Frame& frame) const {
    if (o.kind == OperandKind::Tensor) return meets(frame.value(o.index));
    if (o.kind != OperandKind::Tensors) return false;
    const Tensors list{&frame, frame.indices + o.index, o.count};
    for (uint32_t k = 0; k < list.size; ++k)
      if (list.has(k) && meets(list[k])) return true;
    return false;
  }
};

// The same bytes in the same order. A dimension of one element has no stride to speak of.
bool are_identical(const Tensor& a, const Tensor& b) {
  if (a.data != b.data || a.dtype != b.dtype || a.rank != b.rank) return false;
  for (uint32_t d = 0; d < a.rank; ++d)
    if (a.sizes[d] != b.sizes[d] || (a.sizes[d] != 1 && a.strides[d] != b.strides[d])) return false;
  return true;
}

// Every dimension, from the smallest stride up, steps over all that the smaller ones reach. This refuses a few exotic strides that do
// not overlap either; no compiler has a use for them.
bool overlaps_itself(const Tensor& t, const Place& place) {
  if (place.in_order) return false;
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
  const Place place(written);
  if ((written.flags & Tensor::kReadOnly) || overlaps_itself(written, place)) return false;
  for (uint32_t other = 0; other < arguments; ++other)
    if (other != a && place.meets(ctx.operand(other), *ctx.frame)) return false;
  return true;
}

// Result `r` may be written, and no other operand shares its bytes; of the results, none after it.
bool result_is_sound(OpContext ctx, const CallPlaces& call, uint32_t r, const Place& scratch) {
  const uint32_t arguments = call.arguments;
  const Tensor& result = ctx.tensor(arguments + r);
  const Place place(result);
  if ((result.flags & Tensor::kReadOnly) || overlaps_itself(result, place) || place.meets(scratch)) return false;
  for (uint32_t later = r + 1; later < call.results; ++later)
    if (place.meets(ctx.tensor(arguments + later))) return false;
  const Operand* given = &ctx.operand(0);
  for (uint32_t a = 0; a < arguments; ++a) {
    if (!place.meets(given[a], *ctx.frame)) continue;
    const bool may_share = (r == 0 && a < 16 && (call.in_place >> a & 1)) || (a < 32 && (call.written >> a & 1));
    if (!may_share || given[a].kind != OperandKind::Tensor || !are_identical(result, ctx.tensor(a))) return false;
  }
  return true;
}

bool is_scratch(const Tensor& t, uint64_t bytes) {
  return t.dtype == DType::U8 && !is_dynamic(t) && !(t.flags & Tensor::kReadOnly) && is_contiguous(t) && extent_of(t) >= bytes &&
         reinterpret_cast<uintptr_t>(t.data) % kAlignment == 0;
}

bool scratch_is_separate(OpContext ctx, uint32_t arguments, const Place& scratch) {
  for (uint32_t a = 0; a < arguments; ++a)
    if (scratch.meets(ctx.operand(a), *ctx.frame)) return false;
  return true;
}

// What check_sizes does, for so many results.
inline Error check_results(OpContext ctx, const Op& op, uint32_t results, uint32_t* operand) {
  const uint32_t arguments = op.signature.arguments;
  Results sink{ctx, arguments, results, 0};
  InferContext infer{ctx, &sink, kHasDynamic && op.sizes_from_data ? &Results::assign : &Results::compare};
  if (op.infer(infer) != Error::Ok) return Error::BadProgram;
  for (uint32_t r = 0; r < results; ++r)
    if (!(sink.seen >> r & 1)) return *operand = arguments + r, Error::BadProgram;

  const uint64_t scratch_bytes = op.scratch_bytes ? op.scratch_bytes(ctx) : 0;
  return check_places(ctx, {arguments, results, op.in_place, scratch_bytes, op.signature.written}, operand);
}

}  // namespace

Error check_call(OpContext ctx, const Op& op, uint32_t operand_count, bool sizes_are_known, uint32_t* operand) noexcept {
  constexpr uint32_t kMostResults = 64;  // bits of Results::seen
  const uint32_t arguments = op.signature.arguments;
  *operand = Fault::kNowhere;
  if (operand_count < arguments) return Error::BadProgram;
  const uint32_t results = result_count(op, operand_count);
  if (operand_count != arguments + results || results > kMostResults) return Error::BadProgram;
  const Operand* given = &ctx.operand(0);
  for (uint32_t a = 0; a < arguments; ++a)
    if (!takes(op.signature.kinds[a], given[a], *ctx.frame)) return *operand = a, Error::BadProgram;
  for (uint32_t i = arguments; i < operand_count; ++i)
    if (given[i].kind != OperandKind::Tensor) return *operand = i, Error::BadProgram;
  return sizes_are_known ? check_results(ctx, op, results, operand) : Error::Ok;
}

Error check_sizes(OpContext ctx, const Op& op, uint32_t operand_count, uint32_t* operand) noexcept {
  *operand = Fault::kNowhere;
  return check_results(ctx, op, result_count(op, operand_count), operand);
}

Error check_places(OpContext ctx, const CallPlaces& call, uint32_t* operand) noexcept {
  Place scratch;  // nowhere
  if (call.scratch_bytes != 0) {
    const Operand& o = ctx.frame->operands[ctx.instr->first_operand - 1];
    if (o.kind != OperandKind::Tensor) return Error::BadProgram;
    const Tensor t = ctx.frame->value(o.index);
    scratch = Place(t);
    if (!is_scratch(t, call.scratch_bytes) || !scratch_is_separate(ctx, call.arguments, scratch)) return Error::BadProgram;
  }
  for (uint32_t a = 0; call.written != 0 && a < call.arguments && a < 32; ++a)
    if ((call.written >> a & 1) && ctx.has(a) && !written_is_separate(ctx, call.arguments, a)) return *operand = a, Error::BadProgram;
  for (uint32_t r = 0; r < call.results; ++r)
    if (!result_is_sound(ctx, call, r, scratch)) return *operand = call.arguments + r, Error::BadProgram;
  return Error::Ok;
}

}  // namespace etc
