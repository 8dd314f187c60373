// Mapping a program file: all bytes at one aligned run of addresses, and the program segment out of reach of later writers.
#include "host/program_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "host/error.h"

namespace etc::host {
namespace {

class ProgramFileTest : public testing::Test {
 protected:
  ProgramFileTest() : path_(testing::TempDir() + "etc_program_file." + std::to_string(getpid())) {}
  ~ProgramFileTest() override { std::filesystem::remove(path_); }

  // A message of two segments, the first of `words` words.
  static std::string message(uint32_t words, size_t constants) {
    const uint32_t header[4] = {1, words, static_cast<uint32_t>(constants / 8), 0};
    std::string bytes(reinterpret_cast<const char*>(header), sizeof(header));
    for (size_t i = 0; i < words * 8 + constants; ++i) bytes += static_cast<char>(i * 31 + i / 256);
    return bytes;
  }
  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string path_;
};

TEST_F(ProgramFileTest, HoldsTheWholeFileAligned) {
  for (const auto& [words, constants] : {std::pair{6u, 0u}, {6u, 64u}, {6u, 100000u}, {2000u, 8u}, {510u, 4096u}, {5000u, 50000u}}) {
    const std::string bytes = message(words, constants);
    write(bytes);
    const ProgramFile file(path_);
    ASSERT_EQ(file.bytes().size, bytes.size());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(file.bytes().data) % 64, 0u);
    EXPECT_EQ(std::memcmp(file.bytes().data, bytes.data(), bytes.size()), 0);
  }
}

TEST_F(ProgramFileTest, TheProgramDoesNotChangeWithTheFile) {
  const std::string bytes = message(600, 50000);
  write(bytes);
  const ProgramFile file(path_);
  std::fstream(path_, std::ios::in | std::ios::out | std::ios::binary) << std::string(5000, 'x');
  EXPECT_EQ(std::memcmp(file.bytes().data, bytes.data(), 600 * 8), 0);
}

TEST_F(ProgramFileTest, RefusesWhatIsNoProgram) {
  const std::string whole = message(600, 64);
  for (const std::string& bytes : {std::string(), std::string("x"), std::string(5000, 'x'), whole.substr(0, 4000)}) {
    write(bytes);
    try {
      ProgramFile file(path_);
      FAIL() << bytes.size();
    } catch (const UserError& e) {
      EXPECT_EQ(e.code(), kBadInput) << e.what();
    }
  }
  std::filesystem::remove(path_);
  EXPECT_THROW(ProgramFile file(path_), UserError);
}

}  // namespace
}  // namespace etc::host
