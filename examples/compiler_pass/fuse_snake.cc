// A compiler pass of our own: the activation x + sin(alpha x)^2 / alpha, five ops in a model that writes it out, becomes one call of the
// kernel in examples/custom_op.
//   c++ -O2 -shared -fPIC fuse_snake.cc $(pkg-config --cflags etc-compile) -o fuse_snake.so
//   etc-compile --plugin ./fuse_snake.so model.pt2
#include "compiler_plugin.h"

namespace {

using namespace etc::compile;

bool fuse_snake(Graph& graph) {
  return rewrite(graph,
                 "aten::add.Tensor(?x, aten::div.Tensor(aten::pow.Tensor_Scalar(aten::sin(aten::mul.Tensor(?x, ?alpha)), 2), ?alpha))",
                 [](Match& m) -> Value* {
                   if (m.result()->type.dtype != etc::DType::F32) return nullptr;  // what the kernel takes
                   return m.external("mylib::snake", {{"x", m.value("x")}, {"alpha", m.real("alpha")}}, {m.result()->type});
                 });
}

}  // namespace

ETC_COMPILER_PLUGIN(plugin) { plugin.add_pass({"fuse-snake", "one kernel for x + sin(alpha x)^2 / alpha", fuse_snake}); }
