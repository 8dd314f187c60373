// A program file in memory: the part that is verified is a private copy, the constants are mapped.
#pragma once

#include <string>

#include "etc/base.h"

namespace etc::host {

// One run of addresses, 64-byte aligned, as Program::open wants it. What was verified cannot change afterwards, even when somebody
// writes to the file. Whoever shortens the file while constants are in use ends this process (SIGBUS).
class ProgramFile {
 public:
  // UserError naming the file: missing, empty, no program. Whether it is a *good* program is for Program::open to say.
  explicit ProgramFile(const std::string& path);
  ~ProgramFile();
  ProgramFile(const ProgramFile&) = delete;
  ProgramFile& operator=(const ProgramFile&) = delete;

  const std::string& path() const { return path_; }
  Span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace etc::host
