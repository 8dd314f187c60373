// Reading a graph blob where it lies, after checking all of it. No heap; used by every backend of this folder.
#pragma once

#include "backends/graph/format.h"
#include "etc/delegate.h"

namespace etc::graph {

struct Blob {
  const Header* header = nullptr;
  Span<const BlobValue> values;
  Span<const BlobNode> nodes;

  const BlobValue& result_of(size_t node) const { return values[header->arguments + node]; }
  // Constants are what the program file holds: nobody writes to them.
  bool is_constant(uint32_t value) const { return value < header->arguments && value >= header->arguments - header->constants; }
};

inline int64_t numel_of(const BlobValue& v) {
  int64_t n = 1;
  for (uint32_t d = 0; d < v.rank; ++d) n *= v.sizes[d];
  return n;
}
inline uint64_t bytes_of(const BlobValue& v) { return static_cast<uint64_t>(numel_of(v)) * size_in_bytes(v.dtype); }
// From value ids of a checked blob.
inline bool has(const BlobNode& node, uint32_t operand) { return node.operands[operand] != kAbsent; }

// How many operands a node of this kind may have, and must.
struct Arity {
  uint8_t least, most;
};
Arity arity_of(Kind kind);

// Ok when the blob is whole: counts and places are inside it, nodes use what is made before, the sizes of each node's operands and result
// fit each other, and no number that a backend may form of them overflows. Linear in the blob.
Error open_blob(Span<const std::byte> bytes, Blob* blob);
// The same view of a blob that open_blob has accepted before.
inline void view_blob(Span<const std::byte> bytes, Blob* blob) {
  blob->header = reinterpret_cast<const Header*>(bytes.data);
  blob->values = {reinterpret_cast<const BlobValue*>(blob->header + 1), size_t{blob->header->arguments} + blob->header->nodes};
  blob->nodes = {reinterpret_cast<const BlobNode*>(blob->values.end()), blob->header->nodes};
}
// Where a value lies in this run, for backends that keep to the blob's places.
inline float* data_of(DelegateContext ctx, const Blob& blob, uint32_t value) {
  const BlobValue& v = blob.values[value];
  if (v.place == Place::Workspace) return reinterpret_cast<float*>(ctx.workspace().data + v.offset);
  if (v.place == Place::Argument) return ctx.argument(value).as<float>();
  return ctx.result(static_cast<uint32_t>(v.offset)).as<float>();
}
// Ok when the operands of the call are the arguments and results of the blob: number, dtype, sizes, contiguous; the
// workspace has `workspace_bytes`.
Error check_operands(DelegateContext ctx, const Blob& blob, uint64_t workspace_bytes);

// True when the sizes of a node's operands and result fit its kind and numbers. The values are checked.
bool is_consistent(const Blob& blob, size_t node);

}  // namespace etc::graph
