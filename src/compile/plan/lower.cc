// Lowering of all methods to instructions over buffers; see lower.h.
#include "plan/lower.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "etc/program.h"
#include "ir/error.h"
#include "ir/one_op.h"
#include "plan/blocks.h"
#include "ir/probe.h"
#include "plan/order_values.h"
#include "plan/place.h"

namespace etc::compile {
namespace {

uint64_t round_up(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// The constants and states that all methods share.
class Storage {
 public:
  explicit Storage(ProgramPlan& plan) : plan_(plan) {}

  // Equal bytes become one constant, whatever their type.
  uint32_t constant(const ConstantData& data) {
    std::vector<uint32_t>& same_hash = by_hash_[hash_of(data)];
    for (uint32_t c : same_hash)
      if (const ConstantData& d = plan_.constants[c].data;
          d.bytes == data.bytes && (d.bytes == 0 || !std::memcmp(d.data, data.data, d.bytes)))
        return c;
    same_hash.push_back(static_cast<uint32_t>(plan_.constants.size()));
    plan_.constants.push_back({data, plan_.constant_bytes});
    plan_.constant_bytes += round_up(data.bytes);
    return same_hash.back();
  }

  // States are shared by name.
  uint32_t state(const Value& v) {
    const std::string& name = v.label.empty() ? v.name : v.label;
    const uint32_t initial = constant(v.constant);
    auto [it, is_new] = state_ids_.emplace(name, static_cast<uint32_t>(plan_.states.size()));
    if (is_new) {
      plan_.states.push_back({name, v.type, initial, plan_.state_bytes});
      plan_.state_bytes += round_up(static_cast<uint64_t>(v.type.bytes()));
    } else if (const PlannedState& s = plan_.states[it->second]; s.type != v.type || s.initial != initial) {
      throw CompileError("the methods disagree about the state '" + name + "': its type and initial value must be the same in all of them");
    }
    return it->second;
  }

 private:
  static uint64_t hash_of(const ConstantData& data) {
    uint64_t hash = data.bytes, word = 0;
    for (uint64_t i = 0; i < data.bytes; i += 8) {
      word = 0;
      std::memcpy(&word, data.data + i, std::min<uint64_t>(8, data.bytes - i));
      hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 32;
    }
    return hash;
  }

  ProgramPlan& plan_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> by_hash_;
  std::unordered_map<std::string, uint32_t> state_ids_;
};

class Lowering {
 public:
  Lowering(const Graph& graph, Storage& storage, const PlanOptions& options)
      : flat_(flatten_flow(graph, options.in_place)), graph_(*flat_.graph), storage_(storage) {
    std::set<const Value*> copied;
    std::optional<std::vector<Chain>> chains;
    while (!chains) {
      sequence_ = sequence(flat_, copied);
      chains = place(sequence_, options.in_place, copied);
    }
    plan_.method = graph.name;
    for (const PoolOption& pool : options.pools) plan_.pools.push_back({pool.name, pool.capacity});
    if (plan_.pools.empty()) plan_.pools.push_back({"main"});
    int64_t instructions = 0;
    for (const Node* step : sequence_.steps) time_.push_back((instructions += !is_mark(*step)) - 1);
    time_.push_back(instructions);
    locate_inputs_and_states();
    locate_swapped();
    for (const Chain& chain : *chains) locate(chain);
  }

  MemoryPlan run() {
    add_inputs();
    for (const Node* step : sequence_.steps) add_step(*step);
    blocks_.finish();
    size_t output = 0;
    for (const Output& o : graph_.outputs)
      if (o.kind == Output::Kind::User) plan_.outputs.push_back({o.name, id_of(sequence_.outputs[output++]), false});
    for (const Sequence::Update& u : sequence_.updates) plan_.updates.push_back({id_of(u.target), id_of(u.value)});
    add_swapped_windows();
    write_evals();
    order_values(plan_);
    return std::move(plan_);
  }

 private:
  bool is_written(const Value* input) const {
    return std::any_of(sequence_.updates.begin(), sequence_.updates.end(), [&](const Sequence::Update& u) { return u.target == input; });
  }
  int64_t last_use(const Value* r) const {
    auto it = sequence_.last_use.find(r);
    return it == sequence_.last_use.end() ? -1 : time(it->second);
  }
  int64_t definition(const Value* r) const { return time(sequence_.definition.at(r)); }
  // Of a step: its instruction, of a mark the one before it. Where a jump reads or ends what lives, nothing runs in between.
  int64_t time(int64_t step) const { return step < 0 ? -1 : time_[static_cast<size_t>(step)]; }
  int64_t end() const { return time_.back(); }

  Location add_buffer(std::string name, int64_t bytes, int64_t first, int64_t last) {
    plan_.buffers.push_back({std::move(name), round_up(static_cast<uint64_t>(bytes)), first, last});
    return {Location::Kind::Buffer, static_cast<uint32_t>(plan_.buffers.size() - 1), 0};
  }

  // The caller fills inputs before the run; what the program writes into one stays for the caller to read.
  void locate_inputs_and_states() {
    for (const Value* v : graph_.inputs) locations_[v] = add_buffer(v->name, v->type.bytes(), -1, is_written(v) ? end() : last_use(v));
    for (const Value* v : graph_.states) locations_[v] = {Location::Kind::State, storage_.state(*v), 0};
  }

  // What changes places has memory of its own throughout: the parts of one buffer, so that they are in one pool.
  void locate_swapped() {
    std::vector<const Value*> roots(sequence_.swapped.begin(), sequence_.swapped.end());
    std::sort(roots.begin(), roots.end(), [](const Value* a, const Value* b) { return a->id < b->id; });
    for (const Value* r : roots) {
      if (locations_.count(r)) continue;
      std::vector<const Value*> group{r};
      for (size_t i = 0; i < group.size(); ++i)
        for (const Node* step : sequence_.steps)
          if (is_swap(*step)) add_partner(*step, group, i);
      const uint64_t part = round_up(static_cast<uint64_t>(r->type.bytes()));
      Location location = add_buffer(r->name, static_cast<int64_t>(part * group.size()), -1, end());
      for (const Value* member : group) {
        locations_[member] = location;
        location.offset_bytes += part;
      }
    }
  }
  static void add_partner(const Node& swap, std::vector<const Value*>& group, size_t i) {
    const Value *a = std::get<Value*>(swap.args[0]), *b = std::get<Value*>(swap.args[1]);
    const Value* partner = a == group[i] ? b : b == group[i] ? a : nullptr;
    if (partner && std::find(group.begin(), group.end(), partner) == group.end()) group.push_back(partner);
  }

  void locate(const Chain& chain) {
    if (locations_.count(chain.roots.front())) return;  // changes places
    const Value *first = chain.roots.front(), *last = chain.roots.back();
    const Location location =
        chain.target ? locations_.at(chain.target)
                     : add_buffer(first->name, first->type.bytes(), definition(first), std::max(last_use(last), definition(last)));
    for (const Value* r : chain.roots) locations_[r] = location;
  }

  // Adds a value on its first use, its root before it.
  uint32_t id_of(const Value* v) {
    if (auto it = ids_.find(v); it != ids_.end()) return it->second;
    const Value* r = root_of(const_cast<Value*>(v));
    const bool is_root = r == v;
    const uint32_t root = is_root ? static_cast<uint32_t>(plan_.values.size()) : id_of(r);
    if (v->kind == Value::Kind::Constant && !locations_.count(v))
      locations_[v] = {Location::Kind::Constant, storage_.constant(v->constant), 0};
    Location location = locations_.at(r);
    location.offset_bytes += static_cast<uint64_t>(static_cast<int64_t>(view_offset(v))) * size_in_bytes(v->type.dtype);
    PlannedValue planned{v->name, upper_bound(v->type), location, root};
    for (size_t d = 0; d < v->type.sizes.size(); ++d) planned.fixed_sizes |= uint32_t{v->type.sizes[d].is_fixed()} << d;
    if (!v->type.is_fixed()) {
      const bool owned = v->kind == Value::Kind::Input || owners_.count(v);
      planned.sizes_slot = owned ? slots_.owned(v->type.sizes) : slots_.list(v->type.sizes);
      planned.strides_slot = owned ? slots_.owned_strides(v->type.strides) : slots_.list(v->type.strides);
      if (owners_.count(v) && !settled_.count(v)) slots_.bind_result(v->type.sizes, planned.sizes_slot);
    }
    plan_.values.push_back(std::move(planned));
    return ids_[v] = static_cast<uint32_t>(plan_.values.size() - 1);
  }

  // The type for which memory is planned.
  static TensorType upper_bound(const TensorType& type) {
    if (type.is_fixed()) return type;
    auto most = [](const Sizes& list) {
      Sizes bounds;
      for (const SymInt& n : list) bounds.push_back(std::max<int64_t>(n.upper(), 0));
      return bounds;
    };
    if (type.is_contiguous()) return TensorType(type.dtype, most(type.sizes));
    return TensorType(type.dtype, most(type.sizes), most(type.strides));
  }

  // Inputs own the slots of their sizes, in order; the first eval takes the symbols from there.
  void add_inputs() {
    std::vector<std::pair<Sizes, uint32_t>> sizes;
    for (const Value* v : graph_.inputs) {
      const uint32_t id = id_of(v);
      plan_.inputs.push_back({v->label.empty() ? v->name : v->label, id, is_written(v)});
      if (plan_.values[id].is_dynamic()) sizes.emplace_back(v->type.sizes, plan_.values[id].sizes_slot);
    }
    slots_.bind_inputs(sizes);
  }

  PlannedInstruction eval(const Node& step) {
    PlannedInstruction instruction;
    instruction.op = step.op;
    instruction.source = step.source;
    instruction.is_eval = true;
    for (const Node* node : sequence_.evals.at(&step)) {
      if (node->op == "etc::check") {
        slots_.check(sym_of(node->args[0]));
        continue;
      }
      const Value* v = std::get<Value*>(node->args[0]);
      if (node->op == "etc::sizes") {
        slots_.bind_result(v->type.sizes, plan_.values[id_of(v)].sizes_slot);
        continue;
      }
      touch(id_of(v));
      for_each_symbol(node->args[1], [&](const SymbolRef& s) { slots_.bind_item(s, id_of(v)); });
    }
    slots_.end_eval();
    return instruction;
  }

  void write_evals() {
    std::vector<EvalCodes> codes = slots_.finish();
    size_t next = 0;
    for (PlannedInstruction& i : plan_.instructions)
      if (i.is_eval) i.code = std::move(codes.at(next++));
    plan_.slots = slots_.initial();
  }

  void touch(uint32_t value) {
    const PlannedValue& v = plan_.values[value];
    if (v.location.kind == Location::Kind::Buffer) plan_.buffers[v.location.index].traffic += static_cast<uint64_t>(v.type.bytes());
  }

  PlannedArgument argument(const Argument& a) {
    auto use = [&](const Value* v) {
      if (!v) return ValueId{};
      touch(id_of(v));
      return ValueId{id_of(v)};
    };
    if (auto* v = std::get_if<Value*>(&a)) return use(*v);
    if (auto* list = std::get_if<Values>(&a)) {
      std::vector<ValueId> ids;
      for (const Value* v : *list) ids.push_back(use(v));
      return ids;
    }
    if (auto* n = std::get_if<SymInt>(&a)) return SlotId{slots_.integer(*n), false};
    if (auto* r = std::get_if<SymReal>(&a)) return SlotId{slots_.real(*r), true};
    if (auto* list = std::get_if<Sizes>(&a)) return SlotList{slots_.list(*list), static_cast<uint32_t>(list->size())};
    return std::visit(
        [](const auto& x) -> PlannedArgument {
          if constexpr (std::is_convertible_v<decltype(x), PlannedArgument>)
            return x;
          else
            return None{};
        },
        static_cast<const AnyArgument&>(a));
  }

  void add_step(const Node& node) {
    const auto count = static_cast<uint32_t>(plan_.instructions.size());
    if (node.op == "etc::label")
      blocks_.label(std::get<int64_t>(node.args[0]), count);
    else if (node.op == "etc::jump")
      blocks_.jump(std::get<int64_t>(node.args[0]), count);
    else if (node.op == "etc::jump_if_false")
      blocks_.jump_if_false(id_of(std::get<Value*>(node.args[0])), std::get<int64_t>(node.args[1]), count);
    else if (!is_mark(node))
      add_instruction(node, count);
  }

  // Windows on what changes places change with it: all that any instruction names.
  void add_swapped_windows() {
    for (PlannedInstruction& swap : plan_.instructions) {
      if (!swap.is_swap) continue;
      const uint32_t a = std::get<ValueId>(swap.args[0]).index, b = std::get<ValueId>(swap.args[1]).index;
      for (uint32_t v = 0; v < plan_.values.size(); ++v)
        if (const uint32_t root = plan_.values[v].root; v != root && (root == a || root == b)) swap.args.emplace_back(ValueId{v});
    }
  }

  void add_instruction(const Node& node, int64_t k) {
    if (node.op == "etc::eval") return plan_.instructions.push_back(eval(node));
    PlannedInstruction instruction;
    instruction.op = node.op;
    instruction.arg_names = node.arg_names;
    instruction.external = node.is_external();
    instruction.is_swap = is_swap(node);
    instruction.delegate = node.delegate;
    if (node.delegate) instruction.blob = storage_.constant(node.delegate->blob);
    instruction.source = node.source;
    for (const Argument& a : node.args) instruction.args.push_back(argument(a));
    std::vector<TensorType> types;
    if (decides_sizes(node)) owners_.insert(node.results.begin(), node.results.end());
    if (node.op == "etc::settle") settled_.insert(node.results.begin(), node.results.end());
    for (const Value* r : node.results) {
      instruction.results.push_back(id_of(r));
      touch(instruction.results.back());
      types.push_back(r->type);
    }
    // Of what only the runtime knows, nobody has compared the other sizes with what the model says.
    if (node.is_external() && decides_sizes(node))
      for (const Value* r : node.results)
        if (const PlannedValue& v = plan_.values[id_of(r)]; v.is_dynamic()) slots_.check_result(r->type.sizes, v.sizes_slot);
    if (const uint64_t bytes = scratch_bytes(node, types)) {
      const Location location =
          add_buffer("scratch of " + (types.empty() ? node.op : node.results[0]->name), static_cast<int64_t>(bytes), k, k);
      plan_.buffers.back().traffic = 2 * bytes;
      instruction.scratch = static_cast<uint32_t>(plan_.values.size());
      plan_.values.push_back(
          {plan_.buffers.back().name, TensorType(DType::U8, {static_cast<int64_t>(bytes)}), location, instruction.scratch});
    }
    plan_.instructions.push_back(std::move(instruction));
  }

  static uint64_t scratch_bytes(const Node& node, const std::vector<TensorType>& types) {
    if (node.delegate) return node.delegate->workspace_bytes;
    if (node.is_external() || is_swap(node)) return 0;
    const Op* op = find_kernel_op(node.op);
    if (!op) throw InternalError("lower: " + node.op + " has no kernel");
    return most_scratch_bytes(*op, node.args, types);
  }

  FlatGraph flat_;
  const Graph& graph_;
  Storage& storage_;
  Sequence sequence_;
  std::vector<int64_t> time_;  // of steps, and of the end
  MemoryPlan plan_;
  BlockMaker blocks_{plan_};
  Slots slots_;
  std::set<const Value*> owners_;                         // results that own the slots of their sizes
  std::set<const Value*> settled_;                        // of those, what several branches make: an eval after them takes the sizes
  std::unordered_map<const Value*, Location> locations_;  // of roots
  std::unordered_map<const Value*, uint32_t> ids_;
};

}  // namespace

ProgramPlan lower(const Model& model, const PlanOptions& options) {
  ProgramPlan plan;
  Storage storage(plan);
  for (const Graph& graph : model.methods) plan.methods.push_back(Lowering(graph, storage, options).run());
  return plan;
}

}  // namespace etc::compile
