// The blob that the backends of this folder share: a small graph of f32 tensors in execution order.
//
//   | Header | BlobValue × (arguments + nodes) | BlobNode × nodes |
//
// The first values are the arguments of the delegate call: the subgraph's inputs, then its constants (weights), used where they lie in the
// program. Then comes what each node makes, in order. The n-th value that is a result is result n of the call. Every tensor is contiguous.
// Little-endian, every record 64 bytes. A blob comes from a file that anybody may have written: see read.h.
#pragma once

#include "etc/base.h"

namespace etc::graph {

constexpr uint32_t kMagic = 0x67637465;  // "etcg" in memory
constexpr uint32_t kVersion = 1;
constexpr uint32_t kMaxBlobRank = 6;
constexpr uint32_t kMostNodes = 8192;  // so that what is quadratic in them ends
constexpr uint32_t kAbsent = 0xffffffffu;

struct Header {
  uint32_t magic, version;
  uint32_t arguments, nodes, results;
  uint32_t constants;        // how many of the arguments, the last ones
  uint64_t workspace_bytes;  // of the values with Place::Workspace
  uint64_t reserved_too[4];
};

enum class Place : uint8_t { Argument, Result, Workspace };

struct BlobValue {
  DType dtype;
  uint8_t rank;
  Place place;
  uint8_t reserved[5];
  uint64_t offset;  // Workspace: in bytes, multiple of 64. Result: which one
  int64_t sizes[kMaxBlobRank];
};

enum class Kind : uint16_t {
  Convolution,  // x[N,C,H,W], w[O,C/groups,KH,KW], b[O] or absent; numbers: stride, padding, dilation (height, width each), groups
  Linear,       // x[…,I], w[O,I], b[O] or absent
  Add,          // a, b, broadcast as in PyTorch; so the next three
  Subtract,
  Multiply,
  Divide,
  Clamp,  // x; reals: lower, upper
  Sigmoid,
  Tanh,
  Gelu,  // the exact one
  HardSwish,
  MaxPool,      // x[N,C,H,W]; numbers: kernel, stride, padding, dilation
  AveragePool,  // the same without dilation; numbers[8] = 1: padding counts
  Mean,         // x[N,C,H,W] → [N,C,1,1]
  Softmax,      // over the last dimension
  LayerNorm,    // x, weight, bias of the last dimension, or absent; reals: epsilon
  Reshape,      // the same elements in other sizes
};
constexpr uint32_t kKinds = 17;

struct BlobNode {
  Kind kind;
  uint16_t reserved;
  uint32_t operands[3];  // values; kAbsent
  uint32_t reserved_too;
  int32_t numbers[9];
  float reals[2];
};

static_assert(sizeof(Header) == 64 && sizeof(BlobValue) == 64 && sizeof(BlobNode) == 64, "records of one size");

}  // namespace etc::graph
