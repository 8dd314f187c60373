// Collects what each instruction reads and writes; see access.h.
#include "host/access.h"

#include <algorithm>

#include "eval.h"
#include "extent.h"
#include "format.h"

namespace etc::host {

class AccessCollector {
 public:
  AccessCollector(const Program& program, uint32_t method, Span<const OpTable* const> tables, Accesses* out)
      : root_(ProgramAccess::root(program)), method_(root_.methods()[method]), out_(out) {
    for (uint32_t i = 0; i < root_.ops().size; ++i) ops_.push_back(program.find_op(i, tables));
    dynamics_.assign(method_.values().size, nullptr);
    for (const format::Dynamic& d : method_.dynamics()) dynamics_[d.value] = &d;
    find_exchanges();
    for (const format::Instruction& i : method_.instructions()) has_checks_ = has_checks_ || is_check(i);
    for (const format::Update& u : method_.updates()) lasting_.push_back(bytes_of(u.target));
  }

  void run() {
    for (const format::Instruction& i : method_.instructions()) {
      out_->first_access_.push_back(out_->accesses_.size());
      out_->first_use_.push_back(out_->uses_.size());
      switch (i.kind) {
        case format::InstructionKind::Eval: add_eval(i); break;
        case format::InstructionKind::Swap: add_swap(i); break;
        default: add_call(i); break;
      }
    }
    out_->first_access_.push_back(out_->accesses_.size());
    out_->first_use_.push_back(out_->uses_.size());
  }

 private:
  const format::OperandRecord& operand(const format::Instruction& i, uint32_t p) const { return method_.operands()[i.first_operand + p]; }

  // Roots that swaps exchange, directly or over others, in one group.
  void find_exchanges() {
    group_.resize(method_.values().size);
    for (uint32_t v = 0; v < group_.size(); ++v) group_[v] = v;
    bool has_swaps = false;
    for (const format::Instruction& i : method_.instructions())
      if (i.kind == format::InstructionKind::Swap) {
        group_[find(operand(i, 0).index)] = find(operand(i, 1).index);
        has_swaps = true;
      }
    if (!has_swaps) return;
    members_.resize(group_.size());
    for (uint32_t v = 0; v < group_.size(); ++v) members_[find(v)].push_back(v);
  }
  uint32_t find(uint32_t v) {
    while (group_[v] != v) v = group_[v] = group_[group_[v]];
    return v;
  }

  bool is_check(const format::Instruction& i) const {
    for (uint32_t p = 0; p < i.operand_count && i.kind == format::InstructionKind::Eval; ++p)
      if (operand(i, p).kind == OperandKind::Code && static_cast<EvalCode>(operand(i, p).count) == EvalCode::Check) return true;
    return false;
  }

  void add(uint32_t space, bool writes, uint64_t begin, uint64_t bytes) {
    if (bytes != 0) out_->accesses_.push_back({space, writes, begin, begin + bytes});
  }
  Access bytes_of(uint32_t v) const {
    const format::Value& value = method_.values()[v];
    const int64_t* ints = root_.ints().data;
    const uint64_t bytes = extent_of({nullptr, ints + value.sizes, ints + value.strides, value.dtype, value.rank, 0, 0});
    return {value.storage, false, value.offset, value.offset + bytes};
  }
  bool outlasts_run(const Access& a) const {
    return std::any_of(lasting_.begin(), lasting_.end(),
                       [&](const Access& l) { return l.space == a.space && l.begin < a.end && a.begin < l.end; });
  }
  void add_bytes(uint32_t v, bool writes) {
    const Access a = bytes_of(v);
    if (a.space == format::kConstants) return;
    add(a.space, writes, a.begin, a.end - a.begin);
    if (writes && has_checks_ && outlasts_run(a)) add(Access::kChecked, true, 0, 1);
  }

  // Sizes are read, also those of results, unless the kernel is to decide them.
  void use(uint32_t v, Use::Kind kind, bool sets_sizes = false) {
    out_->uses_.push_back({v, kind});
    const bool writes = kind != Use::Kind::Reads;
    if (const format::Dynamic* d = dynamics_[v]) {
      add(Access::kSlots, sets_sizes, d->sizes, method_.values()[v].rank);
      add(Access::kSlots, sets_sizes, d->strides, method_.values()[v].rank);
    }
    const uint32_t root = method_.roots()[v];
    if (members_.empty() || members_[find(root)].size() < 2) return add_bytes(v, writes);
    for (const uint32_t other : members_[find(root)]) add_bytes(other, writes);
    add(Access::kAddresses, false, find(root), 1);
  }

  void read(const Operand& o) {
    switch (o.kind) {
      case OperandKind::Tensor: use(o.index, Use::Kind::Reads); break;
      case OperandKind::Tensors:
        for (uint32_t e = 0; e < o.count; ++e)
          if (const uint32_t v = root_.indices()[o.index + e]; v != kNoValue) use(v, Use::Kind::Reads);
        break;
      case OperandKind::IntSlot:
      case OperandKind::RealSlot: add(Access::kSlots, false, o.index, 1); break;
      case OperandKind::IntSlots: add(Access::kSlots, false, o.index, o.count); break;
      default: break;
    }
  }

  // Results come after the arguments: of a kernel's schema, of the delegate, or, external, each behind its name.
  uint32_t argument_count(const format::Instruction& i) const {
    if (i.kind == format::InstructionKind::Delegate) return root_.delegates()[i.op].arguments;
    if (!(root_.ops()[i.op].external & 1)) return ops_[i.op]->signature.arguments;
    uint32_t n = 0;
    while (n + 1 < i.operand_count && operand(i, n).kind == OperandKind::String) n += 2;
    return n;
  }

  void add_call(const format::Instruction& i) {
    const uint32_t arguments = std::min<uint32_t>(argument_count(i), i.operand_count);
    for (uint32_t p = 0; p < arguments; ++p) read(operand(i, p));
    const Operand& scratch = method_.operands()[i.first_operand - 1];
    if (scratch.kind == OperandKind::Tensor) use(scratch.index, Use::Kind::Scratch);
    const bool sets_sizes = i.kind == format::InstructionKind::Kernel && ops_[i.op]->sizes_from_data;
    for (uint32_t p = arguments; p < i.operand_count; ++p)
      if (operand(i, p).kind == OperandKind::Tensor) use(operand(i, p).index, Use::Kind::Writes, sets_sizes);
  }

  void add_eval(const format::Instruction& i) {
    if (is_check(i)) add(Access::kChecked, false, 0, 1);
    for (uint32_t p = 0; p < i.operand_count; ++p) {
      const Operand& o = operand(i, p);
      if (o.kind != OperandKind::Code) {
        read(o);
      } else if (const auto code = static_cast<EvalCode>(o.count); code == EvalCode::StoreValue) {
        use(o.index, Use::Kind::Writes);
      } else if (code == EvalCode::StoreInt || code == EvalCode::StoreReal) {
        add(Access::kSlots, true, o.index, 1);
      }
    }
  }

  // Not a byte moves, but whoever uses either value must not see it half done.
  void add_swap(const format::Instruction& i) {
    for (uint32_t p = 0; p < 2; ++p)
      for (const uint32_t v : members_[find(operand(i, p).index)]) add_bytes(v, true);
    add(Access::kAddresses, true, find(operand(i, 0).index), 1);
  }

  const format::Program& root_;
  const format::Method& method_;
  Accesses* out_;
  std::vector<const Op*> ops_;
  std::vector<const format::Dynamic*> dynamics_;  // by value
  std::vector<uint32_t> group_;                   // union-find over roots
  std::vector<std::vector<uint32_t>> members_;    // empty without swaps
  bool has_checks_ = false;
  std::vector<Access> lasting_;  // states and inputs that the method changes
};

Accesses::Accesses(const Program& program, uint32_t method, Span<const OpTable* const> tables) {
  AccessCollector(program, method, tables, this).run();
}

}  // namespace etc::host
