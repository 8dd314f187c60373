// Reads the JSON documents of a .pt2 archive. Unknown keys are ignored and missing keys take their defaults, as PyTorch does; what
// is there and has the wrong type is a CompileError with its place ("net.pt2:models/model.json: graph_module.graph.nodes[3]…").
#pragma once

#include <map>
#include <optional>
#include <string>

#include "import/exported.h"

namespace etc::compile::exported {

// models/<M>.json. `document` names it in errors.
ExportedProgram read_program(std::string json, const std::string& document);

// One entry of data/{weights,constants}/<M>_…_config.json.
struct Payload {
  std::string path_name;
  bool use_pickle = false;
  std::optional<TensorMeta> meta;  // absent for custom objects
};
std::map<std::string, Payload> read_payloads(std::string json, const std::string& document);

}  // namespace etc::compile::exported
