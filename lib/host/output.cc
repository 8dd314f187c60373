// Output files that appear whole or not at all.
#include "host/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "host/error.h"

namespace etc::host {
namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path), target_(path) {
  if (path.empty()) throw UserError("the name of an output file is empty", kUsage);
  struct stat status;
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail("be written", EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    file_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) fail("be opened", errno);
    return;
  }
  if (char* real = exists ? realpath(path.c_str(), nullptr) : nullptr) {
    target_ = real;
    std::free(real);
  }
  for (int attempt = 0; file_ < 0; ++attempt) {
    temporary_ = target_ + "." + std::to_string(getpid()) + "." + std::to_string(attempt) + ".tmp";
    file_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0 && (errno != EEXIST || attempt == 100)) {
      const int reason = errno;
      temporary_.clear();
      if (reason == ENOENT) throw UserError(path_ + ": cannot be written: there is no folder " + folder_of(target_), kEnvironment);
      fail("be written", reason);
    }
  }
  if (exists) fchmod(file_, status.st_mode & 07777);
}

OutputFile::~OutputFile() {
  if (file_ >= 0) close(file_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void OutputFile::fail(const char* action, int reason) {
  throw UserError(path_ + ": cannot " + action + ": " + std::strerror(reason), kEnvironment);
}

void OutputFile::write(const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(file_, at, std::min<size_t>(bytes, 1 << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("be written", errno);
    at += n;
    bytes -= static_cast<size_t>(n);
  }
}

void OutputFile::commit() {
  if (!temporary_.empty() && fsync(file_) != 0) fail("be written", errno);
  const int closed = close(file_);
  file_ = -1;
  if (closed != 0) fail("be written", errno);
  if (temporary_.empty()) return;
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail("be replaced", errno);
  temporary_.clear();
  // The new name must survive a power cut too; a file system that cannot sync folders has done what it can.
  if (const int folder = open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

void write_file(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace etc::host
