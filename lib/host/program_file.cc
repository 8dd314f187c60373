// A program file in memory.
//
//   file     [ frame header | program segment, padded to 64 | constants …                              ]
//   memory   [ private copy, up to a page boundary          | mapped from there on, read-only          ]
#include "host/program_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/error.h"
#include "host/mapped_file.h"

namespace etc::host {
namespace {

// Where the program segment ends. A message of two segments starts with: segments - 1, words of each, padding; all 32 bits.
uint64_t end_of_program(const InputFile& file) {
  uint32_t header[4] = {};
  if (file.size() >= sizeof(header)) file.read_at(0, header, sizeof(header));
  const uint64_t end = sizeof(header) + uint64_t{header[1]} * 8;
  if (header[0] != 1 || end > file.size())
    throw UserError(file.path() + ": is no etc program, or cut short; compile the model with etc-compile", kBadInput);
  return end;
}

}  // namespace

ProgramFile::ProgramFile(const std::string& path) : path_(path) {
  const InputFile file(path, "compile the model with etc-compile");
  size_ = file.size();
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t copied = std::min<uint64_t>((end_of_program(file) + page - 1) / page * page, size_);
  void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw UserError(path + ": no memory for it: " + std::strerror(errno), kEnvironment);
  data_ = static_cast<const std::byte*>(memory);
  std::byte* at = static_cast<std::byte*>(memory);
  try {
    file.read_at(0, at, copied);
    if (copied < size_ &&
        mmap(at + copied, size_ - copied, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.descriptor(), static_cast<off_t>(copied)) == MAP_FAILED)
      throw UserError(path + ": cannot be mapped: " + std::strerror(errno), kEnvironment);
    mprotect(at, copied, PROT_READ);
  } catch (...) {
    munmap(memory, size_);
    throw;
  }
}

ProgramFile::~ProgramFile() { munmap(const_cast<std::byte*>(data_), size_); }

}  // namespace etc::host
