// The two ways that compiling fails: the user's problem and our own bug. Caught in main alone.
#pragma once

#include <stdexcept>
#include <string>

namespace etc::compile {

// Exit codes of the tools; man pages list them.
enum ExitCode : int { kOk = 0, kDiffers = 1, kUsage = 2, kBadInput = 3, kEnvironment = 4, kInternal = 70 };

// Names the file or place, says what is wrong and the way out; lower case, no full stop.
class CompileError : public std::runtime_error {
 public:
  explicit CompileError(const std::string& what, ExitCode code = kBadInput) : std::runtime_error(what), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace etc::compile
