// The compile side of the graph blob; see write.h.
#include "backends/graph/write.h"

#include <algorithm>
#include <cstring>

#include "etc/program.h"
#include "ir/error.h"

namespace etc::compile {
namespace {

constexpr uint64_t round_up(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// First fit over lifetimes, in order of definition: blobs are straight lines.
class Workspace {
 public:
  uint64_t place(uint64_t bytes, size_t first, size_t last) {
    bytes = round_up(bytes);
    uint64_t offset = 0;
    std::sort(taken_.begin(), taken_.end(), [](const Part& a, const Part& b) { return a.offset < b.offset; });
    for (const Part& p : taken_)
      if (p.last >= first && p.offset < offset + bytes && offset < p.offset + p.bytes) offset = p.offset + p.bytes;
    taken_.push_back({offset, bytes, last});
    bytes_ = std::max(bytes_, offset + bytes);
    return offset;
  }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Part {
    uint64_t offset, bytes;
    size_t last;
  };
  std::vector<Part> taken_;
  uint64_t bytes_ = 0;
};

graph::BlobValue record_of(const Value* v, graph::Place place) {
  graph::BlobValue record{};
  record.dtype = v->type.dtype;
  record.rank = static_cast<uint8_t>(v->type.sizes.size());
  record.place = place;
  for (size_t d = 0; d < v->type.sizes.size(); ++d) record.sizes[d] = v->type.sizes[d].upper();  // what init sees
  return record;
}

class Writer {
 public:
  Writer(const Subgraph& subgraph, const Uses& uses) : s_(subgraph) {
    for (const Node* node : s_.nodes) {
      nodes_.emplace_back();
      if (const std::string reason = translate(*node, uses, &nodes_.back()); !reason.empty())
        throw InternalError("graph blob: " + node->op + ": " + reason);
    }
  }

  Lowered run() {
    Lowered lowered;
    lowered.constants = used_constants();
    const size_t arguments = s_.inputs.size() + lowered.constants.size();
    for (const Value* v : s_.inputs) add(v, graph::Place::Argument);
    for (const Value* v : lowered.constants) add(v, graph::Place::Argument);
    for (size_t n = 0; n < nodes_.size(); ++n) add_result(n);
    for (size_t n = 0; n < nodes_.size(); ++n)
      for (size_t i = 0; i < 3; ++i) {
        const Value* v = i < nodes_[n].operands.size() ? nodes_[n].operands[i] : nullptr;
        nodes_[n].record.operands[i] = v ? ids_.at(v) : graph::kAbsent;
      }
    if (nodes_.size() > graph::kMostNodes || arguments > graph::kMostNodes)
      throw CompileError("a subgraph of " + std::to_string(nodes_.size()) +
                         " nodes is too large for the backend; leave it out with fewer --backend");
    graph::Header header{};
    header.magic = graph::kMagic;
    header.version = graph::kVersion;
    header.arguments = static_cast<uint32_t>(arguments);
    header.nodes = static_cast<uint32_t>(nodes_.size());
    header.results = static_cast<uint32_t>(s_.outputs.size());
    header.constants = static_cast<uint32_t>(lowered.constants.size());
    header.workspace_bytes = lowered.workspace_bytes = workspace_.bytes();
    append(lowered.blob, header);
    for (const graph::BlobValue& v : values_) append(lowered.blob, v);
    for (const GraphNode& n : nodes_) append(lowered.blob, n.record);
    return lowered;
  }

 private:
  // Numbers of clamps and the like are in the records.
  Values used_constants() const {
    Values used;
    for (Value* c : s_.constants)
      if (std::any_of(nodes_.begin(), nodes_.end(),
                      [&](const GraphNode& n) { return std::count(n.operands.begin(), n.operands.end(), c); }))
        used.push_back(c);
    return used;
  }

  void add(const Value* v, graph::Place place) {
    ids_[v] = static_cast<uint32_t>(values_.size());
    values_.push_back(record_of(v, place));
  }

  // Results of the call come in the order of s_.outputs: that is the order of nodes, as the blob wants it.
  void add_result(size_t n) {
    const Value* v = nodes_[n].result;
    const bool is_output = std::find(s_.outputs.begin(), s_.outputs.end(), v) != s_.outputs.end();
    add(v, is_output ? graph::Place::Result : graph::Place::Workspace);
    if (is_output) {
      values_.back().offset = results_++;
      return;
    }
    size_t last = n;
    for (size_t k = n + 1; k < nodes_.size(); ++k)
      if (std::count(nodes_[k].operands.begin(), nodes_[k].operands.end(), v)) last = k;
    values_.back().offset = workspace_.place(static_cast<uint64_t>(v->type.bytes()), n, last);
  }

  template <class T>
  static void append(std::vector<std::byte>& blob, const T& record) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&record);
    blob.insert(blob.end(), bytes, bytes + sizeof record);
  }

  const Subgraph& s_;
  std::vector<GraphNode> nodes_;
  std::vector<graph::BlobValue> values_;
  std::unordered_map<const Value*, uint32_t> ids_;
  Workspace workspace_;
  uint64_t results_ = 0;
};

}  // namespace

uint64_t staging_bytes(const Subgraph& subgraph, uint64_t extra) {
  uint64_t bytes = 0;
  for (const Values* list : {&subgraph.inputs, &subgraph.outputs})
    for (const Value* v : *list) bytes += round_up(static_cast<uint64_t>(v->type.bytes()) + extra);
  return bytes;
}

Lowered write_blob(const Subgraph& subgraph, const Uses& uses) { return Writer(subgraph, uses).run(); }

}  // namespace etc::compile
