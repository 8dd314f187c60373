// fuse-blocks takes convolutions and depthwise ones whose inner value is large. That the op computes what the three do is for its own test.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// Side x side pixels of 72 channels: 1.2 MB for 64.
std::string inputs(int side) {
  const std::string n = std::to_string(side);
  return "input %x: f32[2," + n + "," + n + ",20]\ninput %r: f32[2," + n + "," + n +
         ",24]\ninput %w: f32[5,20,16]\ninput %f: f32[5,9,16]\n" + "input %p: f32[2,72,16]\ninput %b: f32[72]\ninput %c: f32[24]\n";
}
std::string image(const std::string& name, int side, int channels) {
  const std::string n = std::to_string(side);
  return "%" + name + ": f32[2," + n + "," + n + "," + std::to_string(channels) + "] = ";
}
std::string first(int side, const std::string& residual = "none") {
  return image("i", side, 72) + "etc::packed_conv2d(%x, %w, %b, " + residual + ", 72, [1, 1], [1, 1], [0, 0], [1, 1], \"relu6\")\n";
}
std::string depthwise(int side, const std::string& x = "i") {
  return image("d", side, 72) + "etc::packed_depthwise2d(%" + x + ", %f, none, [3, 3], [1, 1], [1, 1], [1, 1], \"relu\")\n";
}
std::string last(int side, const std::string& kernel = "[1, 1], [1, 1], [0, 0], [1, 1]") {
  return image("y", side, 24) + "etc::packed_conv2d(%d, %p, %c, %r, 24, " + kernel + ", \"none\")\noutput \"y\" = %y\n";
}
std::string fused(const std::string& name, int side, int channels, const std::string& residual, const std::string& points) {
  return image(name, side, channels) + "etc::packed_conv_depthwise2d(%x, " + residual +
         ", %w, %b, 72, [1, 1], [1, 1], [0, 0], [1, 1], \"relu6\", " + "%f, none, [3, 3], [1, 1], [1, 1], [1, 1], \"relu\", " + points +
         ")\n";
}

TEST(FuseBlocks, AllThree) {
  expect_pass("fuse-blocks", inputs(64) + first(64) + depthwise(64) + last(64),
              inputs(64) + fused("y", 64, 24, "%r", "%p, %c, 24, \"none\"") + "output \"y\" = %y\n");
}

TEST(FuseBlocks, ThroughViewsOfTheWhole) {
  const std::string view = "%v: f32[2,64,64,72] = etc::view(%i, [2, 64, 64, 72], [294912, 4608, 72, 1], 0)\n";
  expect_pass("fuse-blocks", inputs(64) + first(64) + view + depthwise(64, "v") + last(64),
              inputs(64) + fused("y", 64, 24, "%r", "%p, %c, 24, \"none\"") + "output \"y\" = %y\n");
  const std::string turned = "%v: f32[2,64,64,72]{294912,72,4608,1} = etc::view(%i, [2, 64, 64, 72], [294912, 72, 4608, 1], 0)\n";
  expect_unchanged("fuse-blocks", inputs(64) + first(64) + turned + depthwise(64, "v") + "output \"y\" = %d\n");
}

TEST(FuseBlocks, TwoWhereTheNextIsNotOfPoints) {
  expect_pass("fuse-blocks", inputs(64) + first(64) + depthwise(64) + "output \"y\" = %d\n",
              inputs(64) + fused("d", 64, 72, "none", "none, none, 0, \"none\"") + "output \"y\" = %d\n");
  const std::string both = depthwise(64) + last(64) + "output \"d\" = %d\n";
  expect_pass("fuse-blocks", inputs(64) + first(64) + both,
              inputs(64) + fused("d", 64, 72, "none", "none, none, 0, \"none\"") + last(64) + "output \"d\" = %d\n");
}

TEST(FuseBlocks, LeavesWhatIsSmallOrUsedElsewhere) {
  expect_unchanged("fuse-blocks", inputs(32) + first(32) + depthwise(32) + last(32));
  expect_unchanged("fuse-blocks", inputs(64) + first(64) + depthwise(64) + last(64) + "output \"i\" = %i\n");
  expect_unchanged("fuse-blocks", inputs(64) + "input %q: f32[2,64,64,72]\n" + first(64, "%q") + depthwise(64) + last(64));
}

}  // namespace
}  // namespace etc::compile
