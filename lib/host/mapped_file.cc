// An input file, mapped to be read.
#include "host/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "host/error.h"

namespace etc::host {

InputFile::InputFile(const std::string& path, const std::string& hint) : path_(path) {
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not make us wait before it is refused
  struct stat status;
  if (file_ < 0 || fstat(file_, &status) != 0) {
    const int reason = errno;
    if (file_ >= 0) close(file_);
    throw UserError(path + ": cannot be opened: " + std::strerror(reason), kEnvironment);
  }
  const char* wrong = S_ISDIR(status.st_mode)    ? "is a directory"
                      : !S_ISREG(status.st_mode) ? "is no regular file"
                      : status.st_size == 0      ? "is empty"
                                                 : nullptr;
  if (wrong) {
    close(file_);
    throw UserError(path + ": " + wrong + "; " + hint, kBadInput);
  }
  if (status.st_size > PTRDIFF_MAX) {  // on a 32-bit machine
    close(file_);
    throw UserError(path + ": is larger than this machine's address space", kEnvironment);
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

InputFile::~InputFile() { close(file_); }

void InputFile::read_at(uint64_t offset, void* to, uint64_t bytes) const {
  char* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t n = pread(file_, at, std::min<uint64_t>(bytes, 1 << 30), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw UserError(path_ + ": cannot be read: " + std::strerror(errno), kEnvironment);
    if (n == 0) throw UserError(path_ + ": became shorter while it was read", kEnvironment);
    at += n;
    offset += static_cast<uint64_t>(n);
    bytes -= static_cast<uint64_t>(n);
  }
}

Bytes map_file(const std::string& path, const std::string& hint) {
  const InputFile file(path, hint);
  const uint64_t size = file.size();
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (data == MAP_FAILED) throw UserError(path + ": cannot be mapped: " + std::strerror(errno), kEnvironment);
  return {std::shared_ptr<const void>(data, [size](const void* p) { munmap(const_cast<void*>(p), size); }),
          static_cast<const std::byte*>(data), size};
}

void forget_pages(const std::byte* data, uint64_t bytes) {
  // Whole pages within.
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)), first = reinterpret_cast<uintptr_t>(data);
  const uintptr_t begin = (first + page - 1) / page * page, end = (first + static_cast<uintptr_t>(bytes)) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace etc::host
