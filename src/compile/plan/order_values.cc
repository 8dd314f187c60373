// Which values may move, and their new ids; see order_values.h.
#include "plan/order_values.h"

#include <algorithm>
#include <numeric>

namespace etc::compile {
namespace {

// Those with whose root bind or a swap may move them, and those of sizes that are slots.
std::vector<bool> find_changing(const MemoryPlan& plan) {
  std::vector<bool> moves(plan.values.size()), changing(plan.values.size());
  const auto mark = [&](uint32_t v) { moves[plan.values[v].root] = true; };
  for (const PlannedIo& io : plan.inputs) mark(io.value);
  for (const PlannedIo& io : plan.outputs) mark(io.value);
  for (const PlannedUpdate& u : plan.updates) mark(u.target), mark(u.value);
  for (const PlannedInstruction& i : plan.instructions)
    for (const PlannedArgument& a : i.args)
      if (const ValueId* v = i.is_swap ? std::get_if<ValueId>(&a) : nullptr) mark(v->index);
  for (size_t v = 0; v < plan.values.size(); ++v) {
    const PlannedValue& root = plan.values[plan.values[v].root];
    changing[v] = moves[plan.values[v].root] || root.is_dynamic() || plan.values[v].is_dynamic();
  }
  return changing;
}

template <class F>
void for_each_id(MemoryPlan& plan, F f) {
  for (PlannedValue& v : plan.values) f(v.root);
  for (PlannedInstruction& i : plan.instructions) {
    for (PlannedArgument& a : i.args) {
      if (auto* v = std::get_if<ValueId>(&a)) f(v->index);
      if (auto* list = std::get_if<std::vector<ValueId>>(&a))
        for (ValueId& v : *list) f(v.index);
    }
    for (uint32_t& r : i.results) f(r);
    f(i.scratch);
    for (EvalStep& s : i.code)
      if (s.kind == EvalStep::Kind::Value || (s.kind == EvalStep::Kind::Code && s.code == EvalCode::StoreValue)) f(s.index);
  }
  for (PlannedBlock& b : plan.blocks)
    if (b.end == PlannedBlock::End::JumpIfFalse) f(b.value);
  for (PlannedIo& io : plan.inputs) f(io.value);
  for (PlannedIo& io : plan.outputs) f(io.value);
  for (PlannedUpdate& u : plan.updates) f(u.target), f(u.value);
}

}  // namespace

void order_values(MemoryPlan& plan) {
  const std::vector<bool> changing = find_changing(plan);
  std::vector<uint32_t> order(plan.values.size()), place(plan.values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_partition(order.begin(), order.end(), [&](uint32_t v) { return changing[v]; });
  std::vector<PlannedValue> values;
  for (const uint32_t v : order) {
    place[v] = static_cast<uint32_t>(values.size());
    values.push_back(std::move(plan.values[v]));
  }
  plan.values = std::move(values);
  for_each_id(plan, [&](uint32_t& id) {
    if (id != ValueId::kNone) id = place[id];
  });
}

}  // namespace etc::compile
