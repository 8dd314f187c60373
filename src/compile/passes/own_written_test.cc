// The pass that makes external ops' writes harmless.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

TEST(OwnWritten, CopiesWhatOthersUse) {
  expect_pass("own-written",
              "input %x: f32[4]\n"
              "%y: f32[4] = extern my::fill(\"x!\"=%x, v=2.0)\n"
              "output \"y\" = %y\n",
              "input %x: f32[4]\n"
              "%x_own: f32[4] = etc::copy(%x)\n"
              "%y: f32[4] = extern my::fill(\"x!\"=%x_own, v=2.0)\n"
              "output \"y\" = %y\n");
}

TEST(OwnWritten, CopiesViews) {
  expect_pass("own-written",
              "input %x: f32[4]\n"
              "%a: f32[4] = aten::relu(%x)\n"
              "%w: f32[2] = etc::view(%a, [2], [1], 2)\n"
              "%y: f32[2] = extern my::fill(\"x!\"=%w, v=2.0)\n"
              "output \"y\" = %y\n",
              "input %x: f32[4]\n"
              "%a: f32[4] = aten::relu(%x)\n"
              "%w: f32[2] = etc::view(%a, [2], [1], 2)\n"
              "%w_own: f32[2] = etc::copy(%w)\n"
              "%y: f32[2] = extern my::fill(\"x!\"=%w_own, v=2.0)\n"
              "output \"y\" = %y\n");
}

TEST(OwnWritten, LeavesWhatNobodyElseUses) {
  expect_unchanged("own-written",
                   "input %x: f32[4]\n"
                   "%a: f32[4] = aten::relu(%x)\n"
                   "(%r: i64[], %y: f32[4]) = extern my::count(y=%x, \"x!\"=%a)\n"
                   "output \"r\" = %r\n"
                   "output \"y\" = %y\n");
}

}  // namespace
}  // namespace etc::compile
