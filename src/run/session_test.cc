// Loading and running program files as the command does.
#include "session.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "host/error.h"
#include "host/output.h"
#include "literal.h"
#include "state_file.h"
#include "testing/ops.h"

namespace etc::run {
namespace {

using testing::FileSpec;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : folder_(::testing::TempDir() + "etc_session." + std::to_string(getpid()) + "/") {
    std::filesystem::create_directory(folder_);
  }
  ~SessionTest() override { std::filesystem::remove_all(folder_); }

  SessionOptions options(const FileSpec& spec, const std::string& method = "") {
    const testing::FileBytes file = spec.encode();
    host::write_file(folder_ + "p.etc", {reinterpret_cast<const char*>(file.data()), file.size()});
    return {folder_ + "p.etc", method, {TEST_OPS}, 2};
  }
  template <class F>
  std::string error_of(host::ExitCode code, F f) {
    try {
      f();
    } catch (const host::UserError& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      return e.what();
    }
    return "no error";
  }
  static host::Array floats(const std::string& values, std::vector<int64_t> sizes) { return make_array(values, DType::F32, sizes, ""); }

  std::string folder_;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(SessionTest, RunsAndRepeats) {
  Session session(options(testing::sum_file()));
  ASSERT_EQ(session.inputs().size(), 1u);
  for (int round = 0; round < 3; ++round) {
    session.set_inputs({floats("10,20,30,40", {4})});
    session.run(0);
    const auto results = session.results();
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0].second.bytes, floats("12,24,36,48", {4}).bytes);
  }
}

TEST_F(SessionTest, ListsAllMissingOps) {
  FileSpec spec = testing::sum_file();
  spec.op(ops::test_less);
  SessionOptions o = options(spec);
  o.op_libraries.clear();
  const std::string error = error_of(host::kEnvironment, [&] { Session session(o); });
  EXPECT_SAYS(error, "2 ops are missing");
  EXPECT_SAYS(error, "test::add");
  EXPECT_SAYS(error, "test::less");
}

TEST_F(SessionTest, SaysWhichLibraryIsNone) {
  SessionOptions o = options(testing::sum_file());
  o.op_libraries = {folder_ + "no.so"};
  EXPECT_SAYS(error_of(host::kEnvironment, [&] { Session session(o); }), "no.so: cannot be loaded");
}

TEST_F(SessionTest, ChoosesTheMethod) {
  EXPECT_EQ(Session(options(testing::sum_file(), "forward")).method_name(), "forward");
  EXPECT_SAYS(error_of(host::kUsage, [&] { Session session(options(testing::sum_file(), "backward")); }),
              "has no method 'backward'; it has forward");
}

TEST_F(SessionTest, StopsAtTheLimitOfInstructions) {
  Session session(options(testing::loop_file(5)));
  session.set_inputs({floats("0", {})});
  session.run(1000);
  EXPECT_EQ(session.results()[0].second.bytes, floats("5", {}).bytes);
  session.set_inputs({floats("0", {})});
  EXPECT_SAYS(error_of(host::kEnvironment, [&] { session.run(3); }), "--max-instructions");
}

TEST_F(SessionTest, SavesAndLoadsStateByName) {
  FileSpec spec = testing::sum_file();
  const float initial[4] = {1, 2, 3, 4};
  spec.state("s", DType::F32, {4}, initial);
  Session session(options(spec));
  EXPECT_EQ(session.state(0).bytes, floats("1,2,3,4", {4}).bytes);
  session.set_state(0, floats("5,6,7,8", {4}));
  save_state(folder_ + "s.npz", session);
  Session other(options(spec));
  load_state(folder_ + "s.npz", &other);
  EXPECT_EQ(other.state(0).bytes, floats("5,6,7,8", {4}).bytes);
  host::write_npz(folder_ + "t.npz", {{"t", floats("1", {})}});
  EXPECT_SAYS(error_of(host::kUsage, [&] { load_state(folder_ + "t.npz", &other); }),
              "is no state of the program; the program's state is:\n  s 4xf32");
  host::write_npz(folder_ + "t.npz", {{"s", floats("1", {})}});
  EXPECT_SAYS(error_of(host::kUsage, [&] { load_state(folder_ + "t.npz", &other); }), "is f32, but s is 4xf32");
}

TEST_F(SessionTest, NamesTheInstructionThatFails) {
  FileSpec spec = testing::sum_file();
  spec.methods[0].instructions.clear();
  spec.methods[0].blocks.clear();
  spec.call(ops::test_positive, {testing::tensor(0), testing::tensor(3)});
  spec.block();
  Session session(options(spec));
  session.set_inputs({floats("1,-1,1,1", {4})});
  const std::string error = error_of(host::kBadInput, [&] { session.run(0); });
  EXPECT_SAYS(error, "instruction 0 (test::positive)");
  EXPECT_SAYS(error, "out of range");
}

TEST_F(SessionTest, RefusesDamagedPrograms) {
  FileSpec spec = testing::sum_file();
  spec.major = 9;
  EXPECT_SAYS(error_of(host::kBadInput, [&] { Session session(options(spec)); }), "another format version");
  host::write_file(folder_ + "p.etc", std::string(1000, 'x'));
  EXPECT_SAYS(error_of(host::kBadInput, [&] { Session session({folder_ + "p.etc", "", {}, 1}); }), "no etc program");
}

}  // namespace
}  // namespace etc::run
