// An op's schema text, taken apart: argument names, types and defaults. PyTorch's own notation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

struct SchemaArgument {
  std::string name;
  std::string type;  // "Tensor", "int", "ScalarType", … without alias, list and optional marks
  bool is_list = false;
  bool is_optional = false;            // None is allowed
  bool has_optional_elements = false;  // Tensor?[]
  bool is_keyword_only = false;
  bool is_written = false;                // Tensor(a!)
  char alias = 0;                         // 'a' of Tensor(a)
  int list_size = 0;                      // int[2]: one number stands for two; 0: any
  std::optional<Argument> default_value;  // None{} for "=None"
};

struct Schema {
  std::string name;  // "aten::add.Tensor"
  std::vector<SchemaArgument> arguments;
  std::vector<SchemaArgument> returns;        // names may be empty
  int find(std::string_view argument) const;  // index or -1
};

// Throws InternalError on text that is no schema: schemas are our own data.
Schema parse_schema(std::string_view text);

// DType numbers for ScalarType defaults such as `dtype=long` are ours (etc/base.h), not PyTorch's.

}  // namespace etc::compile
