// The two ways that compiling fails: the user's problem and our own bug. Caught in main alone.
#pragma once

#include <stdexcept>
#include <string>

#include "host/error.h"

namespace etc::compile {

using host::ExitCode;
using enum host::ExitCode;

// Names the file or place, says what is wrong and the way out; lower case, no full stop. Files that cannot be read or written
// throw its base, host::UserError, which is what main catches.
class CompileError : public host::UserError {
 public:
  explicit CompileError(const std::string& what, ExitCode code = kBadInput) : UserError(what, code) {}
};

class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace etc::compile
