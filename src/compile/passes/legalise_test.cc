// legalise copies what kernels need, names what has no kernel, and leaves the rest.
#include "ir/error.h"
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

TEST(Legalise, LeavesWhatKernelsTake) {
  expect_unchanged("legalise", R"(
    input %x: f32[2,3]
    %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
    %c: f32[3,2] = etc::copy(%t)
    %y: f32[3,2] = aten::relu(%c)
    %flat: f32[6] = etc::view(%y, [6], [1], 0)
    output "y" = %flat
  )");
}

TEST(Legalise, CopiesForExternalOpsOnce) {
  expect_pass("legalise", R"(
    input %x: f32[2,3]
    %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
    %y: f32[1] = extern my::op(x=%t)
    %z: f32[1] = extern my::op(x=%t)
    output "y" = %y
    output "z" = %z
  )",
              R"(
    input %x: f32[2,3]
    %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
    %t_copy: f32[3,2] = etc::copy(%t)
    %y: f32[1] = extern my::op(x=%t_copy)
    %z: f32[1] = extern my::op(x=%t_copy)
    output "y" = %y
    output "z" = %z
  )");
}

TEST(Legalise, CopiesOnlyWhatTheKernelRefuses) {
  // Gather wants all contiguous; neg takes any strides.
  expect_pass("legalise", R"(
    input %x: f32[2,4]
    input %i: i64[4,2]
    %t: i64[2,4]{1,2} = etc::view(%i, [2, 4], [1, 2], 0)
    %y: f32[2,4] = aten::gather(%x, 1, %t, false)
    %n: i64[2,4] = aten::neg(%t)
    output "y" = %y
    output "n" = %n
  )",
              R"(
    input %x: f32[2,4]
    input %i: i64[4,2]
    %t: i64[2,4]{1,2} = etc::view(%i, [2, 4], [1, 2], 0)
    %t_copy: i64[2,4] = etc::copy(%t)
    %y: f32[2,4] = aten::gather(%x, 1, %t_copy, false)
    %n: i64[2,4] = aten::neg(%t)
    output "y" = %y
    output "n" = %n
  )");
}

TEST(Legalise, NamesEveryOpWithoutAKernel) {
  // No float8 arithmetic: PyTorch has none either.
  Graph graph = parse_graph(R"(graph g {
    input %x: f8e5m2[2]
    %a: f8e5m2[2] = aten::relu(%x)  @ net/model.py:12 layer1 relu
    %b: f8e5m2[2] = aten::mul.Tensor(%a, %a)  @ net/model.py:13 layer2 mul
    output "b" = %b
  })");
  try {
    find_pass("legalise").run(graph);
    FAIL() << "no error";
  } catch (const CompileError& e) {
    EXPECT_STREQ(e.what(),
                 "2 ops have no kernel for their dtypes:\n  aten::relu(f8e5m2[2]) at net/model.py:12\n"
                 "  aten::mul.Tensor(f8e5m2[2], f8e5m2[2]) at net/model.py:13");
    EXPECT_EQ(e.code(), kBadInput);
  }
}

}  // namespace
}  // namespace etc::compile
