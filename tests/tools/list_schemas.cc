// Prints the schema of every kernel and decomposition, one a line, for the test that compares them with PyTorch's.
#include <cstdio>

#include "etc/op.h"
#include "ir/builder.h"

int main() {
  const etc::OpTable& kernels = etc::builtin_ops();
  for (uint32_t i = 0; i < kernels.count; ++i) std::printf("kernel %s\n", kernels.ops[i]->schema);
  for (const auto& d : etc::compile::decompositions()) std::printf("decomposition %s\n", d.schema);
}
