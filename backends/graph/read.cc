// Checking a graph blob; see read.h.
#include "backends/graph/read.h"

#include "etc/program.h"

namespace etc::graph {

Arity arity_of(Kind kind) {
  switch (kind) {
    case Kind::Convolution:
    case Kind::Linear: return {2, 3};
    case Kind::Add:
    case Kind::Subtract:
    case Kind::Multiply:
    case Kind::Divide: return {2, 2};
    case Kind::LayerNorm: return {1, 3};
    default: return {1, 1};
  }
}

namespace {

bool is_value(const BlobValue& v, const Header& h) {
  if (v.dtype != DType::F32 || v.rank > kMaxBlobRank) return false;
  // Not only the bytes must be countable: backends add padding and multiply two of them.
  constexpr int64_t kMostBytes = int64_t{1} << 40, kMostSize = INT32_MAX;
  int64_t bytes = size_in_bytes(v.dtype);
  for (uint32_t d = 0; d < v.rank; ++d)
    if (v.sizes[d] <= 0 || v.sizes[d] > kMostSize || !checked_multiply(bytes, v.sizes[d], &bytes) || bytes > kMostBytes) return false;
  if (v.place != Place::Workspace) return v.place == Place::Argument || v.place == Place::Result;
  return v.offset % kAlignment == 0 && v.offset <= h.workspace_bytes && bytes_of(v) <= h.workspace_bytes - v.offset;
}

bool is_node(const Blob& blob, size_t n) {
  const BlobNode& node = blob.nodes[n];
  if (static_cast<uint32_t>(node.kind) >= kKinds) return false;
  const Arity arity = arity_of(node.kind);
  for (uint32_t i = 0; i < 3; ++i)
    if (has(node, i) ? i >= arity.most || node.operands[i] >= blob.header->arguments + n : i < arity.least) return false;
  return is_consistent(blob, n);
}

bool are_places(const Blob& blob) {
  const Header& h = *blob.header;
  uint32_t results = 0;
  for (size_t v = 0; v < blob.values.size; ++v) {
    const Place place = blob.values[v].place;
    if (!is_value(blob.values[v], h) || (place == Place::Argument) != (v < h.arguments)) return false;
    if (place == Place::Result && blob.values[v].offset != results++) return false;
  }
  return results == h.results && h.constants <= h.arguments;
}

}  // namespace

Error open_blob(Span<const std::byte> bytes, Blob* blob) {
  if (bytes.size < sizeof(Header)) return Error::BadProgram;
  const auto* header = reinterpret_cast<const Header*>(bytes.data);
  if (header->magic != kMagic) return Error::BadProgram;
  if (header->version != kVersion) return Error::WrongVersion;
  if (header->nodes > kMostNodes || header->arguments > kMostNodes) return Error::BadProgram;
  const uint64_t values = uint64_t{header->arguments} + header->nodes;
  if (bytes.size != sizeof(Header) + values * sizeof(BlobValue) + header->nodes * sizeof(BlobNode)) return Error::BadProgram;
  view_blob(bytes, blob);
  if (!are_places(*blob)) return Error::BadProgram;
  for (size_t n = 0; n < blob->nodes.size; ++n)
    if (!is_node(*blob, n)) return Error::BadProgram;
  return Error::Ok;
}

Error check_operands(DelegateContext ctx, const Blob& blob, uint64_t workspace_bytes) {
  const Header& h = *blob.header;
  if (ctx.argument_count() != h.arguments || ctx.result_count() != h.results || ctx.workspace().size < workspace_bytes)
    return Error::BadProgram;
  uint32_t results = 0;
  for (uint32_t v = 0; v < blob.values.size; ++v) {
    const BlobValue& value = blob.values[v];
    if (value.place == Place::Workspace) continue;
    const bool is_argument = value.place == Place::Argument;
    if (is_argument && !ctx.is_tensor(v)) return Error::BadProgram;
    const Tensor& t = is_argument ? ctx.argument(v) : ctx.result(results++);
    if (t.dtype != value.dtype || t.rank != value.rank || t.layout != 0 || !is_contiguous(t)) return Error::BadProgram;
    for (uint32_t d = 0; d < t.rank; ++d)
      if (t.sizes[d] != value.sizes[d]) return Error::BadProgram;
  }
  return Error::Ok;
}

}  // namespace etc::graph
