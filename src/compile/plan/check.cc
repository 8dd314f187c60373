// The proof of a plan; see check.h. Each method is run on paper, along all paths at once (where two meet, what they do not agree on is
// not known): every byte of state and pools knows the value that wrote it last, an
// argument must find its own value in all bytes that it shows, and after the run outputs, states and inputs must hold what they should.
#include "plan/check.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "etc/op.h"
#include "eval.h"
#include "etc/program.h"
#include "ir/error.h"
#include "plan/byte_map.h"
#include "program.capnp.h"

namespace etc::compile {
namespace {

constexpr uint8_t kDelegateCall = 1;  // kind of an instruction
constexpr uint16_t kConstants = 0, kState = 1;  // storages of program.capnp
constexpr uint64_t kAlignmentOfScratch = 64;
constexpr uint8_t kReturn = 0, kJumpIfFalse = 2;  // ends of blocks
constexpr uint8_t kSwap = 3;                      // kind of instruction
constexpr uint8_t kEval = 2;  // kind of instruction

struct Extent {
  uint16_t storage = 0;
  uint64_t begin = 0, end = 0;
  bool empty() const { return begin == end; }
  bool overlaps(const Extent& o) const { return storage == o.storage && begin < o.end && o.begin < end && !empty() && !o.empty(); }
  bool operator==(const Extent& o) const { return storage == o.storage && begin == o.begin && end == o.end; }
};

struct CheckedValue {
  Extent extent;
  DType dtype;
  std::vector<int64_t> sizes, strides;
  uint32_t root;
};

struct Argument {
  uint32_t position, value;
};

class MethodChecker {
 public:
  MethodChecker(schema::Program::Reader program, uint32_t method, size_t limit, std::vector<PlanFault>& faults)
      : program_(program),
        method_(program.getMethods()[method]),
        limit_(limit),
        faults_(faults),
        facts_{std::vector<ByteMap>(2 + program.getPools().size()), {}} {
    if (program.hasDebug() && method < program.getDebug().getMethods().size()) debug_ = program.getDebug().getMethods()[method];
    name_ = text(method_.getNameOffset(), method_.getNameSize());
    read_values();
  }

  void run() {
    find_results();
    fill_states_and_inputs();
    before_.resize(method_.getBlocks().size());
    before_[0] = facts_;
    if (before_.size() > 1) follow_all_paths();
    for (uint32_t b = 0; b < before_.size(); ++b)
      if (before_[b]) run_block(b);
  }

 private:
  using Owner = ByteMap::Owner;
  // What is known at one place of the program, whatever path led there.
  struct Facts {
    std::vector<ByteMap> memory;  // by storage
    std::vector<bool> produced;   // roots that are inputs, or results of instructions so far
  };

  // What holds before each block, until no path adds anything. Says nothing yet: first all must be known.
  void follow_all_paths() {
    is_quiet_ = true;
    std::vector<uint32_t> waiting{0};
    while (!waiting.empty()) {
      const uint32_t b = waiting.back();
      waiting.pop_back();
      run_block(b);
      const auto block = method_.getBlocks()[b];
      if (block.getEnd() != kReturn && arrive(block.getTarget())) waiting.push_back(block.getTarget());
      if (block.getEnd() == kJumpIfFalse && arrive(b + 1)) waiting.push_back(b + 1);
    }
    is_quiet_ = false;
  }
  // One more path, with the present facts, leads to the block. True if that changes what is known there.
  bool arrive(uint32_t block) {
    std::optional<Facts>& there = before_[block];
    if (!there) return there = facts_, true;
    bool changed = false;
    for (size_t s = 0; s < there->memory.size(); ++s) changed |= there->memory[s].meet(facts_.memory[s]);
    for (size_t v = 0; v < there->produced.size(); ++v) {
      if (!there->produced[v] || facts_.produced[v]) continue;
      there->produced[v] = false;
      changed = true;
    }
    return changed;
  }
  void run_block(uint32_t b) {
    const auto block = method_.getBlocks()[b];
    facts_ = *before_[b];
    const int64_t first = block.getFirst();
    for (at_ = first; at_ < first + block.getCount(); ++at_) step(method_.getInstructions()[static_cast<uint32_t>(at_)]);
    if (block.getEnd() == kJumpIfFalse) expect_holds(block.getValue(), "predicate");
    at_ = -1;
    if (block.getEnd() != kReturn) return;
    check_outputs();
    check_updates();
  }

  // Owners are root values; the initial value of state i and a kernel's scratch have numbers beyond.
  static constexpr Owner kStateOwner = Owner{1} << 32, kScratchOwner = Owner{1} << 62;

  std::string text(uint32_t offset, uint32_t size) const {
    return {reinterpret_cast<const char*>(program_.getStrings().begin()) + offset, size};
  }
  std::string name_of(uint32_t value) const {
    if (debug_ && value < debug_->getValues().size()) return "'" + std::string(debug_->getValues()[value].cStr()) + "'";
    return "value " + std::to_string(value);
  }
  std::string name_of_owner(Owner owner) const {
    if (owner == ByteMap::kNobody) return "bytes that nothing has written";
    if (owner == ByteMap::kDiffers) return "different values, depending on the path,";
    if (owner == kScratchOwner) return "scratch";
    if (owner >= kStateOwner) {
      const auto s = program_.getStates()[static_cast<uint32_t>(owner - kStateOwner)];
      return "the old state '" + text(s.getNameOffset(), s.getNameSize()) + "'";
    }
    return name_of(static_cast<uint32_t>(owner));
  }
  void report(std::string message) {
    if (!is_quiet_ && faults_.size() < limit_) faults_.push_back({name_, at_, std::move(message)});
  }

  void read_values() {
    const auto ints = program_.getInts();
    uint32_t v = 0;
    for (const auto value : method_.getValues()) {
      CheckedValue c;
      c.dtype = static_cast<DType>(value.getDtype());
      uint64_t bytes = size_in_bytes(c.dtype);
      for (uint32_t d = 0; d < value.getRank(); ++d) {
        c.sizes.push_back(ints[value.getSizes() + d]);
        c.strides.push_back(ints[value.getStrides() + d]);
        bytes += static_cast<uint64_t>(c.strides[d] * (c.sizes[d] - 1)) * size_in_bytes(c.dtype);
      }
      if (std::find(c.sizes.begin(), c.sizes.end(), 0) != c.sizes.end()) bytes = 0;
      c.extent = {value.getStorage(), value.getOffset(), value.getOffset() + bytes};
      c.root = method_.getRoots()[v++];
      values_.push_back(std::move(c));
    }
    facts_.produced.assign(values_.size(), false);
    is_input_.assign(values_.size(), false);
    is_result_.assign(values_.size(), false);
  }

  static bool is_contiguous(const CheckedValue& v) {
    int64_t expected = 1;
    for (size_t d = v.sizes.size(); d-- > 0; expected *= v.sizes[d])
      if (v.sizes[d] != 1 && v.strides[d] != expected && !v.extent.empty()) return false;
    return true;
  }

  void fill_states_and_inputs() {
    const auto states = program_.getStates();
    for (uint32_t i = 0; i < states.size(); ++i) {
      const auto s = states[i];
      if (s.getBytes() > 0) state_at_.emplace(s.getOffset(), i);
      write({kState, s.getOffset(), s.getOffset() + s.getBytes()}, kStateOwner + i, name_of_owner(kStateOwner + i));
    }
    for (const auto io : method_.getInputs()) {
      const uint32_t v = io.getValue();
      if (values_[v].root != v || values_[v].extent.storage <= kState || !is_contiguous(values_[v]))
        report("input " + name_of(v) + " is not whole and in a pool");
      if (facts_.produced[v]) report("input " + name_of(v) + " is there twice");
      facts_.produced[v] = true;
      is_input_[v] = true;
      write(values_[v].extent, v, "input " + name_of(v));
    }
  }

  // Before the run nothing may be written twice.
  void write(const Extent& e, Owner owner, const std::string& who) {
    facts_.memory[e.storage].read(e.begin, e.end, [&](Owner other) {
      if (other == ByteMap::kNobody) return true;
      report(who + " and " + name_of_owner(other) + " overlap");
      return false;
    });
    facts_.memory[e.storage].write(e.begin, e.end, owner);
  }

  void find_results() {
    std::vector<Argument> arguments;
    std::vector<uint32_t> results;
    for (const auto i : method_.getInstructions())
      if (i.getKind() <= kDelegateCall)
        split_operands(i, op_of(i), arguments, results);
      else if (i.getKind() == kEval)
        split_eval(i, arguments, results);
    for (uint32_t r : results) is_result_[values_[r].root] = true;
  }

  // What must have written a value's bytes last. A value in the state block that no instruction makes is a state.
  std::optional<Owner> owner_of(uint32_t v) const {
    const uint32_t root = values_[v].root;
    if (facts_.produced[root]) return root;
    if (is_result_[root]) return std::nullopt;
    const CheckedValue& r = values_[root];
    const auto found = state_at_.find(r.extent.begin);
    if (r.extent.storage != kState || found == state_at_.end()) return std::nullopt;
    const auto s = program_.getStates()[found->second];
    bool is_same = is_contiguous(r) && static_cast<DType>(s.getDtype()) == r.dtype && s.getRank() == r.sizes.size();
    for (uint32_t d = 0; is_same && d < s.getRank(); ++d) is_same = program_.getInts()[s.getSizes() + d] == r.sizes[d];
    return is_same ? std::optional<Owner>(kStateOwner + found->second) : std::nullopt;
  }

  // All bytes that `v` shows must be its own.
  void expect_holds(uint32_t v, const std::string& who) {
    const Extent& e = values_[v].extent;
    if (e.storage == kConstants || e.empty()) return;
    const std::optional<Owner> wanted = owner_of(v);
    if (!wanted) return report(who + " " + name_of(v) + " is not made by any instruction before");
    facts_.memory[e.storage].read(e.begin, e.end, [&](Owner owner) {
      if (owner == *wanted) return true;
      report(who + " " + name_of(v) + " finds " + name_of_owner(owner) + " in its place");
      return false;
    });
  }

  const Op* find_op(uint16_t index) const {
    const auto record = program_.getOps()[index];
    if (record.getExternal()) return nullptr;
    const OpTable& table = builtin_ops();
    const std::string op_name = text(record.getNameOffset(), record.getNameSize());
    for (uint32_t i = 0; i < table.count; ++i) {
      const Op* op = table.ops[i];
      if (op->schema_hash == record.getHash() && !op_name.compare(0, std::string::npos, op->schema, std::strcspn(op->schema, "(")))
        return op;
    }
    return nullptr;
  }

  const Op* op_of(schema::Instruction::Reader i) const { return i.getKind() == kDelegateCall ? nullptr : find_op(i.getOp()); }

  // The tensors of an instruction. Results come after the arguments that the schema names; external calls name each argument themselves.
  void split_operands(schema::Instruction::Reader i, const Op* op, std::vector<Argument>& arguments, std::vector<uint32_t>& results) const {
    const auto operands = method_.getOperands();
    const auto operand = [&](uint32_t p) { return operands[i.getFirstOperand() + p]; };
    const auto is_kind = [&](uint32_t p, OperandKind kind) { return static_cast<OperandKind>(operand(p).getKind()) == kind; };
    uint32_t argument_count = 0;
    const uint32_t count = i.getOperandCount();
    if (i.getKind() == kDelegateCall) {
      argument_count = program_.getDelegates()[i.getOp()].getArguments();
    } else if (op) {
      argument_count = std::min<uint32_t>(op->signature.arguments, count);
    } else {
      while (argument_count + 1 < count && is_kind(argument_count, OperandKind::String)) argument_count += 2;
    }
    for (uint32_t p = 0; p < count; ++p) {
      const uint32_t index = operand(p).getIndex();
      if (is_kind(p, OperandKind::Tensors)) {
        for (uint32_t e = 0; e < operand(p).getCount(); ++e)
          if (const uint32_t v = program_.getIndices()[index + e]; v != kNoValue) arguments.push_back({UINT32_MAX, v});
      } else if (is_kind(p, OperandKind::Tensor)) {
        if (p < argument_count)
          arguments.push_back({p, index});
        else
          results.push_back(index);
      }
    }
  }

  // What an eval reads, and the values that it stores to.
  void split_eval(schema::Instruction::Reader i, std::vector<Argument>& arguments, std::vector<uint32_t>& results) const {
    for (uint32_t p = 0; p < i.getOperandCount(); ++p) {
      const auto o = method_.getOperands()[i.getFirstOperand() + p];
      if (static_cast<OperandKind>(o.getKind()) == OperandKind::Tensor) arguments.push_back({p, o.getIndex()});
      if (static_cast<OperandKind>(o.getKind()) == OperandKind::Code && static_cast<EvalCode>(o.getCount()) == EvalCode::StoreValue)
        results.push_back(o.getIndex());
    }
  }
  void step_eval(schema::Instruction::Reader i) {
    std::vector<Argument> arguments;
    std::vector<uint32_t> results;
    split_eval(i, arguments, results);
    for (const Argument& a : arguments) expect_holds(a.value, "argument");
    for (uint32_t r : results) make(r);
  }

  void step(schema::Instruction::Reader i) {
    if (i.getKind() == kSwap) return swap(i);
    if (i.getKind() == kEval) return step_eval(i);
    if (i.getKind() > kDelegateCall) return report("is of a kind that this version cannot prove");
    const Op* op = op_of(i);
    if (i.getKind() == 0 && !op)
      if (const auto op_name = program_.getOps()[i.getOp()]; !op_name.getExternal())
        return report("calls " + text(op_name.getNameOffset(), op_name.getNameSize()) + ", which this build does not know");
    std::vector<Argument> arguments;
    std::vector<uint32_t> results;
    split_operands(i, op, arguments, results);
    for (const Argument& a : arguments) expect_holds(a.value, "argument");
    const auto scratch = method_.getOperands()[i.getFirstOperand() - 1];
    if (static_cast<OperandKind>(scratch.getKind()) == OperandKind::Tensor) use_scratch(scratch.getIndex(), arguments, results);
    for (size_t r = 0; r < results.size(); ++r) {
      for (size_t other = 0; other < r; ++other)
        if (values_[results[r]].extent.overlaps(values_[results[other]].extent))
          report("results " + name_of(results[r]) + " and " + name_of(results[other]) + " overlap");
      for (const Argument& a : arguments)
        if (values_[results[r]].extent.overlaps(values_[a.value].extent) && !may_replace(op, r, values_[results[r]], a) &&
            !(!op && is_written_to(i, r, results.size(), a)))
          report("result " + name_of(results[r]) + " overlaps argument " + name_of(a.value));
    }
    for (uint32_t r : results) make(r);
  }

  void use_scratch(uint32_t v, const std::vector<Argument>& arguments, const std::vector<uint32_t>& results) {
    const Extent& e = values_[v].extent;
    if (e.storage <= kState || e.begin % kAlignmentOfScratch != 0)
      return report("scratch " + name_of(v) + " is not in a pool, or not aligned");
    for (const Argument& a : arguments)
      if (e.overlaps(values_[a.value].extent)) report("scratch overlaps argument " + name_of(a.value));
    for (uint32_t r : results)
      if (e.overlaps(values_[r].extent)) report("scratch overlaps result " + name_of(r));
    facts_.memory[e.storage].write(e.begin, e.end, kScratchOwner);
  }

  // The last results of an external call lie exactly on the arguments whose names end in "!", in order.
  bool is_written_to(schema::Instruction::Reader i, size_t result, size_t results, const Argument& a) const {
    if (a.position == UINT32_MAX) return false;
    size_t before = 0, count = 0;
    const auto operands = method_.getOperands();
    const auto is_written = [&](uint32_t p) {
      const auto name = operands[i.getFirstOperand() + p];
      return name.getCount() > 0 && text(name.getIndex() + name.getCount() - 1, 1) == "!";
    };
    for (uint32_t p = 0; p + results < i.getOperandCount(); p += 2) {
      before += is_written(p) && p + 1 < a.position;
      count += is_written(p);
    }
    const CheckedValue &r = values_[method_.getOperands()[i.getFirstOperand() + i.getOperandCount() - results + result].getIndex()],
                       &v = values_[a.value];
    return is_written(a.position - 1) && result + count == results + before && r.extent == v.extent && r.dtype == v.dtype &&
           r.sizes == v.sizes && r.strides == v.strides;
  }

  // Result 0 may lie exactly on an argument that the op declares in place.
  bool may_replace(const Op* op, size_t result, const CheckedValue& r, const Argument& a) const {
    const CheckedValue& v = values_[a.value];
    return op && result == 0 && a.position < 16 && (op->in_place >> a.position & 1) && r.extent == v.extent && r.dtype == v.dtype &&
           r.sizes == v.sizes && r.strides == v.strides;
  }

  void make(uint32_t v) {
    const CheckedValue& value = values_[v];
    if (value.extent.storage == kConstants) return report("result " + name_of(v) + " lies in the constants");
    if (is_input_[value.root]) report("result " + name_of(v) + " is an input");
    facts_.produced[value.root] = true;
    for_each_run(value, [&](uint64_t begin, uint64_t end) { facts_.memory[value.extent.storage].write(begin, end, value.root); });
  }

  // Two roots exchange their memory: afterwards each holds what the other held. Program::open has verified that they are alike, that their
  // bytes belong to them alone in the whole method, and that their windows come along.
  void swap(schema::Instruction::Reader i) {
    const auto operand = [&](uint32_t p) { return method_.getOperands()[i.getFirstOperand() + p].getIndex(); };
    const uint32_t a = operand(0), b = operand(1);
    const CheckedValue &x = values_[a], &y = values_[b];
    const bool has_a = holds(a), has_b = holds(b);
    ByteMap& memory = facts_.memory[x.extent.storage];
    memory.write(x.extent.begin, x.extent.end, has_b ? a : ByteMap::kNobody);
    memory.write(y.extent.begin, y.extent.end, has_a ? b : ByteMap::kNobody);
    facts_.produced[a] = facts_.produced[b] = true;
  }
  bool holds(uint32_t root) const {
    bool is_whole = true;
    const Extent& e = values_[root].extent;
    facts_.memory[e.storage].read(e.begin, e.end, [&](Owner owner) { return is_whole = owner == root; });
    return is_whole;
  }

  // The contiguous runs of bytes of a strided value; all bytes between its first and last when there are too many.
  template <class F>
  static void for_each_run(const CheckedValue& v, F f) {
    constexpr int64_t kMaxRuns = 4096;
    if (v.extent.empty()) return;
    size_t inner = v.sizes.size();
    int64_t run = 1;
    while (inner > 0 && (v.sizes[inner - 1] == 1 || v.strides[inner - 1] == run)) run *= v.sizes[--inner];
    int64_t runs = 1;
    for (size_t d = 0; d < inner; ++d)
      if (__builtin_mul_overflow(runs, v.sizes[d], &runs) || runs > kMaxRuns) return f(v.extent.begin, v.extent.end);
    const uint64_t width = size_in_bytes(v.dtype);
    std::vector<int64_t> index(inner, 0);
    for (;;) {
      uint64_t begin = v.extent.begin;
      for (size_t d = 0; d < inner; ++d) begin += static_cast<uint64_t>(index[d] * v.strides[d]) * width;
      f(begin, begin + static_cast<uint64_t>(run) * width);
      size_t d = inner;
      while (d > 0 && ++index[d - 1] == v.sizes[d - 1]) index[--d] = 0;
      if (d == 0) return;
    }
  }

  void check_outputs() {
    std::vector<ByteMap> taken(facts_.memory.size());
    for (const auto io : method_.getOutputs()) {
      const uint32_t v = io.getValue();
      const Extent& e = values_[v].extent;
      expect_holds(v, "output");
      if (e.storage <= kState || !is_contiguous(values_[v])) report("output " + name_of(v) + " is not contiguous in a pool");
      taken[e.storage].read(e.begin, e.end, [&](Owner other) {
        if (other == ByteMap::kNobody) return true;
        report("outputs " + name_of(v) + " and " + name_of(static_cast<uint32_t>(other)) + " overlap");
        return false;
      });
      taken[e.storage].write(e.begin, e.end, v);
    }
  }

  // States and inputs end up with their new values, and only those that the file says are changed.
  void check_updates() {
    std::map<uint32_t, uint32_t> new_value;  // by target
    for (const auto u : method_.getUpdates()) {
      if (!new_value.emplace(u.getTarget(), u.getValue()).second) report(name_of(u.getTarget()) + " gets two new values");
      if (!(values_[u.getTarget()].extent == values_[u.getValue()].extent))
        report("the new value " + name_of(u.getValue()) + " does not lie where " + name_of(u.getTarget()) + " does");
      expect_holds(u.getValue(), "new value");
    }
    std::vector<bool> is_updated(program_.getStates().size());
    for (auto [target, value] : new_value) {
      if (is_input_[target]) continue;
      const std::optional<Owner> owner = owner_of(target);
      if (owner && *owner >= kStateOwner)
        is_updated[*owner - kStateOwner] = true;
      else
        report(name_of(target) + " gets a new value but is neither state nor input");
    }
    for (uint32_t i = 0; i < is_updated.size(); ++i) {
      const auto s = program_.getStates()[i];
      if (is_updated[i]) continue;
      facts_.memory[kState].read(s.getOffset(), s.getOffset() + s.getBytes(), [&](Owner owner) {
        if (owner == kStateOwner + i) return true;
        report(name_of_owner(kStateOwner + i) + " is overwritten by " + name_of_owner(owner));
        return false;
      });
    }
    for (const auto io : method_.getInputs())
      if ((io.getFlags() & 1) != new_value.count(io.getValue()))
        report("input " + name_of(io.getValue()) + " is changed but does not say so, or the reverse");
  }

  schema::Program::Reader program_;
  schema::Method::Reader method_;
  std::optional<schema::MethodDebug::Reader> debug_;
  std::string name_;
  size_t limit_;
  std::vector<PlanFault>& faults_;
  int64_t at_ = -1;
  std::vector<CheckedValue> values_;
  Facts facts_;                               // here and now
  std::vector<std::optional<Facts>> before_;  // each block; empty: no path leads there
  bool is_quiet_ = false;
  std::vector<bool> is_input_, is_result_;  // roots, over the whole method
  std::map<uint64_t, uint32_t> state_at_;   // by offset, those with bytes
};

}  // namespace

std::vector<PlanFault> check_plan(Span<const std::byte> file, size_t limit) {
  if (!Program::open(file).ok()) throw CompileError("not an etc program that this version can read");
  capnp::ReaderOptions options;
  options.traversalLimitInWords = UINT64_MAX / 2;
  const kj::ArrayPtr<const capnp::word> words(reinterpret_cast<const capnp::word*>(file.data), file.size / sizeof(capnp::word));
  capnp::FlatArrayMessageReader reader(words, options);
  const auto program = reader.getRoot<schema::Program>();
  std::vector<PlanFault> faults;
  try {
    for (uint32_t m = 0; m < program.getMethods().size(); ++m) MethodChecker(program, m, limit, faults).run();
  } catch (const kj::Exception& e) {  // what the core has verified reads without; the names for people it has not
    throw CompileError(std::string("the names for people are damaged: ") + e.getDescription().cStr());
  }
  return faults;
}

}  // namespace etc::compile
