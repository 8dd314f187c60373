// The promises of OutputFile, on a real file system.
#include "host/output.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/error.h"

namespace etc::host {
namespace {

namespace fs = std::filesystem;

class OutputTest : public testing::Test {
 protected:
  OutputTest() : folder_(testing::TempDir() + "etc_output." + std::to_string(getpid())) { fs::create_directory(folder_); }
  ~OutputTest() override { fs::remove_all(folder_); }
  std::string path(const char* name) const { return folder_ + "/" + name; }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t files() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {})); }
  std::string folder_;
};

TEST_F(OutputTest, AppearsOnlyWhenComplete) {
  {
    OutputFile file(path("a"));
    file.write("half");
    EXPECT_FALSE(fs::exists(path("a")));
  }
  EXPECT_EQ(files(), 0u);
  write_file(path("a"), "whole");
  EXPECT_EQ(content(path("a")), "whole");
  EXPECT_EQ(files(), 1u);
}

TEST_F(OutputTest, KeepsTheOldFileWhenWritingFails) {
  write_file(path("a"), "old");
  {
    OutputFile file(path("a"));
    file.write("new");
  }
  EXPECT_EQ(content(path("a")), "old");
  EXPECT_EQ(files(), 1u);
}

TEST_F(OutputTest, ReplacesTheTargetOfALinkAndKeepsItsMode) {
  write_file(path("a"), "old");
  fs::permissions(path("a"), fs::perms(0640));
  fs::create_symlink("a", path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content(path("a")), "new");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms(0640));
}

TEST_F(OutputTest, WritesToADeviceDirectly) {
  write_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(OutputTest, SaysWhichFileCannotBeWritten) {
  const std::string missing = path("no") + "/a", full = "/dev/full";
  for (const std::string& target : {missing, folder_, full}) {
    try {
      write_file(target, "x");
      FAIL() << target;
    } catch (const UserError& e) {
      EXPECT_EQ(e.code(), kEnvironment);
      EXPECT_EQ(std::string(e.what()).find(target), 0u) << e.what();
    }
  }
}

TEST_F(OutputTest, NamesTheMissingFolder) {
  try {
    write_file(path("no") + "/a", "x");
    FAIL();
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("there is no folder " + path("no")), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace etc::host
