// Running the instructions of a method side by side: threads, and a method that they run.
//
//   Workers workers(2);
//   auto async = AsyncMethod::make(program, 0, *method, tables, workers, &fault);
//   execute_async(**async, {}, [](Error error, const Fault& fault) { … });   // returns at once
#pragma once

#include <functional>
#include <memory>

#include "etc/host/observer.h"
#include "etc/method.h"

namespace etc::host {

// Threads that wait for instructions of any number of methods. Outlives them.
class Workers {
 public:
  explicit Workers(uint32_t count = 0);  // 0: one for each core that this process may use
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  uint32_t count() const;

 private:
  friend class AsyncMethod;
  struct State;
  std::unique_ptr<State> state_;
};

struct AsyncOptions {
  uint32_t budget = 0xffffffffu;  // of backward jumps
  uint64_t max_instructions = 0;  // 0: no limit; else OutOfBudget before the next one
  Observer* observer = nullptr;   // called by the workers
  bool parallel_ops = true;       // an instruction that runs alone may use all workers inside; beside others it never does
};

// Called once when a run has ended, on a worker; the method may be run again from inside.
using Completion = std::function<void(Error error, const Fault& fault)>;

// A loaded method with its dependencies. It runs once at a time, and nobody else may run or bind it meanwhile. Instructions of a block run
// as soon as those are done that the compiler's list names, and a block when the one before is done. Backends with `start` and `finish`
// run beside everything: `finish` is called when a worker has nothing else to do.
class AsyncMethod {
 public:
  // BadProgram: the list of dependencies leaves two instructions unordered that touch the same bytes; `fault` (may be null) names the
  // later one. `tables` are those of Method::load. `worker_scratch` is a block for each worker, as `needs` says, or empty for none.
  static Result<std::unique_ptr<AsyncMethod>> make(const Program& program, uint32_t index, Method& method,
                                                   Span<const OpTable* const> tables, Workers& workers, Span<std::byte> worker_scratch,
                                                   Fault* fault);
  // Cancels and waits.
  ~AsyncMethod();
  AsyncMethod(const AsyncMethod&) = delete;
  AsyncMethod& operator=(const AsyncMethod&) = delete;

  // Starts a run and waits for its end.
  Error execute(const AsyncOptions& options, Fault* fault);
  // From any thread, at any time: the run in progress, if there is one, ends with Cancelled when the instructions that are running now
  // are done. Outputs and state are then unspecified.
  void cancel();

 private:
  friend void execute_async(AsyncMethod& method, const AsyncOptions& options, Completion done);
  friend class Workers;
  struct State;
  explicit AsyncMethod(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Starts a run, inputs being set, and returns at once.
void execute_async(AsyncMethod& method, const AsyncOptions& options, Completion done);

}  // namespace etc::host
