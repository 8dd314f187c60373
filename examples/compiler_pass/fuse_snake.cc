// A compiler pass of our own: the activation x + sin(alpha x)^2 / alpha, five ops in a model that writes it out, becomes one call of the
// kernel in examples/custom_op.
//   c++ -O2 -shared -fPIC fuse_snake.cc $(pkg-config --cflags etc-compile) -o fuse_snake.so
//   etc-compile --plugin ./fuse_snake.so model.pt2
#include "compiler_plugin.h"

namespace {

using namespace etc::compile;

// PyTorch's square is a product by the time that passes see it.
constexpr const char* kSine = "aten::sin(aten::mul.Tensor(?x, ?alpha))";

bool fuse_snake(Graph& graph) {
  const std::string square = std::string("aten::mul.Tensor(") + kSine + ", " + kSine + ")";
  return rewrite(graph, "aten::add.Tensor(?x, aten::div.Tensor(" + square + ", ?alpha))", [](Match& m) -> Value* {
    if (m.result()->type.dtype != etc::DType::F32) return nullptr;  // what the kernel takes
    return m.external("mylib::snake", {{"x", m.value("x")}, {"alpha", m.real("alpha")}}, {m.result()->type});
  });
}

}  // namespace

// Before equal parts of two such expressions are merged.
ETC_COMPILER_PLUGIN(plugin) { plugin.add_pass({"fuse-snake", "one kernel for x + sin(alpha x)^2 / alpha", fuse_snake}, "after import"); }
