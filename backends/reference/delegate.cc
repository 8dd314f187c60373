// The run side of the backend "reference": sums, differences, products and clamps of tensors of one size, element by element. No heap, no
// library, any sizes up to those that it was compiled for: a page to copy.
#include "backends/graph/read.h"

namespace etc {
namespace {

using graph::BlobNode;
using graph::BlobValue;
using graph::Kind;
using graph::Place;

// Fixed-width, no pointers: the same bytes on every machine. kInstanceBytes of partition.cc is this rounded up to 64.
struct Memory {
  int64_t most_elements;
};

const Memory& memory_of(DelegateContext ctx) { return *reinterpret_cast<const Memory*>(ctx.memory().data); }

bool is_elementwise(Kind kind) { return kind == Kind::Add || kind == Kind::Subtract || kind == Kind::Multiply || kind == Kind::Clamp; }

DelegateStatus init(DelegateContext ctx) noexcept {
  graph::Blob blob;
  if (const Error e = graph::open_blob(ctx.blob(), &blob); e != Error::Ok) return {e};
  if (const Error e = graph::check_operands(ctx, blob, blob.header->workspace_bytes); e != Error::Ok) return {e};
  if (ctx.memory().size < sizeof(Memory) || blob.values.empty()) return {Error::BadProgram};
  const int64_t elements = graph::numel_of(blob.values[0]);
  for (const BlobNode& node : blob.nodes)
    if (!is_elementwise(node.kind)) return {Error::BadProgram};
  for (const BlobValue& v : blob.values)
    if (graph::numel_of(v) != elements) return {Error::BadProgram};
  reinterpret_cast<Memory*>(ctx.memory().data)->most_elements = elements;
  return {};
}

void run(const BlobNode& node, const float* a, const float* b, float* y, int64_t n) {
  const float low = node.reals[0], high = node.reals[1];
  switch (node.kind) {
    case Kind::Add:
      for (int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
      break;
    case Kind::Subtract:
      for (int64_t i = 0; i < n; ++i) y[i] = a[i] - b[i];
      break;
    case Kind::Multiply:
      for (int64_t i = 0; i < n; ++i) y[i] = a[i] * b[i];
      break;
    default:  // Clamp; NaN stays NaN
      for (int64_t i = 0; i < n; ++i) y[i] = a[i] < low ? low : a[i] > high ? high : a[i];
  }
}

// init has accepted the blob, and the file does not change: it is read again without checks.
DelegateStatus execute(DelegateContext ctx) noexcept {
  graph::Blob blob;
  graph::view_blob(ctx.blob(), &blob);
  const uint32_t operands = ctx.argument_count() + ctx.result_count();
  const int64_t n = ctx.tensor(0).numel();  // sizes may be smaller than at init, but are those of all tensors
  for (uint32_t i = 0; i < operands; ++i)
    if (ctx.tensor(i).numel() != n || n > memory_of(ctx).most_elements) return {Error::BadShape};
  const auto data = [&](uint32_t value) { return graph::data_of(ctx, blob, value); };
  for (uint32_t i = 0; i < blob.nodes.size; ++i) {
    const BlobNode& node = blob.nodes[i];
    run(node, data(node.operands[0]), graph::has(node, 1) ? data(node.operands[1]) : nullptr, data(blob.header->arguments + i), n);
  }
  return {};
}

}  // namespace

extern const DelegateTable reference_delegate;
const DelegateTable reference_delegate = {
    DelegateTable::kAbi, DelegateTable::kDynamicSizes, "reference", init, execute, nullptr, nullptr, nullptr};

}  // namespace etc
