// Verification of a program file, from pointers to the meaning of numbers; see verify.h.
#include "verify.h"

#include "eval.h"
#include "extent.h"
#include "parts.h"

namespace etc {
namespace {

using namespace format;

// Of entries: a list of a segment has no more than an address can count.
bool is_range(size_t first, size_t count, size_t size) { return first <= size && count <= size - first; }
// Of bytes, which the file counts in 64 bits.
bool is_bytes(uint64_t first, uint64_t count, uint64_t size) { return first <= size && count <= size - first; }
// The width of an element is a power of two.
bool is_aligned(uint64_t offset, DType dtype) { return (offset & (size_in_bytes(dtype) - 1)) == 0; }

// The lists that all methods refer to. A file's tensor lists may share ids, so their total length is no part of the segment's
// length; a budget in proportion to it keeps the time linear.
struct Verifier {
  const format::Program& program;
  Span<const int64_t> ints;
  Span<const uint32_t> indices;
  Span<const Pool> pools;
  size_t reals, strings;
  size_t list_entries_left;  // also for codes of evals and values that swaps are compared with: instructions may share them

  bool name(const Name& n) const { return is_range(n.offset, n.size, strings); }
  bool op_names() const;
  bool pool_names() const;
  bool states() const;
  bool delegates() const;
  bool method(const Method& m);

  bool type(const Value& v, uint64_t* bytes) const;
  bool values(Span<const Value> values, Span<const uint64_t> pool_bytes) const;
  bool window(const Value& v, const Value& root) const;
  bool roots(Span<const uint32_t> roots, Span<const Value> values) const;
  bool updates(const Method& m, Span<const Value> values) const;
  bool ios(Span<const Io> list, Span<const Value> values) const;
  bool dynamics(const Method& m, Span<const Value> values) const;
  bool operand(const Operand& o, const Method& m, size_t values);
  bool swap(const Instruction& i, const Method& m);
  bool instructions(const Method& m);
  bool blocks(const Method& m, Span<const Value> values) const;

  uint64_t extent(const Value& v) const {  // of a verified value
    return extent_of({nullptr, ints.data + v.sizes, ints.data + v.strides, v.dtype, v.rank, 0, 0});
  }
};

// The pointers of a Program and of a Method, in their order.
constexpr wire::Kind kProgramLists[] = {wire::kListOf<int64_t>, wire::kListOf<double>, wire::kListOf<uint32_t>, wire::kListOf<char>,
                                        wire::kListOf<OpName>,  wire::kListOf<Pool>,   wire::kListOf<State>,    wire::kListOf<Method>,
                                        wire::kUnread,          wire::kUnread,         wire::kListOf<Delegate>};
constexpr wire::Kind kMethodLists[] = {
    wire::kListOf<Io>,          wire::kListOf<Io>,      wire::kListOf<Value>,    wire::kListOf<OperandRecord>,
    wire::kListOf<Instruction>, wire::kListOf<Block>,   wire::kListOf<uint64_t>, wire::kListOf<uint32_t>,
    wire::kListOf<Update>,      wire::kListOf<Dynamic>, wire::kListOf<uint32_t>};
static_assert(sizeof kProgramLists / sizeof *kProgramLists == format::Program::kPointerWords &&
              sizeof kMethodLists / sizeof *kMethodLists == Method::kPointerWords);

bool accept_lists(wire::Reader& reader, const format::Program& p) {
  if (!reader.accept_lists(&p.int_list, kProgramLists)) return false;
  for (const Method& m : p.methods())
    if (!reader.accept_lists(&m.input_list, kMethodLists)) return false;
  return true;
}

bool Verifier::op_names() const {
  for (const OpName& op : program.ops())
    if (!name(op.name)) return false;
  return true;
}

bool Verifier::pool_names() const {
  if (pools.size > 0xffffu - kFirstPool) return false;
  for (const Pool& pool : pools)
    if (!name(pool.name)) return false;
  return true;
}

bool Verifier::states() const {
  for (const State& s : program.states()) {
    if (!name(s.name) || !is_valid(s.dtype) || s.rank > kMaxRank || !is_range(s.sizes, s.rank, ints.size)) return false;
    int64_t bytes = size_in_bytes(s.dtype);
    for (uint32_t d = 0; d < s.rank; ++d)
      if (!checked_multiply(bytes, ints[s.sizes + d], &bytes)) return false;
    if (static_cast<uint64_t>(bytes) > s.bytes || s.offset % kAlignment != 0 || !is_bytes(s.offset, s.bytes, program.state_bytes) ||
        !is_bytes(s.initial, s.bytes, program.constant_bytes))
      return false;
  }
  return true;
}

bool Verifier::delegates() const {
  for (const Delegate& d : program.delegates())
    if (!name(d.name) || d.blob % kAlignment != 0 || !is_bytes(d.blob, d.blob_bytes, program.constant_bytes) ||
        d.instance_bytes % kAlignment != 0)
      return false;
  return true;
}

bool Verifier::type(const Value& v, uint64_t* bytes) const {
  return is_valid(v.dtype) && v.rank <= kMaxRank && is_range(v.sizes, v.rank, ints.size) && is_range(v.strides, v.rank, ints.size) &&
         extent_of(v.dtype, v.rank, ints.data + v.sizes, ints.data + v.strides, bytes);
}

bool Verifier::values(Span<const Value> values, Span<const uint64_t> pool_bytes) const {
  const Value* last = nullptr;
  uint64_t bytes = 0;
  for (const Value& v : values) {
    if (!(last && are_of_one_type(v, *last)) && !type(v, &bytes)) return false;
    last = &v;
    // Packed layouts have extents of their own; the compiler writes none yet, so this is where their sizes will be checked.
    if (v.layout != 0 || v.flags != 0 || v.storage >= kFirstPool + pool_bytes.size) return false;
    const uint64_t capacity = v.storage == kConstants ? program.constant_bytes
                              : v.storage == kState   ? program.state_bytes
                                                      : pool_bytes[v.storage - kFirstPool];
    if (!is_aligned(v.offset, v.dtype) || !is_bytes(v.offset, bytes, capacity)) return false;
  }
  return true;
}

// A window lies inside its root, and stays aligned wherever the root goes. An empty one has no bytes that could be outside.
bool Verifier::window(const Value& v, const Value& root) const {
  if (v.storage != root.storage || !is_aligned(v.offset - root.offset, v.dtype)) return false;
  const uint64_t bytes = extent(v);
  return bytes == 0 || (v.offset >= root.offset && is_bytes(v.offset - root.offset, bytes, extent(root)));
}

bool Verifier::roots(Span<const uint32_t> roots, Span<const Value> values) const {
  if (roots.size != values.size) return false;
  for (size_t v = 0; v < values.size; ++v) {
    const uint32_t root = roots[v];
    if (root == v) continue;
    if (root >= values.size || roots[root] != root || !window(values[v], values[root])) return false;
  }
  return true;
}

// What a method leaves in a state or an input has the very bytes of it, so that both can be moved as one.
bool Verifier::updates(const Method& m, Span<const Value> values) const {
  for (const Update& u : m.updates()) {
    if (u.target >= values.size || u.value >= values.size || m.roots()[u.target] != u.target) return false;
    const Value &target = values[u.target], &root = values[m.roots()[u.value]];
    if (target.storage == kConstants || !window(values[u.value], target) || !window(root, target)) return false;
  }
  return true;
}

bool Verifier::ios(Span<const Io> list, Span<const Value> values) const {
  for (const Io& io : list)
    if (!name(io.name) || io.value >= values.size || values[io.value].storage == kConstants) return false;
  return true;
}

// With the sizes that slots have at first a dynamic value fits. Those of inputs are for the caller to set, one input at a time.
bool Verifier::dynamics(const Method& m, Span<const Value> values) const {
  if (!is_range(m.slot_ints, m.slots, ints.size)) return false;
  if (!kHasDynamic) return true;  // load refuses what has any
  const int64_t* slots = ints.data + m.slot_ints;
  const Span<const Dynamic> dynamics = m.dynamics();
  for (size_t i = 0; i < dynamics.size; ++i) {
    const Dynamic& dynamic = dynamics[i];
    if (dynamic.value >= values.size || (i != 0 && dynamic.value <= dynamics[i - 1].value)) return false;
    const Value& v = values[dynamic.value];
    uint64_t bytes;
    if (!is_range(dynamic.sizes, v.rank, m.slots) || !is_range(dynamic.strides, v.rank, m.slots) ||
        !extent_of(v.dtype, v.rank, slots + dynamic.sizes, slots + dynamic.strides, &bytes) || bytes > extent(v))
      return false;
  }
  uint64_t free_slot = 0;  // inputs take theirs in order
  for (const Io& io : m.inputs()) {
    const Dynamic* dynamic = m.dynamic(io.value);
    if (!dynamic) continue;
    const uint32_t rank = values[io.value].rank;
    if (dynamic->sizes < free_slot || dynamic->strides < uint64_t{dynamic->sizes} + rank) return false;
    free_slot = uint64_t{dynamic->strides} + rank;
  }
  return true;
}

bool Verifier::operand(const Operand& o, const Method& m, size_t values) {
  switch (o.kind) {
    case OperandKind::None: return true;
    case OperandKind::Tensor: return o.index < values;
    case OperandKind::Int: return o.index < ints.size;
    case OperandKind::Real: return o.index < reals;
    case OperandKind::Bool: return o.index <= 1;
    case OperandKind::String: return is_range(o.index, o.count, strings);
    case OperandKind::Ints:
    case OperandKind::Bools: return is_range(o.index, o.count, ints.size);
    case OperandKind::Reals: return is_range(o.index, o.count, reals);
    case OperandKind::IntSlot:
    case OperandKind::RealSlot: return o.index < m.slots;
    case OperandKind::IntSlots: return is_range(o.index, o.count, m.slots);
    case OperandKind::Tensors:
      if (!is_range(o.index, o.count, indices.size) || o.count > list_entries_left) return false;
      list_entries_left -= o.count;
      for (uint32_t i = 0; i < o.count; ++i)
        if (const uint32_t id = indices[o.index + i]; id != kNoValue && id >= values) return false;
      return true;
    case OperandKind::Code: return true;  // verify_eval looks at it; no schema takes one
  }
  return false;
}

// Two places of a pool that no other value shares a byte with, of one type and extent, and all windows on either, in order of their ids.
bool Verifier::swap(const Instruction& instruction, const Method& m) {
  const Span<const Value> values = m.values();
  const OperandRecord* operands = m.operands().data + instruction.first_operand;
  if (instruction.operand_count < 2 || values.size > list_entries_left) return false;
  list_entries_left -= values.size;
  for (uint32_t n = 0; n < instruction.operand_count; ++n)
    if (operands[n].kind != OperandKind::Tensor) return false;
  const uint32_t ids[2] = {operands[0].index, operands[1].index};
  const Value &a = values[ids[0]], &b = values[ids[1]];
  const uint64_t bytes = extent(a);
  if (ids[0] == ids[1] || a.storage < kFirstPool || b.storage < kFirstPool || a.dtype != b.dtype || bytes == 0 || extent(b) != bytes)
    return false;
  uint32_t window = 2;
  for (uint32_t v = 0; v < values.size; ++v) {
    const uint32_t root = m.roots()[v];
    if (root == ids[0] || root == ids[1]) {
      if (v == ids[0] || v == ids[1]) continue;
      if (window == instruction.operand_count || operands[window++].index != v) return false;
    }
    for (uint32_t k = 0; k < 2; ++k) {
      const Value &place = values[ids[k]], &other = values[v];
      if (root != ids[k] && other.storage == place.storage && other.offset < place.offset + bytes &&
          place.offset < other.offset + extent(other))
        return false;
    }
  }
  const auto is_moved = [&](uint32_t v) { return m.roots()[v] == ids[0] || m.roots()[v] == ids[1]; };
  for (size_t n = 0; n < m.inputs().size + m.outputs().size; ++n)
    if (is_moved(m.io(n).value)) return false;
  for (const Update& u : m.updates())
    if (is_moved(u.target) || is_moved(u.value)) return false;
  return window == instruction.operand_count && m.roots()[ids[0]] == ids[0] && m.roots()[ids[1]] == ids[1];
}

bool Verifier::instructions(const Method& m) {
  const size_t operands = m.operands().size, ops = program.ops().size;
  for (const Instruction& i : m.instructions()) {
    if (static_cast<uint32_t>(i.kind) >= kInstructionKindCount) return false;
    // The operand before the first is the scratch.
    if (i.first_operand == 0 || !is_range(i.first_operand, i.operand_count, operands)) return false;
    switch (i.kind) {
      case InstructionKind::Kernel:
        if (i.op >= ops) return false;
        break;
      case InstructionKind::Delegate:
        if (i.op >= program.delegates().size || program.delegates()[i.op].arguments > i.operand_count) return false;
        break;
      case InstructionKind::Eval:
        if (!kHasDynamic) break;
        if (i.operand_count > list_entries_left) return false;
        list_entries_left -= i.operand_count;
        if (!verify_eval({m.operands().data + i.first_operand, i.operand_count}, m.values(), m.slots)) return false;
        break;
      case InstructionKind::Swap:
        if (kHasDynamic && !swap(i, m)) return false;
        break;
    }
  }
  return true;
}

bool Verifier::blocks(const Method& m, Span<const Value> values) const {
  const Span<const Block> blocks = m.blocks();
  uint64_t covered = 0;
  for (const Block& b : blocks) {
    if (b.first != covered) return false;
    covered += b.count;
    if (static_cast<uint32_t>(b.end) >= kBlockEndCount) return false;
    if (b.end != BlockEnd::Return && b.target >= blocks.size) return false;
    if (b.end == BlockEnd::JumpIfFalse && (b.value >= values.size || values[b.value].dtype != DType::Bool || values[b.value].rank != 0))
      return false;
  }
  // Control never runs off the end: the last block does not fall through.
  return !blocks.empty() && blocks[blocks.size - 1].end != BlockEnd::JumpIfFalse && covered == m.instructions().size;
}

bool Verifier::method(const Method& m) {
  const Span<const Value> values = m.values();
  const Span<const uint64_t> pool_bytes = m.pool_bytes();
  if (!name(m.name) || pool_bytes.size != pools.size) return false;
  for (size_t i = 0; i < pools.size; ++i)
    if (pool_bytes[i] > pools[i].bytes) return false;
  if (!this->values(values, pool_bytes)) return false;
  if (!ios(m.inputs(), values) || !ios(m.outputs(), values)) return false;
  if (!roots(m.roots(), values) || !updates(m, values) || !dynamics(m, values)) return false;
  for (const Operand& o : m.operands())  // most are tensors
    if (o.kind == OperandKind::Tensor ? o.index >= values.size : !operand(o, m, values.size)) return false;
  return instructions(m) && blocks(m, values);
}

}  // namespace

bool verify_program(Span<const wire::Word> segment, uint64_t constant_capacity) noexcept {
  wire::Reader reader(segment);
  if (!reader.accept_root<format::Program>()) return false;
  const format::Program& p = wire::root_of<format::Program>(segment.data);
  if (!accept_lists(reader, p) || p.constant_bytes > constant_capacity) return false;
  constexpr size_t kListEntriesPerWord = 16;
  const size_t entries = segment.size < SIZE_MAX / kListEntriesPerWord ? kListEntriesPerWord * segment.size : SIZE_MAX;
  Verifier verifier{p, p.ints(), p.indices(), p.pools(), p.reals().size, p.strings().size, entries};
  if (!verifier.op_names() || !verifier.pool_names() || !verifier.states() || !verifier.delegates()) return false;
  for (const Method& m : p.methods())
    if (!verifier.method(m)) return false;
  return true;
}

}  // namespace etc
