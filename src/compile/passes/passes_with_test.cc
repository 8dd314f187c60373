// Where the passes of plugins run.
#include <gtest/gtest.h>

#include <utility>

#include "ir/error.h"
#include "passes/pass.h"

namespace etc::compile {
namespace {

bool nothing(Graph&) { return false; }

std::string order_of(const std::vector<PlacedPass>& placed) {
  std::string order;
  for (const Pass& p : passes_with(placed)) order += std::string(p.name) + " ";
  return order;
}

TEST(PassesWith, PutsPassesAtTheirPlaces) {
  std::string expected = "first ";
  bool once = false;
  for (const Pass& p : all_passes()) {
    if (p.name == std::string("legalise")) expected += "early late ";
    expected += std::string(p.name) + " ";
    if (p.name == std::string("fold-constants") && !std::exchange(once, true)) expected += "behind ";
  }
  EXPECT_EQ(order_of({{{"early", "", nothing}, "before legalise"},
                      {{"end", "", nothing}, "before lower"},
                      {{"late", "", nothing}, "before legalise"},
                      {{"behind", "", nothing}, "after fold-constants"},
                      {{"first", "", nothing}, "after import"}}),
            expected + "end ");
}

TEST(PassesWith, RefusesPlacesThatAreNotThere) {
  for (const char* place : {"", "legalise", "before", "before nobody", "around legalise"})
    EXPECT_THROW(order_of({{{"p", "", nothing}, place}}), CompileError) << place;
}

TEST(PassesWith, RefusesNamesThatAreTaken) {
  EXPECT_THROW(order_of({{{"legalise", "", nothing}, "before lower"}}), CompileError);
  EXPECT_THROW(order_of({{{"p", "", nothing}, "before lower"}, {{"p", "", nothing}, "before lower"}}), CompileError);
}

}  // namespace
}  // namespace etc::compile
