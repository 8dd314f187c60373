// What an op is: the table entry that the compiler and the runtime share, and the context that a kernel gets.
// A kernel file includes this and defines its ops with ETC_OP. Everything here is constexpr data or inline; C layout.
#pragma once

#include "etc/base.h"
#include "etc/tensor.h"

namespace etc {

// One argument or result of an instruction, 8 bytes, used where it lies in the file.
//   Tensor: index = value.            Tensors: `count` value ids at indices[index]; kNoValue stands for None.
//   Int / Real: ints[index], reals[index].   Bool: index is 0 or 1.   String: `count` bytes at strings[index].
//   Ints / Reals / Bools: `count` numbers at ints[index] / reals[index] / ints[index].
//   IntSlot / RealSlot: slots[index].  IntSlots: `count` consecutive slots.
//   Code: only in an eval instruction; `count` is the operation, index what it works on.
enum class OperandKind : uint8_t { None, Tensor, Int, Real, Bool, String, Tensors, Ints, Reals, Bools, IntSlot, RealSlot, IntSlots, Code };
constexpr uint32_t kOperandKindCount = 14;
constexpr uint32_t kNoValue = 0xffffffffu;

struct Operand {
  OperandKind kind;
  uint8_t reserved;
  uint16_t count;
  uint32_t index;
};
static_assert(sizeof(Operand) == 8, "an operand is one word of the file");

// Where a value lies and what type it has, three words, used where they lie in the file: `offset` bytes into `storage`, sizes and strides
// in the file's integers.
struct Placement {
  static constexpr uint16_t kConstants = 0, kState = 1, kFirstPool = 2;  // storages
  uint64_t offset;
  uint16_t storage;
  DType dtype;
  uint8_t rank;
  uint16_t layout;
  uint16_t flags;
  uint32_t sizes, strides;
};
static_assert(sizeof(Placement) == 24, "three words of the file");

union Slot {
  int64_t integer;
  double real;
};

// What the caller lends to kernels. parallel_for runs task(argument, index, worker) for every index in [0, count), on any
// threads, and returns when all are done; worker < workers, never two tasks at once with the same: kernels keep scratch memory by it. A
// null parallel_for means: run them here, in order.
struct Hooks {
  uint32_t abi = 1;
  uint32_t workers = 1;
  void* user = nullptr;
  void (*parallel_for)(void* user, size_t count, void (*task)(void* argument, size_t index, size_t worker), void* argument) = nullptr;
};

struct OpContext;
using Kernel = Error (*)(OpContext) noexcept;

struct Instr {
  Kernel run;
  uint32_t first_operand;
  uint32_t prepared;  // words from Frame::arena; what else it means is between load and `run`
};

// What one executing thread sees. The literal pools lie in the file.
//
// Values that may move or change their sizes have a Tensor in memory: those whose ids are below `tensor_count`. The others stay where the
// file places them, and take no memory: their Tensors are made when they are asked for.
struct Frame {
  Tensor* tensors;
  const Placement* placements;
  const Span<std::byte>* storages;
  Slot* slots;
  const Operand* operands;
  const int64_t* ints;
  const double* reals;
  const uint32_t* indices;
  const char* strings;
  std::byte* arena;
  std::byte* worker_scratch;
  const Hooks* hooks;
  uint32_t next;
  uint32_t budget;
  uint32_t tensor_count;
  bool wrong_size;  // a kernel has set another size than the one that the file fixes

  Tensor value(uint32_t id) const {
    if (id < tensor_count) {
      const Tensor& t = tensors[id];
      return {t.data, t.sizes, t.strides, t.dtype, t.rank, t.layout, t.flags};  // member by member: what is not used is not copied
    }
    const Placement& p = placements[id];
    const uint32_t flags = p.storage == Placement::kConstants ? Tensor::kReadOnly : 0;
    return {storages[p.storage].data + static_cast<size_t>(p.offset), ints + p.sizes, ints + p.strides, p.dtype, p.rank, 0, flags};
  }
};

struct Ints {
  const int64_t* data;
  uint32_t size;
  int64_t operator[](uint32_t i) const { return data[i]; }
};

struct Reals {
  const double* data;
  uint32_t size;
  double operator[](uint32_t i) const { return data[i]; }
};

struct Tensors {
  const Frame* frame;
  const uint32_t* ids;
  uint32_t size;
  bool has(uint32_t i) const { return ids[i] != kNoValue; }
  Tensor operator[](uint32_t i) const { return frame->value(ids[i]); }
};

// Two pointers, passed by value. Positions are those of the schema: arguments first, then results. The scratch tensor, when the
// op asks for scratch, is the operand before the first (a None operand otherwise). The loader has checked every operand's kind
// against the schema, so the accessors do not.
struct OpContext {
  Frame* frame;
  const Instr* instr;

  const Operand& operand(uint32_t i) const { return frame->operands[instr->first_operand + i]; }
  bool has(uint32_t i) const { return operand(i).kind != OperandKind::None; }
  Tensor tensor(uint32_t i) const { return frame->value(operand(i).index); }
  int64_t integer(uint32_t i) const {
    const Operand& o = operand(i);
    switch (o.kind) {
      case OperandKind::Bool: return o.index;
      case OperandKind::Real: return static_cast<int64_t>(frame->reals[o.index]);
      case OperandKind::IntSlot: return frame->slots[o.index].integer;
      case OperandKind::RealSlot: return static_cast<int64_t>(frame->slots[o.index].real);
      default: return frame->ints[o.index];
    }
  }
  // The value if the argument is given, else `otherwise`.
  int64_t integer_or(uint32_t i, int64_t otherwise) const { return has(i) ? integer(i) : otherwise; }
  double real(uint32_t i) const {
    const Operand& o = operand(i);
    switch (o.kind) {
      case OperandKind::Real: return frame->reals[o.index];
      case OperandKind::RealSlot: return frame->slots[o.index].real;
      case OperandKind::IntSlot: return static_cast<double>(frame->slots[o.index].integer);
      case OperandKind::Bool: return o.index;
      default: return static_cast<double>(frame->ints[o.index]);
    }
  }
  bool boolean(uint32_t i) const { return integer(i) != 0; }
  Ints ints(uint32_t i) const {
    const Operand& o = operand(i);
    if (o.kind == OperandKind::IntSlots) return {&frame->slots[o.index].integer, o.count};
    return {frame->ints + o.index, o.kind == OperandKind::None ? 0u : o.count};
  }
  Reals reals(uint32_t i) const { return {frame->reals + operand(i).index, has(i) ? operand(i).count : 0u}; }
  Span<const char> string(uint32_t i) const { return {frame->strings + operand(i).index, has(i) ? operand(i).count : 0u}; }
  Tensors tensors(uint32_t i) const { return {frame, frame->indices + operand(i).index, has(i) ? operand(i).count : 0u}; }
  void* prepared_data() const { return frame->arena + size_t{instr->prepared} * sizeof(uint64_t); }
  template <class T>
  const T& prepared() const {
    return *static_cast<const T*>(prepared_data());
  }
  // For kernels of ops with `sizes_from_data`: result i (a position of the schema) has this size, at most what `infer` said.
  // Strides follow: the result is contiguous in its final sizes, and must be written so. Where the program fixes the size, the run fails
  // when it is another.
  void set_size(uint32_t i, uint32_t dim, int64_t size) const {
    const Tensor t = tensor(i);
    if (t.sizes[dim] == size) return;
    if (t.flags >> Tensor::kDynamicShift)
      const_cast<int64_t*>(t.sizes)[dim] = size;
    else
      frame->wrong_size = true;
  }
  // The bytes that are planned for result i, whatever its sizes are: what such a kernel may write at most.
  uint64_t planned_bytes(uint32_t i) const {
    const Tensor t = tensor(i);
    const uint32_t dynamic = t.flags >> Tensor::kDynamicShift;
    return static_cast<uint64_t>(dynamic ? frame->slots[-static_cast<ptrdiff_t>(dynamic)].integer
                                         : t.numel() * int64_t{size_in_bytes(t.dtype)});
  }
  // Null when this call needs none.
  std::byte* scratch() const {
    const Operand& o = frame->operands[instr->first_operand - 1];
    return o.kind == OperandKind::None ? nullptr : frame->value(o.index).as<std::byte>();
  }
};

// dtype and sizes, without memory.
struct Meta {
  DType dtype = DType::F32;
  uint8_t rank = 0;
  int64_t sizes[kMaxRank] = {};
};

// What `infer` sees: the arguments, and where to put the results' dtypes and sizes. The loader's sink compares them with the file,
// the compiler's records them. Tensor data must not be read, and may be null; strides are not to be relied on.
struct InferContext : OpContext {
  void* sink_state;
  Error (*sink)(void* sink_state, uint32_t result, DType dtype, uint32_t rank, const int64_t* sizes);

  Meta meta(uint32_t i) const { return meta(tensor(i)); }
  static Meta meta(const Tensor& t) {
    Meta m;
    m.dtype = t.dtype;
    m.rank = t.rank;
    for (uint32_t d = 0; d < t.rank; ++d) m.sizes[d] = t.sizes[d];
    return m;
  }
  Error set_result(uint32_t result, const Meta& m) const { return sink(sink_state, result, m.dtype, m.rank, m.sizes); }
  // With the sizes of another tensor.
  Error set_result(uint32_t result, DType dtype, const Tensor& like) const {
    return sink(sink_state, result, dtype, like.rank, like.sizes);
  }
};

// How the compiler makes operands agree before a kernel sees them (PyTorch's type promotion); the kernel itself never promotes.
//   None: the kernel takes what comes.   Same: all tensor arguments get the promoted dtype.
//   Float: as Same, and integers and bool become F32 (sin, true division).
enum class Promotion : uint8_t { None, Same, Float };

// The kinds that a schema position takes, derived from the schema text by signature_of.
namespace kind {
constexpr uint8_t kTensor = 1, kInt = 2, kReal = 3, kBool = 4, kString = 5, kScalar = 6, kTensors = 7, kInts = 8, kReals = 9, kBools = 10,
                  kOptionalTensors = 11, kScalars = 12;
constexpr uint8_t kOptional = 0x80;  // None is allowed
}  // namespace kind

constexpr uint32_t kMaxArguments = 24;
struct Signature {
  uint8_t arguments = 0;
  uint8_t results = 0;
  uint8_t kinds[kMaxArguments] = {};
  bool valid = false;
  bool result_list = false;  // the one result is Tensor[]: a call has as many results as its instruction names, each a tensor
  uint32_t written = 0;      // bit i: the op writes argument i, Tensor(a!)
};

constexpr uint32_t hash_of(const char* text) {  // FNV-1a, 32 bits
  uint32_t h = 2166136261u;
  for (; *text; ++text) h = (h ^ static_cast<uint8_t>(*text)) * 16777619u;
  return h;
}

namespace detail {
constexpr bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
constexpr bool equals(const char* text, uint32_t length, const char* word) {
  uint32_t i = 0;
  for (; i < length && word[i]; ++i)
    if (text[i] != word[i]) return false;
  return i == length && !word[i];
}
constexpr uint8_t base_kind(const char* t, uint32_t n) {
  if (equals(t, n, "Tensor")) return kind::kTensor;
  if (equals(t, n, "int") || equals(t, n, "SymInt") || equals(t, n, "ScalarType") || equals(t, n, "Layout") || equals(t, n, "MemoryFormat"))
    return kind::kInt;
  if (equals(t, n, "float")) return kind::kReal;
  if (equals(t, n, "bool")) return kind::kBool;
  if (equals(t, n, "str") || equals(t, n, "Device") || equals(t, n, "Generator")) return kind::kString;
  if (equals(t, n, "Scalar")) return kind::kScalar;
  return 0;
}
constexpr uint8_t list_kind(uint8_t base, bool optional_elements) {
  switch (base) {
    case kind::kTensor: return optional_elements ? kind::kOptionalTensors : kind::kTensors;
    case kind::kInt: return kind::kInts;
    case kind::kReal: return kind::kReals;
    case kind::kBool: return kind::kBools;
    case kind::kScalar: return kind::kScalars;
    default: return 0;
  }
}
}  // namespace detail

// Reads "ns::name.overload(Type arg=default, *, Type? arg) -> Tensor" or "-> (Tensor a, Tensor b)"; valid is false when it cannot.
constexpr Signature signature_of(const char* schema) {
  Signature s;
  const char* p = schema;
  while (*p && *p != '(') ++p;
  if (!*p) return s;
  ++p;
  while (*p && *p != ')') {
    while (*p == ' ' || *p == ',') ++p;
    if (*p == '*') {
      ++p;
      continue;
    }
    if (*p == ')') break;
    const char* word = p;
    while (detail::is_word(*p)) ++p;
    uint8_t k = detail::base_kind(word, static_cast<uint32_t>(p - word));
    if (*p == '(') {  // alias annotation, as in Tensor(a!)
      for (; *p && *p != ')'; ++p)
        if (*p == '!' && s.arguments < kMaxArguments) s.written |= 1u << s.arguments;
      if (*p) ++p;
    }
    bool optional = false, optional_elements = false;
    if (*p == '?') optional = true, ++p;
    if (*p == '[') {
      optional_elements = optional;
      optional = false;
      while (*p && *p != ']') ++p;
      if (*p) ++p;
      k = detail::list_kind(k, optional_elements);
      if (*p == '(') {
        while (*p && *p != ')') ++p;
        if (*p) ++p;
      }
      if (*p == '?') optional = true, ++p;
    }
    if (k == 0 || s.arguments == kMaxArguments) return s;
    s.kinds[s.arguments++] = static_cast<uint8_t>(k | (optional ? kind::kOptional : 0));
    int depth = 0;
    char quote = 0;
    while (*p && (depth > 0 || quote || (*p != ',' && *p != ')'))) {
      if (quote) {
        if (*p == quote) quote = 0;
      } else if (*p == '"' || *p == '\'') {
        quote = *p;
      } else if (*p == '[' || *p == '(') {
        ++depth;
      } else if (*p == ']' || *p == ')') {
        --depth;
      }
      ++p;
    }
  }
  if (*p != ')') return s;
  ++p;
  while (*p == ' ' || *p == '-' || *p == '>') ++p;
  if (*p == '(') {
    ++p;
    if (*p == ')') {
      s.valid = true;
      return s;
    }
    s.results = 1;
    for (int depth = 0; *p && (*p != ')' || depth); ++p) {
      if (*p == '(') ++depth;
      if (*p == ')') --depth;
      if (*p == ',' && depth == 0) ++s.results;
    }
  } else {
    s.results = 1;
    for (; *p; ++p) s.result_list = s.result_list || *p == '[';
  }
  s.valid = true;
  return s;
}

struct Op {
  const char* schema;
  uint32_t schema_hash;
  uint16_t prepared_bytes;
  uint16_t in_place;  // bit i: result 0 may lie exactly where argument i lies (same dtype, sizes and strides)
  Promotion promotion;
  bool sizes_from_data;  // `infer` gives upper bounds, the kernel says with set_size what the results of each run have
  Signature signature;
  Error (*infer)(InferContext&) noexcept;         // checks every argument, gives dtype and sizes of all results
  Kernel (*select)(OpContext) noexcept;           // the kernel for these dtypes and strides; null: none fits
  Error (*prepare)(OpContext, void*) noexcept;    // optional: fills `prepared_bytes` (fixed-width members, no pointers)
  uint64_t (*scratch_bytes)(OpContext) noexcept;  // optional: bytes of planned scratch this call needs
};

// A plugin exports: extern "C" const etc::OpTable* etc_ops(). Sorted by name hash is not required of plugins.
struct OpTable {
  static constexpr uint32_t kAbi = 6;
  uint32_t abi;
  uint32_t count;
  const Op* const* ops;
  // Optional: asked after `ops` for external ops, whose calls carry only the name ("mylib::myop.overload"). For tables that wrap a library
  // with too many ops to list. Null when it has none; else the same pointer for the same name, valid as long as the table.
  const Op* (*find)(const char* name, uint32_t name_size) noexcept = nullptr;
};

// The kernels that this build contains (ops/meson.build lists them).
const OpTable& builtin_ops() noexcept;

// Options of ETC_OP beside infer and select; start from {} and set what the op has.
struct OpTraits {
  Promotion promotion = Promotion::None;
  uint16_t in_place = 0;
  uint16_t prepared_bytes = 0;
  Error (*prepare)(OpContext, void*) noexcept = nullptr;
  uint64_t (*scratch_bytes)(OpContext) noexcept = nullptr;
  bool sizes_from_data = false;
};

constexpr Op make_op(const char* schema, Error (*infer)(InferContext&) noexcept, Kernel (*select)(OpContext) noexcept, OpTraits t = {}) {
  return Op{schema, hash_of(schema), t.prepared_bytes, t.in_place,     t.promotion, t.sizes_from_data, signature_of(schema),
            infer,  select,          t.prepare,        t.scratch_bytes};
}

// Defines etc::ops::NAME. The name is what the list in ops/meson.build says.
#define ETC_OP(name, ...)                                             \
  namespace ops {                                                     \
  extern const ::etc::Op name;                                        \
  constexpr ::etc::Op etc_made_##name = ::etc::make_op(__VA_ARGS__);  \
  static_assert(etc_made_##name.signature.valid, "schema of " #name); \
  const ::etc::Op name = etc_made_##name;                             \
  }

}  // namespace etc
