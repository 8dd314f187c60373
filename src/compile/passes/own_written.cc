// What an external op writes gets memory of its own: the op's new value lies where the argument lay, so nobody else may need that.
#include <unordered_set>

#include "ir/external.h"
#include "passes/pass.h"

namespace etc::compile::passes {
namespace {

// What a body of control flow gives goes where its node says: not where something was written.
bool copy_written_outputs(Graph& body) {
  std::unordered_set<const Value*> written;
  for (const auto& node : body.nodes) for_each_written(*node, [&](size_t, const Value* after) { written.insert(after); });
  bool changed = false;
  for (Output& o : body.outputs) {
    if (!written.count(root_of(o.value))) continue;
    o.value = body.add_node("etc::copy", {o.value}, {TensorType(o.value->type.dtype, o.value->type.sizes)})->results[0];
    changed = true;
  }
  return changed;
}

bool run(Graph& graph) {
  const auto uses = graph.use_counts();
  bool changed = false;
  for (auto it = graph.nodes.begin(); it != graph.nodes.end(); ++it) {
    Node& node = **it;
    for (const auto& body : node.bodies) changed |= copy_written_outputs(*body);
    for_each_written(node, [&](size_t i, const Value*) {
      auto& v = std::get<Value*>(node.args[i]);
      if (v->kind == Value::Kind::Result && !is_view(v) && v->producer->bodies.empty() && uses.at(v) == 1) return;
      v = graph.insert_node(it, "etc::copy", {v}, {TensorType(v->type.dtype, v->type.sizes)}, node.source, v->name + "_own")->results[0];
      changed = true;
    });
  }
  return changed;
}

}  // namespace

extern const Pass own_written;
constinit const Pass own_written = {"own-written", "give what external ops write memory of its own", run, false};

}  // namespace etc::compile::passes
