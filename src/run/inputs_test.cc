// Which word becomes which input.
#include "inputs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "host/error.h"
#include "host/output.h"
#include "literal.h"

namespace etc::run {
namespace {

class InputsTest : public testing::Test {
 protected:
  InputsTest() : folder_(testing::TempDir() + "etc_inputs." + std::to_string(getpid()) + "/") {
    std::filesystem::create_directory(folder_);
  }
  ~InputsTest() override { std::filesystem::remove_all(folder_); }

  std::vector<host::Array> read(const std::vector<std::string>& words) { return read_inputs(words, wanted_, "p.etc"); }
  std::string error_of(const std::vector<std::string>& words, host::ExitCode code = host::kUsage) {
    try {
      read(words);
    } catch (const host::UserError& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      return e.what();
    }
    return "no error";
  }
  std::string save(const std::string& name, const host::Array& array) {
    host::write_file(folder_ + name, host::npy_bytes(array));
    return folder_ + name;
  }

  const std::vector<Wanted> wanted_ = {{"x", DType::F32, {2}}, {"n", DType::I64, {}}};
  const host::Array x_ = make_array("1,2", DType::F32, {2}, ""), n_ = make_array("7", DType::I64, {}, "");
  std::string folder_;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(InputsTest, FillsInOrderAndByName) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"2xf32=1,2", "i64=7"}, {"n=i64=7", "2xf32=1,2"}, {"i64=7", "x=2xf32=1,2"}}) {
    const auto arrays = read(words);
    EXPECT_EQ(arrays[0].bytes, x_.bytes);
    EXPECT_EQ(arrays[1].bytes, n_.bytes);
  }
}

TEST_F(InputsTest, ReadsFiles) {
  const auto arrays = read({"n=" + save("n.npy", n_), save("f32=1.npy", x_)});
  EXPECT_EQ(arrays[0].bytes, x_.bytes);
  EXPECT_EQ(arrays[1].bytes, n_.bytes);
}

TEST_F(InputsTest, NpzGoesByNameWhenAllNamesMatchElseInOrder) {
  host::write_npz(folder_ + "named.npz", {{"n", n_}, {"x", x_}});
  host::write_npz(folder_ + "other.npz", {{"b", x_}, {"a", n_}});
  host::write_npz(folder_ + "part.npz", {{"n", n_}});
  EXPECT_EQ(read({folder_ + "named.npz"})[1].bytes, n_.bytes);
  EXPECT_EQ(read({folder_ + "other.npz"})[1].bytes, n_.bytes);
  EXPECT_EQ(read({folder_ + "part.npz", "2xf32=1,2"})[0].bytes, x_.bytes);
  EXPECT_EQ(read({"x=2xf32=1,2", "n=" + folder_ + "part.npz"})[1].bytes, n_.bytes);
}

TEST_F(InputsTest, GeneratesWhatTheProgramWants) {
  const auto arrays = read({"=random:3", "n=zeros"});
  EXPECT_EQ(arrays[0].bytes, make_array("random:3", DType::F32, {2}, "").bytes);
  EXPECT_EQ(arrays[1].bytes, make_array("0", DType::I64, {}, "").bytes);
}

TEST_F(InputsTest, TakesSizesUpToTheLargest) {
  const std::vector<Wanted> varying = {{"x", DType::F32, {4, 2}, 1}};
  EXPECT_EQ(signature_of(varying), "  x <=4x2xf32");
  const auto sizes_of = [&](const std::string& word) { return read_inputs({word}, varying, "p.etc")[0].sizes; };
  EXPECT_EQ(sizes_of("3x2xf32=1,2,3,4,5,6"), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(sizes_of("0x2xf32=zeros"), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(sizes_of("x=zeros"), (std::vector<int64_t>{4, 2}));
  for (const char* word : {"5x2xf32=zeros", "4x1xf32=zeros", "4xf32=zeros"}) EXPECT_THROW(sizes_of(word), host::UserError) << word;
}

TEST_F(InputsTest, SaysWhatIsWantedWhenInputsAreWrong) {
  const std::string signature = "x 2xf32\n  n i64";
  for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                 {"2xf32=1,2"},
                                                                 {"2xf32=1,2", "i64=7", "i64=8"},
                                                                 {"3xf32=1,2,3", "i64=7"},
                                                                 {"2xf64=1,2", "i64=7"},
                                                                 {"y=2xf32=1,2"},
                                                                 {"x=zeros", "x=zeros"}})
    EXPECT_SAYS(error_of(words), signature);
  EXPECT_SAYS(error_of({"2xf32=1,2"}), "input 'n' is missing");
  EXPECT_SAYS(error_of({"3xf32=1,2,3", "i64=7"}), "is 3xf32, but x is 2xf32");
  EXPECT_SAYS(error_of({"y=zeros"}), "no input 'y'");
  EXPECT_SAYS(error_of({save("n.npy", n_), "i64=7"}), "is i64, but x is 2xf32");
}

TEST_F(InputsTest, AHugeLiteralIsRefusedBeforeItIsMade) { EXPECT_SAYS(error_of({"4000000000000xf32=1", "i64=7"}), "but x is 2xf32"); }

TEST_F(InputsTest, UnreadableFilesAreTheFilesFault) {
  host::write_file(folder_ + "bad.npy", "junk junk junk");
  EXPECT_SAYS(error_of({folder_ + "bad.npy", "i64=7"}, host::kBadInput), "no NumPy array file");
  EXPECT_SAYS(error_of({folder_ + "none.npy", "i64=7"}, host::kEnvironment), "cannot be opened");
}

}  // namespace
}  // namespace etc::run
