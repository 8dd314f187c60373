// Who watches a run instruction by instruction: traces, dumps, tests. The core has no hook; lib/host drives the method and calls these.
#pragma once

#include <cstdint>

namespace etc::host {

// Called on the thread that runs the instruction, `worker` being its number; of different workers, at the same time. What an instruction
// wrote can be read in `after`, and not later: others may reuse its bytes.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void before(uint32_t instruction, uint32_t worker) {
    static_cast<void>(instruction);
    static_cast<void>(worker);
  }
  virtual void after(uint32_t instruction, uint32_t worker) {
    static_cast<void>(instruction);
    static_cast<void>(worker);
  }
};

}  // namespace etc::host
