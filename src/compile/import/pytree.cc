// Names for the leaves of a model's arguments and results.
#include "import/pytree.h"

#include <optional>
#include <set>

#include "import/cursor.h"

namespace etc::compile::exported {
namespace {

struct Leaf {
  std::vector<std::string> path;
  bool has_name = false;  // a step is a key or field, not only a position
};

// The keys of a mapping or the fields of a record, if its children have such.
std::optional<std::vector<std::string>> child_names(const Cursor& spec, size_t children, const CallingConvention& convention) {
  const std::string type = spec.text_at("type");
  std::string context;
  spec.with("context", [&](const Cursor& c) {
    if (c.is_string()) context = c.text();
  });
  std::vector<std::string> names;
  if (type == "collections.namedtuple") {
    const auto fields = convention.namedtuple_fields.find(context);
    if (fields != convention.namedtuple_fields.end()) names = fields->second;
  } else if (!context.empty()) {
    const std::string document = "context";
    parse_json(context, document, [&](const Cursor& root) {
      const auto read_keys = [&](const Cursor& list) {
        list.each([&](const Cursor& key) { names.push_back(key.is_string() ? std::string(key.text()) : std::to_string(key.integer())); });
      };
      if (root.is_object())
        root.with("dict_context", read_keys);  // defaultdict
      else if (!root.is_null() && type != "collections.deque")
        read_keys(root);
    });
  }
  if (names.size() != children) return std::nullopt;
  return names;
}

void collect(const Cursor& spec, const Leaf& at, const CallingConvention& convention, std::vector<Leaf>* leaves) {
  bool is_leaf = true;
  spec.with("type", [&](const Cursor&) { is_leaf = false; });
  if (is_leaf) {
    leaves->push_back(at);
    return;
  }
  spec.with("children_spec", [&](const Cursor& children) {
    const auto names = child_names(spec, children.size(), convention);
    size_t i = 0;
    children.each([&](const Cursor& child) {
      Leaf below = at;
      below.path.push_back(names ? (*names)[i] : std::to_string(i));
      below.has_name |= names.has_value();
      collect(child, below, convention, leaves);
      ++i;
    });
  });
}

// Empty when the text is no tree spec: names are a courtesy, never a reason to refuse a model.
std::vector<Leaf> leaves_of(const std::string& spec, const CallingConvention& convention) {
  std::vector<Leaf> leaves;
  if (spec.empty()) return leaves;
  try {
    const std::string document = "tree spec";
    parse_json(spec, document, [&](const Cursor& root) {
      size_t i = 0;
      root.each([&](const Cursor& part) {
        if (i++ == 1) collect(part, {}, convention, &leaves);
      });
    });
  } catch (const CompileError&) {
    leaves.clear();
  }
  return leaves;
}

std::string join(const std::vector<std::string>& path, size_t first = 0) {
  std::string text;
  for (size_t i = first; i < path.size(); ++i) text += (i == first ? "" : ".") + path[i];
  return text;
}

// A leaf of (args, kwargs): "0.1.2" is part 2 of positional argument 1, "1.scale" the keyword argument scale.
std::string input_name(const Leaf& leaf, const CallingConvention& convention) {
  std::vector<std::string> path(leaf.path.begin() + 1, leaf.path.end());
  if (leaf.path[0] == "0") {
    const size_t position = std::stoul(path[0]);
    path[0] = position < convention.argument_names.size() ? convention.argument_names[position] : "arg_" + path[0];
  }
  return join(path);
}

std::string graph_name(const Argument& argument) {
  if (const auto* tensor = argument.as<Tensor>()) return tensor->name;
  if (const auto* n = argument.as<SymIntName>()) return n->name;
  if (const auto* n = argument.as<SymFloatName>()) return n->name;
  if (const auto* n = argument.as<SymBoolName>()) return n->name;
  if (const auto* object = argument.as<CustomObject>()) return object->name;
  return "";
}

std::string make_unique(std::string name, std::set<std::string>* taken) {
  std::string candidate = name;
  for (int i = 1; !taken->insert(candidate).second; ++i) candidate = name + "_" + std::to_string(i);
  return candidate;
}

}  // namespace

void name_inputs(const CallingConvention& convention, std::vector<InputSpec>* inputs) {
  std::vector<InputSpec*> leaf_inputs;
  for (InputSpec& input : *inputs)
    if (input.kind == InputSpec::Kind::User || input.kind == InputSpec::Kind::Constant) leaf_inputs.push_back(&input);
  const std::vector<Leaf> leaves = leaves_of(convention.in_spec, convention);
  bool fits = leaves.size() == leaf_inputs.size();
  for (const Leaf& leaf : leaves) fits = fits && leaf.path.size() >= 2;
  std::set<std::string> taken;
  for (size_t i = 0; i < leaf_inputs.size(); ++i) {
    std::string name = fits ? input_name(leaves[i], convention) : graph_name(leaf_inputs[i]->argument);
    if (name.empty()) name = leaf_inputs[i]->name.empty() ? "input_" + std::to_string(i) : leaf_inputs[i]->name;
    leaf_inputs[i]->name = make_unique(std::move(name), &taken);
  }
}

void name_outputs(const CallingConvention& convention, std::vector<OutputSpec>* outputs) {
  std::vector<OutputSpec*> leaf_outputs;
  for (OutputSpec& output : *outputs)
    if (output.kind == OutputSpec::Kind::User || output.kind == OutputSpec::Kind::Loss) leaf_outputs.push_back(&output);
  const std::vector<Leaf> leaves = leaves_of(convention.out_spec, convention);
  const bool fits = leaves.size() == leaf_outputs.size();
  std::set<std::string> taken;
  for (size_t i = 0; i < leaf_outputs.size(); ++i) {
    const bool named = fits && leaves[i].has_name;
    leaf_outputs[i]->name = make_unique(named ? join(leaves[i].path) : "output_" + std::to_string(i), &taken);
  }
}

}  // namespace etc::compile::exported
