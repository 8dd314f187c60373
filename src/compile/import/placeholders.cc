// One file entry is the whole storage that PyTorch had; a weight is a window on it. Windows that overlap go into one root:
//
//     storage   |................................|
//     a             [=======)                          root 1: the range of a and b
//     b                 [=====)
//     c                              [===)             root 2: the range of c
#include "import/placeholders.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "ir/views.h"

namespace etc::compile {
namespace {

struct Placed {
  std::string name;  // in the graph
  Weight weight;
  int64_t begin = 0, end = 0;  // range of elements in the storage
  bool written = false;
};

void collect_names(const exported::Argument& a, std::unordered_set<std::string>& names) {
  if (auto* t = a.as<exported::Tensor>()) {
    names.insert(t->name);
  } else if (auto* list = a.as<std::vector<exported::Tensor>>()) {
    for (const exported::Tensor& t : *list) names.insert(t.name);
  } else if (auto* optional_list = a.as<std::vector<std::optional<exported::Tensor>>>()) {
    for (const auto& t : *optional_list)
      if (t) names.insert(t->name);
  }
}

std::unordered_set<std::string> used_names(const exported::ExportedProgram& program, const exported::Graph& graph) {
  std::unordered_set<std::string> names;
  for (const exported::Node& node : graph.nodes)
    for (const exported::NamedArgument& a : node.inputs) collect_names(a.argument, names);
  for (const exported::OutputSpec& o : program.outputs) collect_names(o.argument, names);
  return names;
}

Placed place(const exported::InputSpec& spec, const WeightSource& weight, const AliasSets& aliases, const std::set<std::string>& shared) {
  Placed p;
  p.name = spec.argument.as<exported::Tensor>()->name;
  p.weight = weight(spec.target);
  p.written = aliases.is_written(p.name) || shared.count(p.weight.name) != 0;
  p.begin = p.end = p.weight.offset;
  if (p.weight.type.numel() == 0) return p;
  for (size_t d = 0; d < p.weight.type.sizes.size(); ++d) p.end += (p.weight.type.sizes[d] - 1) * p.weight.type.strides[d];
  ++p.end;
  return p;
}

// The type of a root that holds `count` elements: as one of the windows shows them when one shows all, else one row.
TensorType root_type(const std::vector<const Placed*>& members, int64_t begin, int64_t count) {
  for (const Placed* m : members)
    if (m->begin == begin && m->weight.type.numel() == count && m->weight.type.is_contiguous())
      return TensorType(m->weight.type.dtype, m->weight.type.sizes);
  for (const Placed* m : members) {  // transposed, but dense: the sizes in the order of memory
    if (m->begin != begin || m->weight.type.numel() != count) continue;
    const TensorType& type = m->weight.type;
    std::vector<size_t> order(type.sizes.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return type.strides[a] > type.strides[b]; });
    Sizes sizes, strides;
    for (size_t d : order) sizes.push_back(type.sizes[d]), strides.push_back(type.strides[d]);
    if (TensorType(type.dtype, sizes, strides).is_contiguous()) return TensorType(type.dtype, sizes);
  }
  return TensorType(members.front()->weight.type.dtype, {count});
}

}  // namespace

std::vector<StateStorage> define_weights(const exported::ExportedProgram& program, const exported::Graph& graph, const WeightSource& weight,
                                         const AliasSets& aliases, const std::set<std::string>& shared, Graph& out, Memory& memory) {
  using Kind = exported::InputSpec::Kind;
  const std::unordered_set<std::string> used = used_names(program, graph);
  std::vector<Placed> weights;
  for (const exported::InputSpec& spec : program.inputs) {
    if (spec.kind != Kind::Parameter && spec.kind != Kind::Buffer && spec.kind != Kind::TensorConstant) continue;
    const auto* tensor = spec.argument.as<exported::Tensor>();
    if (!tensor) throw CompileError("the input of weight '" + spec.target + "' is no tensor; the file is damaged");
    if (used.count(tensor->name) || aliases.is_written(tensor->name)) weights.push_back(place(spec, weight, aliases, shared));
  }

  // Neighbours in memory come together, otherwise the file's order stays.
  std::vector<std::vector<const Placed*>> entries;
  std::unordered_map<const std::byte*, size_t> entry_of;
  for (const Placed& w : weights) {
    const bool empty = w.begin == w.end;
    auto [it, is_new] = entry_of.emplace(w.weight.storage.data, entries.size());
    if (is_new || empty || entries[it->second].front()->weight.type.dtype != w.weight.type.dtype) {
      if (!empty) it->second = entries.size();
      entries.push_back({&w});
    } else {
      entries[it->second].push_back(&w);
    }
  }

  std::vector<StateStorage> states;
  for (std::vector<const Placed*>& entry : entries) {
    std::stable_sort(entry.begin(), entry.end(), [](const Placed* a, const Placed* b) { return a->begin < b->begin; });
    for (size_t first = 0; first < entry.size();) {
      const int64_t begin = entry[first]->begin;
      int64_t end = entry[first]->end;
      size_t last = first + 1;
      while (last < entry.size() && entry[last]->begin < end) end = std::max(end, entry[last++]->end);
      const std::vector<const Placed*> members(entry.begin() + static_cast<long>(first), entry.begin() + static_cast<long>(last));
      first = last;

      const TensorType type =
          begin == end ? TensorType(members[0]->weight.type.dtype, members[0]->weight.type.sizes) : root_type(members, begin, end - begin);
      const ConstantData& all = members[0]->weight.storage;
      const uint64_t width = size_in_bytes(type.dtype), bytes = static_cast<uint64_t>(end - begin) * width;
      const ConstantData data{all.owner, all.data + static_cast<uint64_t>(begin) * width, bytes};
      auto written = std::find_if(members.begin(), members.end(), [](const Placed* m) { return m->written; });
      const std::string label = (written == members.end() ? members.front() : *written)->weight.name;

      auto storage = std::make_shared<Storage>();
      storage->base = written == members.end() ? out.add_constant(label, type, data) : out.add_state(label, type, data);
      if (written != members.end()) states.push_back({storage->base, storage});
      for (const Placed* m : members) memory.define(m->name, storage, m->weight.type, begin == end ? 0 : m->begin - begin);
    }
  }
  return states;
}

}  // namespace etc::compile
