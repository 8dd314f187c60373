// How the tools fail: exit codes, and the exception for what the user can mend. The core never throws; this is for hosts.
#pragma once

#include <stdexcept>
#include <string>

namespace etc::host {

// Exit codes of the tools; man pages list them.
enum ExitCode : int { kOk = 0, kDiffers = 1, kUsage = 2, kBadInput = 3, kEnvironment = 4, kInternal = 70 };

// The text names the file or place, says what is wrong and the way out; lower case, no full stop. Caught in main alone.
class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& what, ExitCode code) : std::runtime_error(what), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace etc::host
