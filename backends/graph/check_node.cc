// What the sizes of a node's operands and result must have to do with each other, kind by kind.
#include "backends/graph/read.h"

namespace etc::graph {
namespace {

// Numbers are at most this, so that sums and products of a few of them stay far from overflow.
constexpr int32_t kMostNumber = 1 << 20;

bool are_in(const BlobNode& node, uint32_t first, uint32_t count, int32_t least) {
  for (uint32_t i = first; i < first + count; ++i)
    if (node.numbers[i] < least || node.numbers[i] > kMostNumber) return false;
  return true;
}

bool same_sizes(const BlobValue& a, const BlobValue& b) {
  if (a.rank != b.rank) return false;
  for (uint32_t d = 0; d < a.rank; ++d)
    if (a.sizes[d] != b.sizes[d]) return false;
  return true;
}

bool is_vector(const BlobValue& v, int64_t size) { return v.rank == 1 && v.sizes[0] == size; }

// Windows that start every `stride` elements fit `out` times, and each reaches at least one element that is no padding.
bool windows_fit(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, int64_t out) {
  const int64_t reach = dilation * (kernel - 1) + 1;
  if (in + 2 * padding < reach) return false;
  return (in + 2 * padding - reach) / stride + 1 == out;
}

bool is_convolution(const BlobNode& n, const BlobValue& x, const BlobValue& w, const BlobValue* b, const BlobValue& y) {
  if (x.rank != 4 || w.rank != 4 || y.rank != 4) return false;
  if (!are_in(n, 0, 2, 1) || !are_in(n, 2, 2, 0) || !are_in(n, 4, 2, 1) || !are_in(n, 6, 1, 1)) return false;
  const int64_t groups = n.numbers[6];
  if (x.sizes[1] != w.sizes[1] * groups || w.sizes[0] % groups != 0) return false;
  if (y.sizes[0] != x.sizes[0] || y.sizes[1] != w.sizes[0] || (b && !is_vector(*b, w.sizes[0]))) return false;
  for (uint32_t d = 0; d < 2; ++d)
    if (w.sizes[2 + d] > kMostNumber ||
        !windows_fit(x.sizes[2 + d], w.sizes[2 + d], n.numbers[d], n.numbers[2 + d], n.numbers[4 + d], y.sizes[2 + d]))
      return false;
  return true;
}

bool is_pool(const BlobNode& n, const BlobValue& x, const BlobValue& y, bool dilated) {
  if (x.rank != 4 || y.rank != 4 || x.sizes[0] != y.sizes[0] || x.sizes[1] != y.sizes[1]) return false;
  if (!are_in(n, 0, 4, 1) || !are_in(n, 4, 2, 0) || (dilated && !are_in(n, 6, 2, 1))) return false;
  for (uint32_t d = 0; d < 2; ++d) {
    // PyTorch's rule: so each window has an element.
    if (n.numbers[4 + d] * 2 > n.numbers[d]) return false;
    if (!windows_fit(x.sizes[2 + d], n.numbers[d], n.numbers[2 + d], n.numbers[4 + d], dilated ? n.numbers[6 + d] : 1, y.sizes[2 + d]))
      return false;
  }
  return true;
}

bool is_linear(const BlobValue& x, const BlobValue& w, const BlobValue* b, const BlobValue& y) {
  if (x.rank == 0 || w.rank != 2 || y.rank != x.rank || x.sizes[x.rank - 1] != w.sizes[1] || y.sizes[y.rank - 1] != w.sizes[0])
    return false;
  for (uint32_t d = 0; d + 1 < x.rank; ++d)
    if (x.sizes[d] != y.sizes[d]) return false;
  return !b || is_vector(*b, w.sizes[0]);
}

bool is_broadcast(const BlobValue& a, const BlobValue& b, const BlobValue& y) {
  if (y.rank != (a.rank > b.rank ? a.rank : b.rank)) return false;
  const auto size = [&](const BlobValue& v, uint32_t d) { return d < v.rank ? v.sizes[v.rank - 1 - d] : 1; };
  for (uint32_t d = 0; d < y.rank; ++d) {
    const int64_t m = size(a, d), n = size(b, d), wanted = size(y, d);
    if ((m != wanted && m != 1) || (n != wanted && n != 1) || (m != wanted && n != wanted)) return false;
  }
  return true;
}

bool is_layer_norm(const BlobNode& n, const BlobValue& x, const BlobValue* w, const BlobValue* b, const BlobValue& y) {
  if (!same_sizes(x, y) || x.rank == 0 || !(n.reals[0] >= 0)) return false;
  const int64_t size = x.sizes[x.rank - 1];
  return (!w || is_vector(*w, size)) && (!b || is_vector(*b, size));
}

}  // namespace

bool is_consistent(const Blob& blob, size_t node) {
  const BlobNode& n = blob.nodes[node];
  const auto operand = [&](uint32_t i) { return has(n, i) ? &blob.values[n.operands[i]] : nullptr; };
  const BlobValue &x = *operand(0), &y = blob.result_of(node);
  switch (n.kind) {
    case Kind::Convolution: return is_convolution(n, x, *operand(1), operand(2), y);
    case Kind::Linear: return is_linear(x, *operand(1), operand(2), y);
    case Kind::Add:
    case Kind::Subtract:
    case Kind::Multiply:
    case Kind::Divide: return is_broadcast(x, *operand(1), y);
    case Kind::Clamp: return same_sizes(x, y) && n.reals[0] <= n.reals[1];
    case Kind::Sigmoid:
    case Kind::Tanh:
    case Kind::Gelu:
    case Kind::HardSwish: return same_sizes(x, y);
    case Kind::MaxPool: return is_pool(n, x, y, true);
    case Kind::AveragePool: return is_pool(n, x, y, false) && (n.numbers[8] & ~1) == 0;
    case Kind::Mean:
      return x.rank == 4 && y.rank == 4 && y.sizes[0] == x.sizes[0] && y.sizes[1] == x.sizes[1] && y.sizes[2] == 1 && y.sizes[3] == 1;
    case Kind::Softmax: return same_sizes(x, y) && x.rank > 0;
    case Kind::LayerNorm: return is_layer_norm(n, x, operand(1), operand(2), y);
    case Kind::Reshape: return numel_of(x) == numel_of(y);
  }
  return false;
}

}  // namespace etc::graph
