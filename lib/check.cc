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
[[gnu::noinline]] uint32_t first_that_meets(OpContext ctx, uint32_t from, uint32_t to, Place place) {
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

// Whether a result may share bytes with argument `a`, as it does.
[[gnu::noinline]] bool may_share(OpContext ctx, const CallPlaces& call, uint32_t result, uint32_t a) {
  const uint32_t allowed = call.written | (result == call.arguments ? call.in_place : 0);
  return a < 32 && (allowed >> a & 1) && ctx.operand(a).kind == OperandKind::Tensor && are_identical(ctx.tensor(result), ctx.tensor(a));
}

// The tensor at `own`, a result or an argument that the call writes, may be written, and shares no byte with another operand before `end`
// that it may not.
[[gnu::noinline]] bool is_separate(OpContext ctx, const CallPlaces& call, uint32_t own, uint32_t end) {
  Place place;
  if (!is_writable(ctx.tensor(own), &place)) return false;
  for (uint32_t i = 0; (i = first_that_meets(ctx, i, end, place)) != end; ++i)
    if (i != own && (own < call.arguments || !may_share(ctx, call, own, i))) return false;
  return true;
}

[[gnu::noinline]] void measure(const Frame& frame, const Placement& v, Reach* reach) {
  const Place place({nullptr, frame.ints + v.sizes, frame.ints + v.strides, v.dtype, v.rank, 0, 0}, &reach->in_order);
  reach->bytes = place.end - place.begin;
  reach->lists = lists_of(v);
  reach->type = type_of(v);
}

inline bool has_type(const Placement& v, const Reach& reach) { return lists_of(v) == reach.lists && type_of(v) == reach.type; }

// What load sees of a result without its tensor and others, which all lie where the file says: enough for most calls.
struct Glance {
  const Frame& frame;
  Reach* reach;
  const Placement& result;
  size_t begin = 0, end = 0;
  bool is_sound = false;  // else: look closer

  Glance(const Frame& f, uint32_t id, Reach* r) : frame(f), reach(r), result(f.placements[id]) {
    if (!reach || result.storage == Placement::kConstants || id < frame.tensor_count) return;  // tensors in memory may be read-only
    if (!has_type(result, *reach)) measure(frame, result, reach);
    is_sound = reach->in_order;
    begin = static_cast<size_t>(result.offset);
    end = begin + reach->bytes;
  }
  void look_at(const Operand& o, bool may_be_result) {
    if (o.kind == OperandKind::Tensors) is_sound = false;
    if (o.kind != OperandKind::Tensor || !is_sound) return;
    const Placement& v = frame.placements[o.index];
    if (v.storage != result.storage || v.offset >= end) return;
    size_t bytes = end - begin;
    if (!are_of_one_type(v, result)) {
      if (!has_type(v, *reach)) measure(frame, v, reach);
      bytes = reach->bytes;
    } else if (v.offset == result.offset && may_be_result) {
      return;
    }
    is_sound = static_cast<size_t>(v.offset) + bytes <= begin;
  }
};

// The scratch is large enough, and shares no byte with an operand.
[[gnu::noinline]] Error check_scratch(OpContext ctx, const CallPlaces& call, uint32_t* operand) {
  const Operand& o = ctx.operand(UINT32_MAX);  // the one before the first
  if (o.kind != OperandKind::Tensor) return Error::BadProgram;
  const Tensor t = ctx.frame->value(o.index);
  const Place place(t);
  if (t.dtype != DType::U8 || is_dynamic(t) || (t.flags & Tensor::kReadOnly) || !is_contiguous(t) ||
      place.end - place.begin < call.scratch_bytes || place.begin % kAlignment != 0)
    return Error::BadProgram;
  const uint32_t end = call.arguments + call.results, met = first_that_meets(ctx, 0, end, place);
  return met == end ? Error::Ok : (*operand = met, Error::BadProgram);
}

// What a call names as its scratch is looked at even if it asks for none: the kernel may ask where that lies.
inline bool has_scratch(OpContext ctx, const CallPlaces& call) {
  return call.scratch_bytes != 0 || ctx.operand(UINT32_MAX).kind != OperandKind::None;
}

// What check_places says of all but results.
[[gnu::noinline]] Error check_others(OpContext ctx, const CallPlaces& call, uint32_t* operand) {
  if (has_scratch(ctx, call)) ETC_TRY(check_scratch(ctx, call, operand));
  for (uint32_t a = 0; call.written != 0 && a < call.arguments && a < 32; ++a)
    if ((call.written >> a & 1) && ctx.has(a) &&
        (ctx.operand(a).kind != OperandKind::Tensor || !is_separate(ctx, call, a, call.arguments)))  // lists cannot be written
      return *operand = a, Error::BadProgram;
  return Error::Ok;
}

// The sink that compares what `infer` says with what the file says.
struct Results {
  OpContext ctx;
  uint32_t arguments, results;
  uint64_t given = 0;  // bit r: result r was

  static Error compare(void* state, uint32_t result, DType dtype, uint32_t rank, const int64_t* sizes) {
    auto* self = static_cast<Results*>(state);
    if (result >= self->results) return Error::BadProgram;
    const Tensor t = self->ctx.tensor(self->arguments + result);
    if (dtype != t.dtype || rank != t.rank) return Error::BadProgram;
    for (uint32_t d = 0; sizes != t.sizes && d < rank; ++d)
      if (sizes[d] != t.sizes[d]) return Error::BadProgram;
    self->given |= uint64_t{1} << result;
    return Error::Ok;
  }

  // For an op that decides the sizes of its results: they are upper bounds now. What the file fixes is no less than them.
  static Error assign(void* state, uint32_t result, DType dtype, uint32_t rank, const int64_t* sizes) {
    auto* self = static_cast<Results*>(state);
    if (result >= self->results) return Error::BadProgram;
    const uint32_t position = self->arguments + result;
    const Tensor t = self->ctx.tensor(position);
    if (!is_dynamic(t)) return compare(state, result, dtype, rank, sizes);
    if (rank != t.rank) return Error::BadProgram;
    for (uint32_t d = 0; d < rank; ++d) self->ctx.set_size(position, d, sizes[d]);
    if (t.rank != 0 && !set_contiguous(t)) return Error::BadProgram;
    ETC_TRY(check_extent(t, self->ctx.frame->slots));
    return compare(state, result, dtype, rank, sizes);
  }
};

// What check_sizes does, for so many results; with `are_apart` the places of results need no closer look.
inline Error check_results(OpContext ctx, const Op& op, uint32_t results, bool are_apart, uint32_t* operand) {
  const uint32_t arguments = op.signature.arguments;
  const bool decides_sizes = kHasDynamic && op.sizes_from_data;
  Results sink{ctx, arguments, results};
  InferContext infer{ctx, &sink, decides_sizes ? &Results::assign : &Results::compare};
  if (op.infer(infer) != Error::Ok) return Error::BadProgram;
  for (uint32_t r = 0; r < results; ++r)
    if (!(sink.given >> r & 1)) return *operand = arguments + r, Error::BadProgram;
  const CallPlaces call{arguments, results, op.in_place, op.scratch_bytes ? op.scratch_bytes(ctx) : 0, op.signature.written};
  if (!are_apart || decides_sizes) return check_places(ctx, call, operand);
  return has_scratch(ctx, call) || call.written != 0 ? check_others(ctx, call, operand) : Error::Ok;
}

}  // namespace

Error check_call(OpContext ctx, const Op& op, uint32_t operand_count, Reach* reach, uint32_t* operand) noexcept {
  constexpr uint32_t kMostResults = 64;  // bits of Results::given
  const uint32_t arguments = op.signature.arguments;
  *operand = Fault::kNowhere;
  if (operand_count < arguments) return Error::BadProgram;
  const uint32_t results = result_count(op, operand_count);
  if (operand_count != arguments + results || results > kMostResults) return Error::BadProgram;
  const Operand* given = &ctx.operand(0);
  for (uint32_t i = arguments; i < operand_count; ++i)
    if (given[i].kind != OperandKind::Tensor) return *operand = i, Error::BadProgram;
  Glance glance(*ctx.frame, results == 1 ? given[arguments].index : 0, results == 1 ? reach : nullptr);
  for (uint32_t a = 0; a < arguments; ++a) {
    if (!takes(op.signature.kinds[a], given[a], *ctx.frame)) return *operand = a, Error::BadProgram;
    glance.look_at(given[a], op.in_place >> a & 1);
  }
  return reach ? check_results(ctx, op, results, glance.is_sound, operand) : Error::Ok;
}

Error check_sizes(OpContext ctx, const Op& op, uint32_t operand_count, uint32_t* operand) noexcept {
  *operand = Fault::kNowhere;
  return check_results(ctx, op, result_count(op, operand_count), false, operand);
}

Error check_places(OpContext ctx, const CallPlaces& call, uint32_t* operand) noexcept {
  ETC_TRY(check_others(ctx, call, operand));
  const uint32_t end = call.arguments + call.results;
  for (uint32_t result = call.arguments; result != end; ++result)
    if (!is_separate(ctx, call, result, end)) return *operand = result, Error::BadProgram;
  return Error::Ok;
}

}  // namespace etc
