// Sizes and numbers of a method that are known only when it runs: which slot holds which expression, and the evals that compute them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "eval.h"
#include "ir/graph.h"

namespace etc::compile {

// One step of an eval instruction: pushes a number, a slot or a 0-d value (by id), or a code with the slot that it stores to.
struct EvalStep {
  enum class Kind : uint8_t { Integer, Real, IntSlot, RealSlot, Value, Code };
  Kind kind = Kind::Code;
  EvalCode code = EvalCode::Check;
  int64_t integer = 0;
  double real = 0;
  uint32_t index = 0;
};
using EvalCodes = std::vector<EvalStep>;

class Slots {
 public:
  // Consecutive slots that hold these numbers, constants included; equal lists share them.
  uint32_t list(const Sizes& numbers);
  uint32_t integer(const SymInt& n);
  uint32_t real(const SymReal& r);
  // Slots that the runtime writes: sizes of an input, or of a result whose kernel decides them. Symbols that stand alone among them are
  // bound to them. `first_value` is what they hold at first.
  uint32_t owned(const Sizes& numbers);
  // Slots whose content is only a hint for the caller: strides of such a tensor.
  uint32_t owned_strides(const Sizes& strides) { return allocate(strides); }

  // What binds the symbols of the inputs: sizes that are symbols, and those that can be solved for one. Checks ranges and the rest.
  // `inputs` are sizes and their owned slots. CompileError when a symbol stays unbound.
  void bind_inputs(const std::vector<std::pair<Sizes, uint32_t>>& inputs);
  // The element of a 0-d value (by id) is this symbol.
  void bind_item(const SymbolRef& symbol, uint32_t value);
  // A symbol that an owned slot holds from now on.
  void bind_result(const Sizes& sizes, uint32_t first_slot);
  // The owned slots of a result must hold these sizes.
  void check_result(const Sizes& sizes, uint32_t first_slot);
  void check(const SymInt& condition);
  // Ends the code of the eval under construction: stores every slot that its symbols make known. Evals are numbered from 0.
  void end_eval();

  // After all instructions have asked for their slots: the code of each eval.
  std::vector<EvalCodes> finish();
  // What the slots hold at first: upper bounds, bits of doubles.
  std::vector<int64_t> initial() const;
  bool empty() const { return slots_.empty(); }

 private:
  struct Slot {
    SymRef number;
    bool owned = false;  // the runtime or a kernel writes it
  };
  struct Bound {
    size_t eval = 0;
    uint32_t slot = 0;
  };

  uint32_t allocate(const Sizes& numbers);
  uint32_t add(SymRef number, bool owned);
  void bind(const SymbolRef& symbol, uint32_t slot);
  void push(EvalCodes& code, const SymRef& n, int depth);
  void push_tree(EvalCodes& code, const SymRef& n, int depth);
  void store(EvalCodes& code, uint32_t slot);
  void check_range(EvalCodes& code, const SymbolRef& symbol);
  size_t eval_of(const SymRef& n) const;

  std::vector<Slot> slots_;
  std::map<std::string, uint32_t> lists_, numbers_;
  std::unordered_map<const Symbol*, Bound> bound_;
  std::vector<EvalCodes> evals_;
  EvalCodes current_;
};

}  // namespace etc::compile
