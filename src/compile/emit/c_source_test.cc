// The names that --emit c gives; what the source says is compiled and run by tests/tools/emit_c_test.py.
#include "emit/c_source.h"

#include <gtest/gtest.h>

namespace etc::compile {
namespace {

TEST(CSource, TakesItsNameFromTheFile) {
  EXPECT_EQ(c_name_of("some/folder/net.c"), "net");
  EXPECT_EQ(c_name_of("net-v2.1.c"), "net_v2_1");
  EXPECT_EQ(c_name_of("über.c"), "__ber");
}

TEST(CSource, NamesWhatCOrCppCannotName) {
  EXPECT_EQ(c_name_of("3d.c"), "program_3d");
  EXPECT_EQ(c_name_of("switch.c"), "program_switch");
  EXPECT_EQ(c_name_of("class.c"), "program_class");
}

TEST(CSource, KnowsWhatIsNoName) {
  EXPECT_TRUE(is_c_name("net_2"));
  for (const char* name : {"", "2net", "net-2", "net 2", "namespace", "a\"b"}) EXPECT_FALSE(is_c_name(name)) << name;
}

}  // namespace
}  // namespace etc::compile
