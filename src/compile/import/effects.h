// What a node does to memory when PyTorch runs it eagerly: which results show an argument's memory, and which arguments it writes.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "import/exported.h"

namespace etc::compile {

struct Effects {
  struct Alias {
    std::string result, argument;
  };
  std::vector<Alias> aliases;
  std::vector<std::string> writes;
};

// Whether `reshape`, `contiguous`, `to` and their like return their argument's memory depends on its strides, which the file states.
// Where it states expressions instead, they are taken to.
Effects effects_of(const exported::Node& node, const exported::Graph& graph);

// Sizes and strides of a value of the file, and whether all of them are numbers. CompileError (beginning with `place`) when they are
// not, or the dtype is none of ours.
bool is_static(const exported::TensorMeta& meta);
TensorType type_of(const exported::TensorMeta& meta, const std::string& place);

// Values that share memory, by the effects of all nodes.
class AliasSets {
 public:
  explicit AliasSets(const exported::Graph& graph);
  void write(const std::string& name) { written_.insert(first(name)); }
  // Whether anything ever writes to the memory that this value shows.
  bool is_written(const std::string& name) const { return written_.count(first(name)) != 0; }

 private:
  std::string first(const std::string& name) const;
  std::unordered_map<std::string, std::string> base_;
  std::unordered_set<std::string> written_;
};

}  // namespace etc::compile
