// Running a method one instruction at a time, watched.
#pragma once

#include "etc/host/observer.h"
#include "etc/method.h"

namespace etc::host {

struct StepOptions {
  uint64_t max_instructions = 0;  // 0: no limit. OutOfBudget before the next one, which `fault` names
  Observer* observer = nullptr;
};

// As Method::execute, on this thread as worker 0.
Error execute_steps(Method& method, const StepOptions& options, Fault* fault);

}  // namespace etc::host
