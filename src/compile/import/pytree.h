// Names for the leaves of a model's arguments and results, from the calling convention that the exporter recorded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "import/exported.h"

namespace etc::compile::exported {

struct CallingConvention {
  std::string in_spec, out_spec;            // PyTorch's tree specs, JSON in a string; may be empty
  std::vector<std::string> argument_names;  // of forward, positional then keyword; may be empty
  std::map<std::string, std::vector<std::string>> namedtuple_fields;
};

// Sets the `name` of every user and constant input: the argument's name and the path inside it ("x", "d.key", "pair.1.0"). Where the
// convention is missing or does not fit, the graph's own name for the input.
void name_inputs(const CallingConvention& convention, std::vector<InputSpec>* inputs);
// Sets the `name` of every user output: "output_<leaf>" or the path where it has names. No two are equal.
void name_outputs(const CallingConvention& convention, std::vector<OutputSpec>* outputs);

}  // namespace etc::compile::exported
