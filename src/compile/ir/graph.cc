// The graph's own operations: values, nodes, replacing uses, removing what is dead.
#include "ir/graph.h"

#include <cstring>
#include <unordered_set>

#include "ir/error.h"

namespace etc::compile {

Sizes contiguous_strides(const Sizes& sizes) {
  Sizes strides(sizes.size());
  int64_t step = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    strides[d] = step;
    if (!checked_multiply(step, sizes[d] > 1 ? sizes[d] : 1, &step))
      throw CompileError("a tensor has more elements than 64 bits can count");
  }
  return strides;
}

TensorType::TensorType(DType d, Sizes s) : dtype(d), sizes(std::move(s)) { strides = contiguous_strides(sizes); }

int64_t TensorType::numel() const {
  int64_t n = 1;
  for (int64_t s : sizes)
    if (!checked_multiply(n, s, &n)) throw CompileError("a tensor has more elements than 64 bits can count");
  return n;
}

bool TensorType::is_contiguous() const {
  int64_t expected = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    if (sizes[d] == 0) return true;
    if (sizes[d] != 1 && strides[d] != expected) return false;
    expected *= sizes[d];
  }
  return true;
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
  for (int64_t s : type.sizes) mix(static_cast<uint64_t>(s));
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
      std::get<int64_t>(node->args[3]) += view_offset(operand);
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
  for (const Output& o : outputs) live.insert(o.value);
  bool changed = false;
  for (auto it = nodes.end(); it != nodes.begin();) {
    --it;
    bool used = (*it)->results.empty();
    for (const Value* r : (*it)->results) used = used || live.count(r);
    if (used) {
      for_each_operand(static_cast<const Node&>(**it), [&](const Value* v) { live.insert(v); });
    } else {
      for (Value* r : (*it)->results) r->producer = nullptr;
      it = nodes.erase(it);
      changed = true;
    }
  }
  return changed;
}

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

int64_t view_offset(const Value* v) { return is_view(v) ? std::get<int64_t>(v->producer->args[3]) : 0; }

}  // namespace etc::compile
