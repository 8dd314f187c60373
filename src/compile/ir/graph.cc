// The graph's own operations: values, nodes, replacing uses, removing what is dead.
#include "ir/graph.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_set>

#include "ir/error.h"
#include "ir/flow.h"

namespace etc::compile {

Sizes contiguous_strides(const Sizes& sizes) {
  Sizes strides(sizes.size());
  SymInt step = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    strides[d] = step;
    // Of a symbolic size the zero is not left out: an empty tensor has no elements to step over.
    if (!(sizes[d].is_fixed() && sizes[d] <= 1)) step *= sizes[d];
  }
  return strides;
}

TensorType::TensorType(DType d, Sizes s) : dtype(d), sizes(std::move(s)) { strides = contiguous_strides(sizes); }

SymInt TensorType::numel() const {
  SymInt n = 1;
  for (const SymInt& s : sizes) n *= s;
  return n;
}

int64_t TensorType::bytes() const {
  int64_t n = size_in_bytes(dtype);
  for (const SymInt& s : sizes) {
    if (s.upper() == kNoUpper) throw CompileError("the size " + to_string(s) + " has no upper bound; give one with --max-dim");
    if (!checked_multiply(n, std::max<int64_t>(s.upper(), 0), &n)) throw CompileError("a tensor has more bytes than 64 bits can count");
  }
  return n;
}

bool TensorType::is_contiguous() const {
  SymInt expected = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    if (sizes[d] == 0) return true;
    if (sizes[d] != 1 && strides[d] != expected) return false;
    expected *= sizes[d];
  }
  return true;
}

Argument::Argument(SymInt n) {
  if (n.is_fixed())
    emplace<int64_t>(n);
  else
    emplace<SymInt>(std::move(n));
}
Argument::Argument(SymReal r) {
  if (r.is_fixed())
    emplace<double>(r.value());
  else
    emplace<SymReal>(std::move(r));
}
Argument::Argument(Sizes sizes) {
  if (sizes.is_fixed())
    emplace<std::vector<int64_t>>(sizes.fixed());
  else
    emplace<Sizes>(std::move(sizes));
}

bool is_int(const Argument& a) { return std::holds_alternative<int64_t>(a) || std::holds_alternative<SymInt>(a); }
bool is_ints(const Argument& a) { return std::holds_alternative<std::vector<int64_t>>(a) || std::holds_alternative<Sizes>(a); }
SymInt sym_of(const Argument& a) {
  if (auto* n = std::get_if<int64_t>(&a)) return *n;
  if (auto* n = std::get_if<SymInt>(&a)) return *n;
  throw InternalError("an argument is no integer");
}
Sizes syms_of(const Argument& a) {
  if (auto* list = std::get_if<std::vector<int64_t>>(&a)) return *list;
  if (auto* list = std::get_if<Sizes>(&a)) return *list;
  throw InternalError("an argument is no list of integers");
}

ConstantData ConstantData::copy_of(const void* data, size_t bytes) {
  std::shared_ptr<std::byte[]> memory(new std::byte[bytes ? bytes : 1]);
  if (bytes) std::memcpy(memory.get(), data, bytes);
  return {memory, memory.get(), bytes};
}

namespace {

uint64_t hash_constant(const TensorType& type, const ConstantData& data) {
  uint64_t h = 14695981039346656037ull ^ static_cast<uint64_t>(type.dtype);
  auto mix = [&h](uint64_t x) { h = (h ^ x) * 1099511628211ull; };
  for (const SymInt& s : type.sizes) mix(static_cast<uint64_t>(s.upper()));
  for (uint64_t i = 0; i + 8 <= data.bytes; i += 8) {
    uint64_t word;
    std::memcpy(&word, data.data + i, 8);
    h = (h ^ word) * 1099511628211ull;
    h ^= h >> 29;
  }
  for (uint64_t i = data.bytes & ~7ull; i < data.bytes; ++i) mix(static_cast<uint64_t>(data.data[i]));
  return h;
}

bool same_constant(const Value& v, const TensorType& type, const ConstantData& data) {
  return v.type == type && v.constant.bytes == data.bytes &&
         (v.constant.data == data.data || std::memcmp(v.constant.data, data.data, data.bytes) == 0);
}

}  // namespace

std::string Graph::unique_name(std::string name) {
  if (name.empty()) name = "v";
  const auto [next, is_new] = names_.emplace(name, 1);
  if (is_new) return name;
  std::string numbered;
  do numbered = name + "_" + std::to_string(next->second++);
  while (names_.count(numbered));
  names_[numbered] = 1;
  return numbered;
}

void Graph::rename(Value* v, std::string name) {
  if (v->name != name) v->name = unique_name(std::move(name));
}

Value* Graph::new_value(Value::Kind kind, std::string name, TensorType type) {
  auto v = std::make_unique<Value>();
  v->kind = kind;
  v->id = next_id_++;
  v->name = unique_name(std::move(name));
  v->type = std::move(type);
  values_.push_back(std::move(v));
  return values_.back().get();
}

Value* Graph::add_input(std::string name, TensorType type) {
  Value* v = new_value(Value::Kind::Input, name, std::move(type));
  v->label = std::move(name);
  inputs.push_back(v);
  return v;
}

Value* Graph::add_state(std::string name, TensorType type, ConstantData initial) {
  Value* v = new_value(Value::Kind::State, name, std::move(type));
  v->label = std::move(name);
  v->constant = std::move(initial);
  states.push_back(v);
  return v;
}

Value* Graph::add_constant(std::string name, TensorType type, ConstantData data) {
  if (static_cast<uint64_t>(type.bytes()) != data.bytes) throw InternalError("constant " + name + " has the wrong number of bytes");
  std::vector<Value*>& bucket = constants_by_hash_[hash_constant(type, data)];
  for (Value* v : bucket)
    if (same_constant(*v, type, data)) return v;
  Value* v = new_value(Value::Kind::Constant, name, std::move(type));
  v->label = std::move(name);
  v->constant = std::move(data);
  bucket.push_back(v);
  return v;
}

Node* Graph::add_node(std::string op, std::vector<Argument> args, std::vector<TensorType> results, std::shared_ptr<const Source> source,
                      const std::string& name) {
  return insert_node(nodes.end(), std::move(op), std::move(args), std::move(results), std::move(source), name);
}

Node* Graph::insert_node(NodeList::iterator where, std::string op, std::vector<Argument> args, std::vector<TensorType> results,
                         std::shared_ptr<const Source> source, const std::string& name) {
  auto node = std::make_unique<Node>();
  node->op = std::move(op);
  node->args = std::move(args);
  node->source = std::move(source);
  std::string stem = name;
  if (stem.empty()) {  // "aten::add.Tensor" → "add"
    const size_t start = node->op.find("::");
    stem = node->op.substr(start == std::string::npos ? 0 : start + 2);
    stem = stem.substr(0, stem.find('.'));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    Value* v = new_value(Value::Kind::Result, results.size() == 1 ? stem : stem + "." + std::to_string(i), std::move(results[i]));
    v->producer = node.get();
    node->results.push_back(v);
  }
  return nodes.insert(where, std::move(node))->get();
}

void Graph::replace_uses(const std::unordered_map<Value*, Value*>& map) {
  if (map.empty()) return;
  auto resolve = [&map](Value*& v) {
    size_t hops = 0;
    for (auto it = map.find(v); it != map.end() && it->second != v; it = map.find(v)) {
      v = it->second;
      if (++hops > map.size()) throw InternalError("replace_uses: the replacements form a cycle");
    }
  };
  for (const auto& node : nodes) {
    for_each_operand(*node, resolve);
    if (node->op == "etc::view") {
      Value*& operand = std::get<Value*>(node->args[0]);
      if (!is_view(operand) && operand->type.is_contiguous()) continue;
      // The old operand was a contiguous root of the same sizes. A window on it is a window on the new root only while the new operand
      // lays its elements out the same way.
      if (!operand->type.is_contiguous()) throw InternalError("replace_uses: a viewed root was replaced by a strided view");
      node->args[3] = sym_of(node->args[3]) + view_offset(operand);
      operand = root_of(operand);
    }
  }
  for (Output& o : outputs) resolve(o.value);
}

std::unordered_map<const Value*, int> Graph::use_counts() const {
  std::unordered_map<const Value*, int> counts;
  for (const auto& node : nodes) for_each_operand(static_cast<const Node&>(*node), [&](const Value* v) { ++counts[v]; });
  for (const Output& o : outputs) ++counts[o.value];
  return counts;
}

bool Graph::remove_dead() {
  std::unordered_set<const Value*> live;
  std::unordered_set<const Symbol*> live_symbols;
  auto keep_symbol = [&](const SymbolRef& s) { live_symbols.insert(s.get()); };
  for (const Output& o : outputs) {
    live.insert(o.value);
    for_each_symbol(o.value->type, keep_symbol);
  }
  bool changed = false;
  for (auto it = nodes.end(); it != nodes.begin();) {
    --it;
    bool used = (*it)->results.empty();
    if ((*it)->op == "etc::item") used = false;
    for_each_made_symbol(**it, [&](const SymbolRef& s) { used = used || live_symbols.count(s.get()); });
    for (const Value* r : (*it)->results) used = used || live.count(r);
    if (used) {
      for_each_symbol(**it, keep_symbol);
      for_each_operand(static_cast<const Node&>(**it), [&](const Value* v) { live.insert(v); });
    } else {
      for (Value* r : (*it)->results) r->producer = nullptr;
      it = nodes.erase(it);
      changed = true;
    }
  }
  return changed;
}

void Graph::forget_unused_constants() {
  const std::unordered_map<const Value*, int> uses = use_counts();
  for (auto& [hash, bucket] : constants_by_hash_)
    std::erase_if(bucket, [&](Value* v) {
      if (const auto use = uses.find(v); use != uses.end() && use->second > 0) return false;
      v->constant = {};
      return true;
    });
}

SymbolRef Graph::add_symbol(std::string name, int64_t lower, int64_t upper, bool is_real) {
  std::string unique = name;
  for (int i = 1; symbols.count(unique); ++i) unique = name + "_" + std::to_string(i);
  return symbols[unique] = std::make_shared<const Symbol>(Symbol{unique, lower, upper, is_real});
}

void for_each_symbol(const TensorType& type, const std::function<void(const SymbolRef&)>& f) {
  for (const Sizes* list : {&type.sizes, &type.strides})
    for (const SymInt& s : *list)
      if (!s.is_fixed()) for_each_symbol(s.node(), f);
}

void for_each_symbol(const Argument& argument, const std::function<void(const SymbolRef&)>& f) {
  if (auto* n = std::get_if<SymInt>(&argument)) for_each_symbol(n->node(), f);
  if (auto* r = std::get_if<SymReal>(&argument)) for_each_symbol(r->node(), f);
  if (auto* list = std::get_if<Sizes>(&argument))
    for (const SymInt& s : *list)
      if (!s.is_fixed()) for_each_symbol(s.node(), f);
}

void for_each_symbol(const Node& node, const std::function<void(const SymbolRef&)>& f) {
  if (node.op != "etc::item")
    for (const Argument& a : node.args) for_each_symbol(a, f);
  for_each_operand(node, [&](const Value* v) { for_each_symbol(v->type, f); });
  for (const Value* r : node.results) for_each_symbol(r->type, f);
  for (const auto& body : node.bodies) {
    std::set<SymbolRef> used, made;
    for (const auto& inner : body->nodes) {
      for_each_symbol(*inner, [&](const SymbolRef& s) { used.insert(s); });
      for_each_made_symbol(*inner, [&](const SymbolRef& s) { made.insert(s); });
    }
    for (const SymbolRef& s : used)
      if (!made.count(s)) f(s);
  }
}

bool has_symbols(const Node& node) {
  bool found = node.op == "etc::item";
  for_each_symbol(node, [&](const SymbolRef&) { found = true; });
  return found;
}
bool has_symbols(const Value& v) { return !v.type.is_fixed() || !view_offset(&v).is_fixed(); }

std::vector<Value*> Graph::constants() const {
  std::vector<Value*> found;
  std::unordered_set<const Value*> seen;
  auto visit = [&](Value* v) {
    if (v->kind == Value::Kind::Constant && seen.insert(v).second) found.push_back(v);
  };
  for (const auto& node : nodes) for_each_operand(static_cast<const Node&>(*node), visit);
  for (const Output& o : outputs) visit(o.value);
  return found;
}

bool is_view(const Value* v) { return v->producer && v->producer->op == "etc::view"; }

Value* root_of(Value* v) { return is_view(v) ? std::get<Value*>(v->producer->args[0]) : v; }

SymInt view_offset(const Value* v) { return is_view(v) ? sym_of(v->producer->args[3]) : SymInt(0); }

}  // namespace etc::compile
