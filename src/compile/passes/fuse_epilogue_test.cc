// fuse-epilogue puts activations, residuals and biases into packed ops.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

constexpr char kInputs[] = "input %x: f32[2,4,5,3]\ninput %w: f32[1,3,16]\n";
// A convolution of the name, and the view of it that its users see.
std::string conv(const std::string& name, const std::string& bias, const std::string& residual, const std::string& activation) {
  return "%" + name + ": f32[2,4,5,3] = etc::packed_conv2d(%x, %w, " + bias + ", " + residual + ", 3, [1, 1], [1, 1], [0, 0], [1, 1], \"" +
         activation + "\")\n";
}
std::string shown(const std::string& name, const std::string& of) {
  return "%" + name + ": f32[2,3,4,5]{60,1,15,3} = etc::view(%" + of + ", [2, 3, 4, 5], [60, 1, 15, 3], 0)\n";
}

TEST(FuseEpilogue, AnActivationOfAView) {
  const std::pair<const char*, const char*> activations[] = {{"aten::relu(%v)", "relu"},
                                                             {"aten::hardtanh(%v, 0, 6)", "relu6"},
                                                             {"aten::clamp(%v, 0.0, 6.0)", "relu6"},
                                                             {"aten::clamp(%v, 0, none)", "relu"},
                                                             {"aten::hardswish(%v)", "hardswish"},
                                                             {"aten::gelu(%v, \"none\")", "gelu"},
                                                             {"aten::gelu(%v, \"tanh\")", "gelu_tanh"}};
  for (const auto& [call, name] : activations)
    expect_pass("fuse-epilogue",
                kInputs + conv("c", "none", "none", "none") + shown("v", "c") + "%y: f32[2,3,4,5] = " + call + "\noutput \"y\" = %y\n",
                kInputs + conv("y_packed", "none", "none", name) + shown("y", "y_packed") + "output \"y\" = %y\n");
}

// The residual is made after the convolution, which moves behind it.
TEST(FuseEpilogue, AResidualAndThenAnActivation) {
  expect_pass("fuse-epilogue", kInputs + conv("c", "none", "none", "none") + shown("v", "c") + R"(
    %r: f32[2,4,5,3] = aten::neg(%x)
    %u: f32[2,3,4,5]{60,1,15,3} = etc::view(%r, [2, 3, 4, 5], [60, 1, 15, 3], 0)
    %sum: f32[2,3,4,5] = aten::add.Tensor(%u, %v, 1)
    %y: f32[2,3,4,5] = aten::relu(%sum)
    output "y" = %y
  )",
              std::string(kInputs) + "%r: f32[2,4,5,3] = aten::neg(%x)\n" + conv("y_packed", "none", "%r", "relu") +
                  shown("y", "y_packed") + "output \"y\" = %y\n");
}

TEST(FuseEpilogue, AConstantAlongChannelsIsABias) {
  expect_pass("fuse-epilogue",
              std::string(kInputs) + "const %k: f32[3,1,1] = 1 2 3\n" + conv("c", "none", "none", "none") + shown("v", "c") + R"(
    %y: f32[2,3,4,5] = aten::add.Tensor(%v, %k, 1)
    output "y" = %y
  )",
              std::string(kInputs) + "const %k_bias: f32[3] = 1 2 3\n" + conv("y_packed", "%k_bias", "none", "none") +
                  shown("y", "y_packed") + "output \"y\" = %y\n");
}

TEST(FuseEpilogue, SeesThroughReshapes) {
  expect_pass("fuse-epilogue", R"(
    input %x: f32[6,2]
    input %w: f32[1,2,16]
    input %r: f32[2,3,4]
    %l: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "none")
    %v: f32[2,3,4] = etc::view(%l, [2, 3, 4], [12, 4, 1], 0)
    %sum: f32[2,3,4] = aten::add.Tensor(%v, %r, 1)
    %y: f32[2,3,4] = aten::silu(%sum)
    output "y" = %y
  )",
              R"(
    input %x: f32[6,2]
    input %w: f32[1,2,16]
    input %r: f32[2,3,4]
    %r_1: f32[6,4] = etc::view(%r, [6, 4], [4, 1], 0)
    %y_packed: f32[6,4] = etc::packed_linear(%x, %w, none, %r_1, 4, "silu")
    %y: f32[2,3,4] = etc::view(%y_packed, [2, 3, 4], [12, 4, 1], 0)
    output "y" = %y
  )");
}

TEST(FuseEpilogue, AnActivationOfAPartAndOfACopy) {
  expect_pass("fuse-epilogue", R"(
    input %x: f32[6,2]
    input %w: f32[1,2,16]
    %m: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "none")
    %part: f32[3,4] = etc::view(%m, [3, 4], [4, 1], 0)
    %y: f32[3,4] = aten::relu(%part)
    %n: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "none")
    %turned: f32[4,6]{1,4} = etc::view(%n, [4, 6], [1, 4], 0)
    %copy: f32[4,6] = etc::copy(%turned)
    %row: f32[6] = etc::view(%copy, [6], [1], 6)
    %z: f32[6] = aten::tanh(%row)
    output "y" = %y
    output "z" = %z
  )",
              R"(
    input %x: f32[6,2]
    input %w: f32[1,2,16]
    %y_packed: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "relu")
    %y: f32[3,4] = etc::view(%y_packed, [3, 4], [4, 1], 0)
    %z_packed: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "tanh")
    %turned: f32[4,6]{1,4} = etc::view(%z_packed, [4, 6], [1, 4], 0)
    %copy: f32[4,6] = etc::copy(%turned)
    %z: f32[6] = etc::view(%copy, [6], [1], 6)
    output "y" = %y
    output "z" = %z
  )");
}

TEST(FuseEpilogue, KeepsWhatOthersSee) {
  expect_unchanged("fuse-epilogue", R"(
    input %x: f32[6,2]
    input %w: f32[1,2,16]
    input %x4: f32[6,4]
    %l: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "none")
    %y: f32[6,4] = aten::relu(%l)
    %m: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "none")
    %part: f32[3,4] = etc::view(%m, [3, 4], [4, 1], 0)
    %z: f32[3,4] = aten::relu(%part)
    %rest: f32[3,4] = etc::view(%m, [3, 4], [4, 1], 12)
    %done: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "relu")
    %sum: f32[6,4] = aten::add.Tensor(%done, %x4, 1)
    %scaled: f32[6,4] = etc::packed_linear(%x, %w, none, none, 4, "none")
    %twice: f32[6,4] = aten::add.Tensor(%scaled, %x4, 2)
    output "l" = %l
    output "y" = %y
    output "z" = %z
    output "rest" = %rest
    output "sum" = %sum
    output "twice" = %twice
  )");
}

}  // namespace
}  // namespace etc::compile
