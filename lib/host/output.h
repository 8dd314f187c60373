// Output files that appear whole or not at all: written beside their place under another name, synced, then renamed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace etc::host {

// What is no regular file (a device, a pipe) is written directly. A symbolic link stays, its target is replaced.
class OutputFile {
 public:
  // UserError (kEnvironment), here and below, naming the file and the reason.
  explicit OutputFile(const std::string& path);
  // Without commit, nothing has happened: what was there before still is.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  // The file is complete; call once, last.
  void commit();

 private:
  [[noreturn]] void fail(const char* action, int reason);

  std::string path_;       // as the user wrote it
  std::string target_;     // links followed
  std::string temporary_;  // empty when written directly
  int file_ = -1;
};

// All of `text` as the file's content.
void write_file(const std::string& path, std::string_view text);

}  // namespace etc::host
