// The compile side of the backend "reference": takes sums, differences, products and clamps of tensors of one size.
#include "backends/graph/write.h"

namespace etc::compile {
namespace {

constexpr uint64_t kInstanceBytes = 64;

std::string refusal(const Node& node, const Uses& uses) {
  using graph::Kind;
  GraphNode translated;
  if (std::string reason = translate(node, uses, &translated); !reason.empty()) return reason;
  switch (translated.record.kind) {
    case Kind::Add:
    case Kind::Subtract:
    case Kind::Multiply:
    case Kind::Clamp: break;
    default: return "the backend does not know this op";
  }
  for (const Value* v : translated.operands)
    if (v && v->type.sizes != translated.result->type.sizes) return "its operands differ in size";
  return "";
}

Lowered lower(const Subgraph& subgraph, const Uses& uses) {
  Lowered lowered = write_blob(subgraph, uses);
  lowered.instance_bytes = kInstanceBytes;
  return lowered;
}

}  // namespace

extern const Backend reference_backend;
constinit const Backend reference_backend = {"reference", "elementwise arithmetic on any machine; an example", refusal, nullptr, lower,
                                             true};

}  // namespace etc::compile
