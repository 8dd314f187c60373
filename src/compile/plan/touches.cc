// Operands as byte ranges; see touches.h. lib/host has the same knowledge in code of its own, and checks what comes of this.
#include "plan/touches.h"

#include <algorithm>
#include <map>

#include "eval.h"
#include "ir/error.h"
#include "ir/one_op.h"

namespace etc::compile {
namespace {

constexpr uint8_t kKernel = 0, kDelegate = 1, kEval = 2, kSwap = 3;  // kinds of program.capnp
constexpr uint16_t kConstants = 0;                                   // storage

class Toucher {
 public:
  Toucher(schema::Program::Reader program, uint32_t method) : program_(program), method_(program.getMethods()[method]) {
    for (const auto op : program.getOps()) callees_.push_back(op.getExternal() ? Callee{kNamed, true} : callee_of(op));
    for (const auto d : method_.getDynamics()) dynamics_[d.getValue()] = {d.getSizes(), d.getStrides()};
    for (uint32_t v = 0; v < method_.getValues().size(); ++v) partners_.push_back({v});
    for (const auto i : method_.getInstructions())
      if (i.getKind() == kSwap)
        join(operand(i, 0).getIndex(), operand(i, 1).getIndex());
      else
        has_checks_ = has_checks_ || checks(i);
    for (const auto u : method_.getUpdates()) changed_.push_back(bytes_of(u.getTarget()));
  }

  std::vector<std::vector<Touch>> run() {
    for (const auto i : method_.getInstructions()) {
      out_.emplace_back();
      switch (i.getKind()) {
        case kKernel: call(i, callees_[i.getOp()]); break;
        case kDelegate: call(i, {program_.getDelegates()[i.getOp()].getArguments(), false}); break;
        case kEval: eval(i); break;
        case kSwap: swap(i); break;
      }
    }
    return std::move(out_);
  }

 private:
  static constexpr uint32_t kNamed = UINT32_MAX;  // external: each argument behind its name
  struct Callee {
    uint32_t arguments;
    bool sets_sizes;  // of its results; of external ops nobody knows
  };

  using Instruction = schema::Instruction::Reader;
  schema::Operand::Reader operand(Instruction i, uint32_t p) const { return method_.getOperands()[i.getFirstOperand() + p]; }
  static OperandKind kind(schema::Operand::Reader o) { return static_cast<OperandKind>(o.getKind()); }

  Callee callee_of(schema::OpName::Reader op) const {
    const std::string name(program_.getStrings().asChars().begin() + op.getNameOffset(), op.getNameSize());
    const Op* kernel = find_kernel_op(name);
    if (!kernel) throw InternalError("dependencies: " + name + " has no kernel");
    return {kernel->signature.arguments, kernel->sizes_from_data};
  }

  void join(uint32_t a, uint32_t b) {
    if (std::find(partners_[a].begin(), partners_[a].end(), b) != partners_[a].end()) return;
    std::vector<uint32_t> all = partners_[a];
    all.insert(all.end(), partners_[b].begin(), partners_[b].end());
    for (const uint32_t v : all) partners_[v] = all;
  }

  void add(uint32_t space, uint64_t begin, uint64_t size, bool writes) {
    if (size != 0) out_.back().push_back({space, begin, begin + size, writes});
  }
  Touch bytes_of(uint32_t v) const {
    const auto value = method_.getValues()[v];
    uint64_t elements = 1;
    bool is_empty = false;
    for (uint32_t d = 0; d < value.getRank(); ++d) {
      const int64_t size = program_.getInts()[value.getSizes() + d];
      is_empty = is_empty || size == 0;
      elements += static_cast<uint64_t>(size - 1) * static_cast<uint64_t>(program_.getInts()[value.getStrides() + d]);
    }
    const uint64_t bytes = is_empty ? 0 : elements * size_in_bytes(static_cast<DType>(value.getDtype()));
    return {value.getStorage(), value.getOffset(), value.getOffset() + bytes};
  }
  void add_bytes(uint32_t v, bool writes) {
    const Touch t = bytes_of(v);
    if (t.space == kConstants) return;
    add(t.space, t.begin, t.end - t.begin, writes);
    const auto changes = [&](const Touch& c) { return c.space == t.space && c.begin < t.end && t.begin < c.end; };
    if (writes && has_checks_ && std::any_of(changed_.begin(), changed_.end(), changes)) add(Touch::kChanged, 0, 1, true);
  }
  bool checks(Instruction i) const {
    for (uint32_t p = 0; p < i.getOperandCount() && i.getKind() == kEval; ++p)
      if (kind(operand(i, p)) == OperandKind::Code && static_cast<EvalCode>(operand(i, p).getCount()) == EvalCode::Check) return true;
    return false;
  }
  void touch(uint32_t v, bool writes, bool sets_sizes = false) {
    if (const auto it = dynamics_.find(v); it != dynamics_.end()) {
      add(Touch::kSlots, it->second.first, method_.getValues()[v].getRank(), sets_sizes);
      add(Touch::kSlots, it->second.second, method_.getValues()[v].getRank(), sets_sizes);
    }
    const std::vector<uint32_t>& places = partners_[method_.getRoots()[v]];
    if (places.size() == 1) return add_bytes(v, writes);
    for (const uint32_t p : places) add_bytes(p, writes);
    add(Touch::kPlaces, places[0], 1, false);
  }

  void read(schema::Operand::Reader o) {
    if (kind(o) == OperandKind::Tensor) touch(o.getIndex(), false);
    if (kind(o) == OperandKind::Tensors)
      for (uint32_t e = 0; e < o.getCount(); ++e)
        if (const uint32_t v = program_.getIndices()[o.getIndex() + e]; v != kNoValue) touch(v, false);
    if (kind(o) == OperandKind::IntSlot || kind(o) == OperandKind::RealSlot) add(Touch::kSlots, o.getIndex(), 1, false);
    if (kind(o) == OperandKind::IntSlots) add(Touch::kSlots, o.getIndex(), o.getCount(), false);
  }

  void call(Instruction i, Callee callee) {
    uint32_t arguments = callee.arguments;
    const uint32_t count = i.getOperandCount();
    if (arguments == kNamed)
      for (arguments = 0; arguments + 1 < count && kind(operand(i, arguments)) == OperandKind::String;) arguments += 2;
    for (uint32_t p = 0; p < count; ++p) {
      if (p < arguments)
        read(operand(i, p));
      else if (kind(operand(i, p)) == OperandKind::Tensor)
        touch(operand(i, p).getIndex(), true, callee.sets_sizes);
    }
    const auto scratch = method_.getOperands()[i.getFirstOperand() - 1];
    if (kind(scratch) == OperandKind::Tensor) touch(scratch.getIndex(), true);
  }

  void eval(Instruction i) {
    if (checks(i)) add(Touch::kChanged, 0, 1, false);
    for (uint32_t p = 0; p < i.getOperandCount(); ++p) {
      const auto o = operand(i, p);
      const auto code = static_cast<EvalCode>(o.getCount());
      if (kind(o) != OperandKind::Code)
        read(o);
      else if (code == EvalCode::StoreInt || code == EvalCode::StoreReal)
        add(Touch::kSlots, o.getIndex(), 1, true);
      else if (code == EvalCode::StoreValue)
        touch(o.getIndex(), true);
    }
  }

  void swap(Instruction i) {
    const std::vector<uint32_t>& places = partners_[operand(i, 0).getIndex()];
    for (const uint32_t p : places) add_bytes(p, true);
    add(Touch::kPlaces, places[0], 1, true);
  }

  schema::Program::Reader program_;
  schema::Method::Reader method_;
  std::vector<Callee> callees_;  // by op
  std::map<uint32_t, std::pair<uint32_t, uint32_t>> dynamics_;
  std::vector<std::vector<uint32_t>> partners_;  // by root: all that it may change places with, itself included
  bool has_checks_ = false;
  std::vector<Touch> changed_;
  std::vector<std::vector<Touch>> out_;
};

}  // namespace

std::vector<std::vector<Touch>> touches_of(schema::Program::Reader program, uint32_t method) { return Toucher(program, method).run(); }

}  // namespace etc::compile
