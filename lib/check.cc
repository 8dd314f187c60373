// Verification of one call; see check.h.
#include "check.h"

#include "dynamic.h"
#include "extent.h"
#include "etc/program.h"

namespace etc {
namespace {

constexpr uint32_t bit(OperandKind k) { return 1u << static_cast<uint32_t>(k); }
constexpr uint32_t kIntBits = bit(OperandKind::Int) | bit(OperandKind::IntSlot);
constexpr uint32_t kRealBits = kIntBits | bit(OperandKind::Real) | bit(OperandKind::RealSlot);
// By kind of the schema: the kinds of operands that it takes, but for lists of tensors, whose elements matter.
constexpr uint16_t kTaken[] = {
    0,
    bit(OperandKind::Tensor),
    kIntBits,
    kRealBits,
    bit(OperandKind::Bool),
    bit(OperandKind::String),
    kRealBits | bit(OperandKind::Bool),
    0,
    bit(OperandKind::Ints) | bit(OperandKind::IntSlots),
    bit(OperandKind::Reals),
    bit(OperandKind::Bools),
    0,
    bit(OperandKind::Ints) | bit(OperandKind::Reals),
};
static_assert(kind::kTensor == 1 && kind::kInt == 2 && kind::kReal == 3 && kind::kBool == 4 && kind::kString == 5 && kind::kScalar == 6 &&
              kind::kTensors == 7 && kind::kInts == 8 && kind::kReals == 9 && kind::kBools == 10 && kind::kOptionalTensors == 11 &&
              kind::kScalars == 12);

// What kTaken does not say.
[[gnu::noinline]] bool takes_also(uint8_t kind, const Operand& given, const Frame& frame) {
  if (given.kind == OperandKind::None) return kind >= kind::kOptional;
  const uint32_t required = kind % kind::kOptional;
  if (given.kind != OperandKind::Tensors || (required != kind::kTensors && required != kind::kOptionalTensors)) return false;
  for (uint32_t k = 0; required == kind::kTensors && k < given.count; ++k)
    if (frame.indices[given.index + k] == kNoValue) return false;
  return true;
}

inline bool takes(uint8_t kind, const Operand& given, const Frame& frame) {
  return (kTaken[kind % kind::kOptional] >> static_cast<uint32_t>(given.kind) & 1) || takes_also(kind, given, frame);
}

// Where a tensor lies; nowhere, when it has no element.
struct Place {
  uintptr_t begin = 0, end = 0;
  Place() = default;
  explicit Place(const Tensor& t) {
    bool in_order;
    *this = Place(t, &in_order);
  }
  // In order: every dimension steps over all that those behind it reach, so no two elements are one.
  Place(const Tensor& t, bool* in_order) {
    *in_order = true;
    size_t reach = 0;  // the last element of the dimensions so far
    for (uint32_t d = t.rank; d-- > 0;) {
      const auto size = static_cast<size_t>(t.sizes[d]), stride = static_cast<size_t>(t.strides[d]);
      if (size == 0) {
        *in_order = true;
        return;
      }
      *in_order = *in_order && (size == 1 || stride > reach);
      reach += stride * (size - 1);
    }
    begin = reinterpret_cast<uintptr_t>(t.data);
    end = begin + (reach + 1) * size_in_bytes(t.dtype);
  }
  bool meets(Place o) const { return begin < o.end && o.begin < end; }
  bool meets(const Tensor& t) const { return reinterpret_cast<uintptr_t>(t.data) < end && meets(Place(t)); }
};

[[gnu::noinline]] bool meets_list(const Frame& frame, const Operand& list, Place place) {
  const Tensors tensors{&frame, frame.indices + list.index, list.count};
  for (uint32_t k = 0; k < tensors.size; ++k)
    if (tensors.has(k) && place.meets(tensors[k])) return true;
  return false;
}

// The first of the operands `from` .. `to` - 1 that shares a byte with `place`, a tensor or a list of them; `to` when none does.
inline uint32_t first_that_meets(OpContext ctx, uint32_t from, uint32_t to, Place place) {
  for (const Operand* o = &ctx.operand(from); from < to; ++from, ++o) {
    if (o->kind == OperandKind::Tensor) {
      // No result lies in the constants, which the caller keeps apart from other memory.
      if (ctx.frame->placements[o->index].storage == Placement::kConstants) continue;
      if (place.meets(ctx.frame->value(o->index))) break;
    } else if (o->kind == OperandKind::Tensors) {
      if (meets_list(*ctx.frame, *o, place)) break;
    }
  }
  return from;
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
[[gnu::noinline]] bool overlaps_itself(const int64_t* sizes, const int64_t* strides, uint32_t rank) {
  int64_t reach = 0;  // the last element that the dimensions taken so far can reach
  for (uint32_t taken = 0;;) {
    uint32_t next = rank;
    for (uint32_t d = 0; d < rank; ++d)
      if (sizes[d] > 1 && !(taken >> d & 1) && (next == rank || strides[d] < strides[next])) next = d;
    if (next == rank) return false;
    if (strides[next] <= reach) return true;
    reach += strides[next] * (sizes[next] - 1);
    taken |= 1u << next;
  }
}

// A tensor that may be written, and where.
bool is_writable(const Tensor& t, Place* place) {
  bool in_order;
  *place = Place(t, &in_order);
  return !(t.flags & Tensor::kReadOnly) && (in_order || !overlaps_itself(t.sizes, t.strides, t.rank));
}

// Argument `a` of an op that writes it: no other operand may share its bytes.
[[gnu::noinline]] bool written_is_separate(OpContext ctx, uint32_t arguments, uint32_t a) {
  Place place;
  return ctx.operand(a).kind == OperandKind::Tensor &&  // lists cannot be written
         is_writable(ctx.tensor(a), &place) && first_that_meets(ctx, 0, a, place) == a &&
         first_that_meets(ctx, a + 1, arguments, place) == arguments;
}

// Whether result `r` may share bytes with argument `a`, as it does.
[[gnu::noinline]] bool may_share(OpContext ctx, const CallPlaces& call, uint32_t r, uint32_t a) {
  const bool is_allowed = (r == 0 && a < 16 && (call.in_place >> a & 1)) || (a < 32 && (call.written >> a & 1));
  return is_allowed && ctx.operand(a).kind == OperandKind::Tensor && are_identical(ctx.tensor(call.arguments + r), ctx.tensor(a));
}

[[gnu::noinline]] bool is_apart(OpContext ctx, uint32_t from, uint32_t to, Place place) {
  return first_that_meets(ctx, from, to, place) == to;
}

// Result `r` may be written, and no argument and no later result shares its bytes.
inline bool result_is_sound(OpContext ctx, const CallPlaces& call, uint32_t r, const Tensor& result) {
  const uint32_t arguments = call.arguments, end = arguments + call.results, next = arguments + r + 1;
  Place place;
  if (!is_writable(result, &place) || (next != end && !is_apart(ctx, next, end, place))) return false;
  for (uint32_t a = 0; (a = first_that_meets(ctx, a, arguments, place)) != arguments; ++a)
    if (!may_share(ctx, call, r, a)) return false;
  return true;
}

// The scratch is large enough, and apart from the arguments; `*met` is the first result that it meets.
[[gnu::noinline]] bool scratch_is_sound(OpContext ctx, const CallPlaces& call, uint32_t* met) {
  const Operand& o = ctx.operand(UINT32_MAX);  // the one before the first
  if (o.kind != OperandKind::Tensor) return false;
  const Tensor t = ctx.frame->value(o.index);
  const Place place(t);
  *met = first_that_meets(ctx, call.arguments, call.arguments + call.results, place);
  return t.dtype == DType::U8 && !is_dynamic(t) && !(t.flags & Tensor::kReadOnly) && is_contiguous(t) &&
         extent_of(t) >= call.scratch_bytes && place.begin % kAlignment == 0 && is_apart(ctx, 0, call.arguments, place);
}

// What check_places says of all but results.
inline Error check_others(OpContext ctx, const CallPlaces& call, uint32_t* operand) {
  // What a call names as its scratch is looked at even if it asks for none: the kernel may ask where that lies.
  if (uint32_t met; call.scratch_bytes != 0 || ctx.operand(UINT32_MAX).kind != OperandKind::None) {
    if (!scratch_is_sound(ctx, call, &met)) return Error::BadProgram;
    if (met != call.arguments + call.results) return *operand = met, Error::BadProgram;
  }
  for (uint32_t a = 0; call.written != 0 && a < call.arguments && a < 32; ++a)
    if ((call.written >> a & 1) && ctx.has(a) && !written_is_separate(ctx, call.arguments, a)) return *operand = a, Error::BadProgram;
  return Error::Ok;
}

// The sink that compares what `infer` says with what the file says, and looks at the result's place.
struct Results {
  OpContext ctx;
  CallPlaces call;
  bool decides_sizes;  // places are known only when all results have their sizes
  uint64_t sound = 0;  // bit r: result r was given, and is where it may be

  static Error compare(void* state, uint32_t result, DType dtype, uint32_t rank, const int64_t* sizes) {
    auto* self = static_cast<Results*>(state);
    if (result >= self->call.results) return Error::BadProgram;
    const Tensor t = self->ctx.tensor(self->call.arguments + result);
    if (dtype != t.dtype || rank != t.rank) return Error::BadProgram;
    for (uint32_t d = 0; sizes != t.sizes && d < rank; ++d)
      if (sizes[d] != t.sizes[d]) return Error::BadProgram;
    self->sound |= uint64_t{self->decides_sizes || result_is_sound(self->ctx, self->call, result, t)} << result;
    return Error::Ok;
  }

  // For an op that decides the sizes of its results: they are upper bounds now. What the file fixes is no less than them.
  static Error assign(void* state, uint32_t result, DType dtype, uint32_t rank, const int64_t* sizes) {
    auto* self = static_cast<Results*>(state);
    if (result >= self->call.results) return Error::BadProgram;
    const uint32_t position = self->call.arguments + result;
    const Tensor t = self->ctx.tensor(position);
    if (!is_dynamic(t)) return compare(state, result, dtype, rank, sizes);
    if (rank != t.rank) return Error::BadProgram;
    for (uint32_t d = 0; d < rank; ++d) self->ctx.set_size(position, d, sizes[d]);
    if (t.rank != 0 && !set_contiguous(t)) return Error::BadProgram;
    ETC_TRY(check_extent(t, self->ctx.frame->slots));
    return compare(state, result, dtype, rank, sizes);
  }
};

// What check_sizes does, for so many results.
inline Error check_results(OpContext ctx, const Op& op, uint32_t results, uint32_t* operand) {
  const uint32_t arguments = op.signature.arguments;
  Results sink{ctx, {arguments, results, op.in_place, 0, op.signature.written}, kHasDynamic && op.sizes_from_data};
  InferContext infer{ctx, &sink, sink.decides_sizes ? &Results::assign : &Results::compare};
  if (op.infer(infer) != Error::Ok) return Error::BadProgram;
  for (uint32_t r = 0; r < results; ++r)
    if (!(sink.sound >> r & 1)) return *operand = arguments + r, Error::BadProgram;
  if (op.scratch_bytes) sink.call.scratch_bytes = op.scratch_bytes(ctx);
  return sink.decides_sizes ? check_places(ctx, sink.call, operand) : check_others(ctx, sink.call, operand);
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
  ETC_TRY(check_others(ctx, call, operand));
  for (uint32_t r = 0; r < call.results; ++r)
    if (!result_is_sound(ctx, call, r, ctx.tensor(call.arguments + r))) return *operand = call.arguments + r, Error::BadProgram;
  return Error::Ok;
}

}  // namespace etc
