// Times of instructions, and the trace file that Perfetto and chrome://tracing open.
#pragma once

#include <string>
#include <vector>

#include "etc/host/observer.h"
#include "etc/program.h"

namespace etc::host {

// Records when each instruction of each run began and ended, and on which worker. Each worker writes its own list: nothing is locked.
class Trace : public Observer {
 public:
  struct Event {
    uint32_t instruction, worker;  // that began it
    int64_t begin_ns, end_ns;      // since the trace was made
  };
  struct Run {
    int64_t begin_ns, end_ns;
    std::vector<Event> events;  // by beginning
  };

  Trace(uint32_t workers, uint32_t instructions);
  void begin_run();
  void end_run();  // when no instruction runs any more
  void before(uint32_t instruction, uint32_t worker) override;
  void after(uint32_t instruction, uint32_t worker) override;
  const std::vector<Run>& runs() const { return runs_; }

 private:
  struct alignas(64) Worker {  // a cache line of its own
    std::vector<Event> events;
  };
  int64_t now_ns() const;
  int64_t start_ns_ = 0;
  std::vector<Event> running_;  // by instruction
  std::vector<Worker> workers_;
  std::vector<Run> runs_;
};

// What people call an instruction, as far as the file tells.
struct InstructionName {
  std::string op;
  std::string node, module, file;  // of the user's model; empty when unknown
  uint32_t line = 0;
};

// Chrome's trace event format: a lane for each worker with the instructions, one with the runs, delegates that run beside them on their
// own, and for each pool a counter of the bytes
// that hold a value that is still needed. `names` has one entry for each instruction of the method, `tables` all of its ops.
std::string chrome_trace(const Trace& trace, const std::vector<InstructionName>& names, const Program& program, uint32_t method,
                         Span<const OpTable* const> tables);

}  // namespace etc::host
