// An input file, mapped to be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace etc::host {

// Bytes that live as long as `owner` does.
struct Bytes {
  std::shared_ptr<const void> owner;
  const std::byte* data = nullptr;
  uint64_t size = 0;
};

// An open input file and its size. UserError: cannot be opened, a directory, no regular file, empty; `hint` is the way out that ends
// the message ("save the model again").
class InputFile {
 public:
  InputFile(const std::string& path, const std::string& hint);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  int descriptor() const { return file_; }
  uint64_t size() const { return size_; }
  // UserError when the file ends before, or cannot be read.
  void read_at(uint64_t offset, void* to, uint64_t bytes) const;

 private:
  std::string path_;
  int file_ = -1;
  uint64_t size_ = 0;
};

// The whole file. Whoever shortens the file meanwhile ends this process (SIGBUS).
Bytes map_file(const std::string& path, const std::string& hint);

// A part of a mapped file that nobody needs for now: its memory is given back. Who reads it nevertheless reads the file again.
void forget_pages(const std::byte* data, uint64_t bytes);

}  // namespace etc::host
