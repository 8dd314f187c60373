// The compile side of the example: takes chains of negations, as a plugin of the compiler. See docs/backends.md.
//
//   g++ -O2 -fPIC -shared negate_partition.cc $(pkg-config --cflags etc-compile) -o negate_partition.so
//   etc-compile model.pt2 --plugin ./negate_partition.so --backend negate
#include <cstring>

#include "compiler_plugin.h"

namespace {

using namespace etc::compile;

std::string refusal(const Node& node, const Uses&) {
  if (node.op != "aten::neg") return "only negations";
  return node.results[0]->type.dtype == etc::DType::F32 ? "" : "only f32";
}

// What lies between two negations must be nobody else's.
std::string refusal_of_subgraph(const Subgraph& s) { return s.outputs.size() == 1 ? "" : "others read what lies between"; }

Lowered lower(const Subgraph& s, const Uses&) {
  const uint32_t blob[] = {0x6e656761, static_cast<uint32_t>(s.nodes.size())};  // as negate_delegate.cc reads it
  Lowered lowered;
  lowered.blob.resize(sizeof blob);
  std::memcpy(lowered.blob.data(), blob, sizeof blob);
  lowered.instance_bytes = 64;
  return lowered;
}

}  // namespace

extern const Backend negate_backend;
const Backend negate_backend = {"negate", "chains of negations", refusal, refusal_of_subgraph, lower};

ETC_COMPILER_PLUGIN(plugin) { plugin.add_backend(&negate_backend); }
