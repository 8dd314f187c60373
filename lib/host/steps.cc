// Running a method one instruction at a time, watched.
#include "etc/host/steps.h"

#include <algorithm>

namespace etc::host {

Error execute_steps(Method& method, const StepOptions& options, Fault* fault) {
  Observer nobody;
  Observer& observer = options.observer ? *options.observer : nobody;
  // A loop without instructions still jumps back, at most as often as it may run instructions.
  const uint64_t jumps = options.max_instructions ? options.max_instructions : UINT32_MAX;
  method.begin(static_cast<uint32_t>(std::min<uint64_t>(jumps, UINT32_MAX)));
  for (uint64_t done = 0;; ++done) {
    const uint32_t next = method.next_instruction();
    if (options.max_instructions != 0 && done == options.max_instructions && next != Fault::kNowhere) {
      if (fault) *fault = {Error::OutOfBudget, next, Fault::kNowhere};
      return Error::OutOfBudget;
    }
    if (next != Fault::kNowhere) observer.before(next, 0);
    const Result<bool> more = method.step(fault);
    if (!more.ok()) return more.error();
    if (!more.value()) return Error::Ok;
    observer.after(next, 0);
  }
}

}  // namespace etc::host
