// Slots and evals; see slots.h.
#include "plan/slots.h"

#include <algorithm>
#include <cstring>

#include "ir/error.h"

namespace etc::compile {
namespace {

EvalStep code(EvalCode c) {
  EvalStep s;
  s.code = c;
  return s;
}
EvalStep integer_step(int64_t n) {
  EvalStep s;
  s.kind = EvalStep::Kind::Integer;
  s.integer = n;
  return s;
}
EvalStep slot_step(uint32_t slot, bool is_real) {
  EvalStep s;
  s.kind = is_real ? EvalStep::Kind::RealSlot : EvalStep::Kind::IntSlot;
  s.index = slot;
  return s;
}

EvalCode code_of(SymOp op) {
  switch (op) {
    case SymOp::Sum: return EvalCode::Add;
    case SymOp::Product: return EvalCode::Mul;
    case SymOp::FloorDiv: return EvalCode::FloorDiv;
    case SymOp::Mod: return EvalCode::Mod;
    case SymOp::Pow: return EvalCode::Pow;
    case SymOp::Min: return EvalCode::Min;
    case SymOp::Max: return EvalCode::Max;
    case SymOp::Shl: return EvalCode::Shl;
    case SymOp::Shr: return EvalCode::Shr;
    case SymOp::And: return EvalCode::And;
    case SymOp::Or: return EvalCode::Or;
    case SymOp::Xor: return EvalCode::Xor;
    case SymOp::Equal: return EvalCode::Equal;
    case SymOp::Less: return EvalCode::Less;
    case SymOp::LessEqual: return EvalCode::LessEqual;
    case SymOp::Not: return EvalCode::Not;
    case SymOp::Select: return EvalCode::Select;
    case SymOp::ToReal: return EvalCode::ToReal;
    case SymOp::RealAdd: return EvalCode::RealAdd;
    case SymOp::RealSub: return EvalCode::RealSub;
    case SymOp::RealMul: return EvalCode::RealMul;
    case SymOp::RealDiv: return EvalCode::RealDiv;
    case SymOp::RealEqual: return EvalCode::RealEqual;
    case SymOp::RealLess: return EvalCode::RealLess;
    case SymOp::RealLessEqual: return EvalCode::RealLessEqual;
    case SymOp::Trunc: return EvalCode::Trunc;
    case SymOp::Floor: return EvalCode::Floor;
    case SymOp::Ceil: return EvalCode::Ceil;
    case SymOp::Round: return EvalCode::Round;
    default: throw InternalError("no eval code for a number");
  }
}

std::string key_of(const Sizes& numbers) {
  std::string key;
  for (const SymInt& n : numbers) key += to_string(n) + ",";
  return key;
}

}  // namespace

uint32_t Slots::add(SymRef number, bool owned) {
  slots_.push_back({std::move(number), owned});
  return static_cast<uint32_t>(slots_.size() - 1);
}

uint32_t Slots::allocate(const Sizes& numbers) {
  const auto first = static_cast<uint32_t>(slots_.size());
  for (const SymInt& n : numbers) add(n.node(), true);
  return first;
}

uint32_t Slots::list(const Sizes& numbers) {
  auto [it, is_new] = lists_.emplace(key_of(numbers), static_cast<uint32_t>(slots_.size()));
  if (is_new)
    for (const SymInt& n : numbers) add(n.node(), false);
  return it->second;
}

uint32_t Slots::integer(const SymInt& n) {
  const SymRef node = n.node();
  if (node->op == SymOp::Symbol)
    if (auto it = bound_.find(node->symbol.get()); it != bound_.end()) return it->second.slot;
  auto [it, is_new] = numbers_.emplace(node->text, static_cast<uint32_t>(slots_.size()));
  if (is_new) add(node, false);
  return it->second;
}

uint32_t Slots::real(const SymReal& r) {
  const SymRef node = r.node();
  auto [it, is_new] = numbers_.emplace("real " + node->text, static_cast<uint32_t>(slots_.size()));
  if (is_new) add(node, false);
  return it->second;
}

uint32_t Slots::owned(const Sizes& numbers) { return allocate(numbers); }

void Slots::bind(const SymbolRef& symbol, uint32_t slot) {
  if (!bound_.emplace(symbol.get(), Bound{evals_.size(), slot}).second)
    throw InternalError("the symbol " + symbol->name + " is bound twice");
}

void Slots::check_range(EvalCodes& out, const SymbolRef& s) {
  if (s->is_real) return;
  auto compare = [&](int64_t low_or_high, bool is_low) {
    const SymRef symbol = sym_symbol(s);
    if (is_low) out.push_back(integer_step(low_or_high));
    push(out, symbol, 1);
    if (!is_low) out.push_back(integer_step(low_or_high));
    out.push_back(code(EvalCode::LessEqual));
    out.push_back(code(EvalCode::Check));
  };
  if (s->lower != kNoLower) compare(s->lower, true);
  if (s->upper != kNoUpper) compare(s->upper, false);
}

void Slots::bind_inputs(const std::vector<std::pair<Sizes, uint32_t>>& inputs) {
  struct Dim {
    SymRef size;
    uint32_t slot;
    bool used;
  };
  std::vector<Dim> dims;
  for (const auto& [sizes, first] : inputs)
    for (size_t d = 0; d < sizes.size(); ++d) dims.push_back({sizes[d].node(), first + static_cast<uint32_t>(d), false});
  for (Dim& d : dims) {
    if (d.size->op != SymOp::Symbol || bound_.count(d.size->symbol.get())) continue;
    bind(d.size->symbol, d.slot);
    check_range(current_, d.size->symbol);
    d.used = true;
  }
  // Sizes like 4*s0+1 with one unknown: (size - rest) / factor, without a rest.
  for (bool progress = true; progress;) {
    progress = false;
    for (Dim& d : dims) {
      if (d.used || d.size->op == SymOp::Integer) continue;
      SymbolRef unknown;
      int unknowns = 0;
      for_each_symbol(d.size, [&](const SymbolRef& s) {
        if (!bound_.count(s.get())) ++unknowns, unknown = s;
      });
      if (unknowns != 1) continue;
      const SymInt size(d.size);
      const SymInt rest = substitute(size, [&](const SymbolRef& s) { return s == unknown ? SymInt(0).node() : nullptr; });
      const SymInt factor = substitute(size, [&](const SymbolRef& s) { return s == unknown ? SymInt(1).node() : nullptr; }) - rest;
      if (!(factor * SymInt(unknown) + rest == size)) continue;
      const uint32_t slot = add(sym_symbol(unknown), true);
      auto push_quotient = [&](EvalCode with) {
        current_.push_back(slot_step(d.slot, false));
        push(current_, rest.node(), 2);
        current_.push_back(code(EvalCode::Sub));
        push(current_, factor.node(), 2);
        current_.push_back(code(with));
      };
      push_quotient(EvalCode::Mod);
      current_.push_back(integer_step(0));
      current_.push_back(code(EvalCode::Equal));
      current_.push_back(code(EvalCode::Check));
      push_quotient(EvalCode::FloorDiv);
      store(current_, slot);
      bind(unknown, slot);
      check_range(current_, unknown);
      d.used = progress = true;
    }
  }
  for (const Dim& d : dims) {
    if (d.used) continue;
    for_each_symbol(d.size, [&](const SymbolRef& s) {
      if (!bound_.count(s.get())) throw CompileError("no input's size tells what " + s->name + " is; give the model an input of that size");
    });
    current_.push_back(slot_step(d.slot, false));
    push(current_, d.size, 2);
    current_.push_back(code(EvalCode::Equal));
    current_.push_back(code(EvalCode::Check));
  }
}

void Slots::bind_item(const SymbolRef& symbol, uint32_t value) {
  const uint32_t slot = add(sym_symbol(symbol), true);
  EvalStep element;
  element.kind = EvalStep::Kind::Value;
  element.index = value;
  current_.push_back(element);
  store(current_, slot);
  bind(symbol, slot);
  check_range(current_, symbol);
}

void Slots::bind_result(const Sizes& sizes, uint32_t first_slot) {
  for (size_t d = 0; d < sizes.size(); ++d) {
    const SymRef n = sizes[d].node();
    if (n->op != SymOp::Symbol || bound_.count(n->symbol.get())) continue;
    bind(n->symbol, first_slot + static_cast<uint32_t>(d));
    check_range(current_, n->symbol);
  }
}

void Slots::check_result(const Sizes& sizes, uint32_t first_slot) {
  for (size_t d = 0; d < sizes.size(); ++d) {
    const SymRef n = sizes[d].node();
    const uint32_t slot = first_slot + static_cast<uint32_t>(d);
    if (n->op == SymOp::Symbol && bound_.at(n->symbol.get()).slot == slot) continue;
    current_.push_back(slot_step(slot, false));
    push(current_, n, 2);
    current_.push_back(code(EvalCode::Equal));
    current_.push_back(code(EvalCode::Check));
  }
}

void Slots::check(const SymInt& condition) {
  push(current_, condition.node(), 1);
  current_.push_back(code(EvalCode::Check));
}

void Slots::end_eval() { evals_.push_back(std::move(current_)), current_.clear(); }

size_t Slots::eval_of(const SymRef& n) const {
  size_t last = 0;
  for_each_symbol(n, [&](const SymbolRef& s) {
    auto it = bound_.find(s.get());
    if (it == bound_.end()) throw InternalError("nothing binds the symbol " + s->name);
    last = std::max(last, it->second.eval);
  });
  return last;
}

void Slots::store(EvalCodes& out, uint32_t slot) {
  EvalStep s = code(slots_[slot].number->is_real ? EvalCode::StoreReal : EvalCode::StoreInt);
  s.index = slot;
  out.push_back(s);
}

// Pushes the number while `depth` entries (its own place included) are on the stack. What would get too deep is stored first.
void Slots::push(EvalCodes& out, const SymRef& n, int depth) {
  switch (n->op) {
    case SymOp::Integer: out.push_back(integer_step(n->integer)); return;
    case SymOp::Real: {
      EvalStep s;
      s.kind = EvalStep::Kind::Real;
      s.real = n->real;
      out.push_back(s);
      return;
    }
    case SymOp::Symbol: {
      auto it = bound_.find(n->symbol.get());
      if (it == bound_.end()) throw InternalError("nothing binds the symbol " + n->symbol->name);
      out.push_back(slot_step(it->second.slot, n->is_real));
      return;
    }
    default: push_tree(out, n, depth);
  }
}

void Slots::push_tree(EvalCodes& out, const SymRef& n, int depth) {
  constexpr int kDeep = static_cast<int>(kEvalDepth) - 4;
  std::vector<SymRef> args = n->args;
  if (n->op == SymOp::Sum && n->integer != 0) args.push_back(SymInt(n->integer).node());
  if (n->op == SymOp::Product && n->integer != 1) args.push_back(SymInt(n->integer).node());
  if (depth >= kDeep) throw CompileError("the size " + n->text + " is too complicated");
  for (size_t i = 0; i < args.size(); ++i) {
    const bool is_nary = n->op == SymOp::Sum || n->op == SymOp::Product;
    push(out, args[i], depth + static_cast<int>(is_nary ? std::min<size_t>(i, 1) : i));
    if (is_nary && i > 0) out.push_back(code(code_of(n->op)));
  }
  if (n->op != SymOp::Sum && n->op != SymOp::Product) out.push_back(code(code_of(n->op)));
}

std::vector<EvalCodes> Slots::finish() {
  if (!current_.empty()) throw InternalError("an eval without an end");
  // A slot whose number an earlier slot of the same eval holds is cheap: shared parts are stored once under their text.
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.owned || slot.number->op == SymOp::Integer || slot.number->op == SymOp::Real) continue;
    EvalCodes& out = evals_.at(eval_of(slot.number));
    push(out, slot.number, 1);
    store(out, i);
  }
  return std::move(evals_);
}

std::vector<int64_t> Slots::initial() const {
  std::vector<int64_t> numbers;
  for (const Slot& slot : slots_) {
    int64_t bits = 0;
    if (slot.number->op == SymOp::Real)
      std::memcpy(&bits, &slot.number->real, sizeof bits);
    else if (!slot.number->is_real && slot.number->upper != kNoUpper)
      bits = std::max<int64_t>(slot.number->upper, 0);
    if (slot.number->op == SymOp::Integer) bits = slot.number->integer;
    numbers.push_back(bits);
  }
  return numbers;
}

}  // namespace etc::compile
