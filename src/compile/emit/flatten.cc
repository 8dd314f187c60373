// Records of the file from a plan; see flatten.h.
#include "emit/flatten.h"

#include <algorithm>
#include <map>

#include "ir/one_op.h"

namespace etc::compile {
namespace {

constexpr uint8_t kEval = 2;                                    // kinds of instructions of program.capnp
constexpr uint16_t kConstants = 0, kState = 1, kFirstPool = 2;  // storages of program.capnp

constexpr uint8_t kKernel = 0, kDelegate = 1, kSwap = 3;  // instructions

// `n` as a 16-bit field of the file.
uint16_t narrow(size_t n, const char* what) {
  if (n > UINT16_MAX)
    throw CompileError(std::string("the program has ") + std::to_string(n) + " " + what + "; the file format goes to 65535");
  return static_cast<uint16_t>(n);
}

class Flattener {
 public:
  explicit Flattener(const ProgramPlan& plan) : plan_(plan) {}

  FlatProgram run() {
    add_pools();
    for (const PlannedState& s : plan_.states)
      out_.states.push_back({name(s.name), s.offset, static_cast<uint64_t>(s.type.bytes()), plan_.constants[s.initial].offset,
                             out_.ints.add(s.type.sizes.fixed()), static_cast<uint8_t>(s.type.sizes.size()), s.type.dtype});
    for (const MemoryPlan& m : plan_.methods) out_.methods.push_back(method(m));
    return std::move(out_);
  }

 private:
  FlatName name(const std::string& text) { return {out_.strings.add({text.begin(), text.end()}), static_cast<uint32_t>(text.size())}; }

  // A pool of the program is as large as the method that needs most of it.
  void add_pools() {
    for (const MemoryPlan& m : plan_.methods) {
      for (size_t p = 0; p < m.pools.size(); ++p) {
        if (p == out_.pools.size())
          out_.pools.push_back({name(m.pools[p].name), 0, m.pools[p].capacity == UINT64_MAX ? 0 : m.pools[p].capacity});
        out_.pools[p].bytes = std::max(out_.pools[p].bytes, m.pools[p].bytes);
      }
    }
    narrow(out_.pools.size() + kFirstPool, "pools");
  }

  FlatMethod method(const MemoryPlan& m) {
    FlatMethod flat;
    flat.name = name(m.method);
    for (const PlannedValue& v : m.values) flat.values.push_back(value(m, v));
    for (const PlannedInstruction& i : m.instructions) i.is_eval ? add_eval(flat, i) : add_instruction(flat, m, i);
    for (const PlannedIo& io : m.inputs) flat.inputs.push_back({io.value, name(io.name), io.written});
    for (const PlannedIo& io : m.outputs) flat.outputs.push_back({io.value, name(io.name), false});
    for (const PlannedPool& p : m.pools) flat.pool_bytes.push_back(p.bytes);
    flat.updates = m.updates;
    flat.blocks = m.blocks;
    for (uint32_t v = 0; v < m.values.size(); ++v)
      if (m.values[v].is_dynamic()) flat.dynamics.push_back({v, m.values[v].sizes_slot, m.values[v].strides_slot, m.values[v].fixed_sizes});
    flat.slots = static_cast<uint32_t>(m.slots.size());
    if (!m.slots.empty()) flat.slot_ints = out_.ints.add(m.slots);
    return flat;
  }

  FlatValue value(const MemoryPlan& m, const PlannedValue& v) {
    FlatValue flat;
    flat.offset = v.location.offset_bytes;
    switch (v.location.kind) {
      case Location::Kind::Constant:
        flat.storage = kConstants;
        flat.offset += plan_.constants[v.location.index].offset;
        break;
      case Location::Kind::State:
        flat.storage = kState;
        flat.offset += plan_.states[v.location.index].offset;
        break;
      case Location::Kind::Buffer: {
        const Buffer& b = m.buffers[v.location.index];
        flat.storage = static_cast<uint16_t>(kFirstPool + b.pool);
        flat.offset += b.offset;
      }
    }
    flat.dtype = v.type.dtype;
    flat.rank = static_cast<uint8_t>(v.type.sizes.size());
    flat.sizes = out_.ints.add(v.type.sizes.fixed());
    flat.strides = out_.ints.add(v.type.strides.fixed());
    flat.root = v.root;
    return flat;
  }

  uint16_t op(const std::string& op_name, bool external) {
    auto [it, is_new] = op_ids_.emplace(std::pair(op_name, external), static_cast<uint16_t>(out_.ops.size()));
    if (is_new) {
      narrow(out_.ops.size(), "different ops");
      const Op* kernel = external ? nullptr : find_kernel_op(op_name);
      if (!external && !kernel) throw InternalError("emit: " + op_name + " has no kernel");
      out_.ops.push_back({name(op_name), kernel ? kernel->schema_hash : 0, external});
    }
    return it->second;
  }

  uint16_t delegate(const PlannedInstruction& i) {
    const Delegate& d = *i.delegate;
    const PlannedConstant& blob = plan_.constants[i.blob];
    out_.delegates.push_back({name(d.backend), blob.offset, blob.data.bytes, (d.instance_bytes + 63) / 64 * 64,
                              narrow(i.args.size(), "arguments in one delegate call")});
    return narrow(out_.delegates.size() - 1, "delegate calls");
  }

  void add_eval(FlatMethod& flat, const PlannedInstruction& i) {
    flat.operands.push_back({OperandKind::None, 0, 0, 0});
    FlatInstruction instruction;
    instruction.first_operand = static_cast<uint32_t>(flat.operands.size());
    instruction.kind = kEval;
    for (const EvalStep& s : i.code) flat.operands.push_back(eval_operand(s));
    instruction.operand_count = narrow(i.code.size(), "steps in one computation of sizes");
    flat.instructions.push_back(instruction);
  }

  Operand eval_operand(const EvalStep& s) {
    switch (s.kind) {
      case EvalStep::Kind::Integer: return integer(s.integer);
      case EvalStep::Kind::Real: return real(s.real);
      case EvalStep::Kind::IntSlot: return {OperandKind::IntSlot, 0, 0, s.index};
      case EvalStep::Kind::RealSlot: return {OperandKind::RealSlot, 0, 0, s.index};
      case EvalStep::Kind::Value: return tensor(s.index);
      default: return {OperandKind::Code, 0, static_cast<uint16_t>(s.code), s.index};
    }
  }

  // A slot among the operands, or a value whose sizes are slots.
  static bool is_dynamic(const MemoryPlan& m, const PlannedInstruction& i) {
    auto moves = [&](uint32_t v) { return v != ValueId::kNone && m.values[v].is_dynamic(); };
    for (const PlannedArgument& a : i.args) {
      if (std::holds_alternative<SlotId>(a) || std::holds_alternative<SlotList>(a)) return true;
      if (auto* v = std::get_if<ValueId>(&a); v && moves(v->index)) return true;
      if (auto* list = std::get_if<std::vector<ValueId>>(&a))
        for (ValueId v : *list)
          if (moves(v.index)) return true;
    }
    return std::any_of(i.results.begin(), i.results.end(), moves);
  }

  void add_instruction(FlatMethod& flat, const MemoryPlan& m, const PlannedInstruction& i) {
    flat.operands.push_back(i.scratch == ValueId::kNone ? Operand{OperandKind::None, 0, 0, 0} : tensor(i.scratch));
    FlatInstruction instruction;
    instruction.first_operand = static_cast<uint32_t>(flat.operands.size());
    instruction.kind = i.delegate ? kDelegate : i.is_swap ? kSwap : kKernel;
    if (!i.is_swap) instruction.op = i.delegate ? delegate(i) : op(i.op, i.external);
    const Op* kernel = i.external || i.is_swap ? nullptr : find_kernel_op(i.op);
    instruction.is_dynamic = is_dynamic(m, i);
    for (size_t a = 0; a < i.args.size(); ++a) {
      if (i.external && !i.delegate) flat.operands.push_back(string(a < i.arg_names.size() ? i.arg_names[a] : ""));
      flat.operands.push_back(operand(i.args[a], kernel ? kernel->signature.kinds[a] & ~kind::kOptional : 0));
    }
    for (uint32_t r : i.results) flat.operands.push_back(tensor(r));
    instruction.operand_count = narrow(flat.operands.size() - instruction.first_operand, "operands in one instruction");
    flat.instructions.push_back(instruction);
  }

  Operand tensor(uint32_t value) { return {OperandKind::Tensor, 0, 0, value}; }
  Operand string(const std::string& text) {
    return {OperandKind::String, 0, narrow(text.size(), "characters in one text"), out_.strings.add({text.begin(), text.end()})};
  }
  Operand integer(int64_t n) { return {OperandKind::Int, 0, 0, out_.ints.add({n})}; }
  Operand real(double x) { return {OperandKind::Real, 0, 0, out_.reals.add({x})}; }

  // Numbers take the kind that the schema names: a float argument written as 1 is a Real, an int written as True an Int.
  Operand operand(const PlannedArgument& a, uint8_t wanted) {
    if (std::holds_alternative<None>(a)) return {OperandKind::None, 0, 0, 0};
    if (auto* v = std::get_if<ValueId>(&a)) return tensor(v->index);
    if (auto* b = std::get_if<bool>(&a))
      return wanted == kind::kInt ? integer(*b) : wanted == kind::kReal ? real(*b) : Operand{OperandKind::Bool, 0, 0, *b};
    if (auto* n = std::get_if<int64_t>(&a))
      return wanted == kind::kReal   ? real(static_cast<double>(*n))
             : wanted == kind::kBool ? Operand{OperandKind::Bool, 0, 0, *n != 0}
                                     : integer(*n);
    if (auto* x = std::get_if<double>(&a)) return real(*x);
    if (auto* text = std::get_if<std::string>(&a)) return string(*text);
    if (auto* slot = std::get_if<SlotId>(&a)) return {slot->is_real ? OperandKind::RealSlot : OperandKind::IntSlot, 0, 0, slot->index};
    if (auto* slots = std::get_if<SlotList>(&a))
      return {OperandKind::IntSlots, 0, narrow(slots->count, "elements in one argument"), slots->first};
    return list(a, wanted);
  }

  Operand list(const PlannedArgument& a, uint8_t wanted) {
    auto count = [](const auto& v) { return narrow(v.size(), "elements in one argument"); };
    if (auto* ids = std::get_if<std::vector<ValueId>>(&a)) {
      std::vector<uint32_t> indices;
      for (ValueId id : *ids) indices.push_back(id.index);
      return {OperandKind::Tensors, 0, count(*ids), out_.indices.add(indices)};
    }
    if (auto* reals = std::get_if<std::vector<double>>(&a)) return {OperandKind::Reals, 0, count(*reals), out_.reals.add(*reals)};
    if (auto* bools = std::get_if<std::vector<bool>>(&a)) {
      const OperandKind kind = wanted == kind::kInts ? OperandKind::Ints : OperandKind::Bools;
      return {kind, 0, count(*bools), out_.ints.add({bools->begin(), bools->end()})};
    }
    const auto& ints = std::get<std::vector<int64_t>>(a);
    if (wanted == kind::kReals) return {OperandKind::Reals, 0, count(ints), out_.reals.add({ints.begin(), ints.end()})};
    if (wanted == kind::kTensors || wanted == kind::kOptionalTensors) return {OperandKind::Tensors, 0, 0, 0};  // an empty list has no type
    return {wanted == kind::kBools ? OperandKind::Bools : OperandKind::Ints, 0, count(ints), out_.ints.add(ints)};
  }

  const ProgramPlan& plan_;
  FlatProgram out_;
  std::map<std::pair<std::string, bool>, uint16_t> op_ids_;
};

}  // namespace

FlatProgram flatten(const ProgramPlan& plan) { return Flattener(plan).run(); }

}  // namespace etc::compile
