// Threads behind the parallel_for hook.
#pragma once

#include <memory>

#include "etc/op.h"

namespace etc::host {

// The calling thread works too, as worker 0. Indices go to whoever is free; results cannot depend on that, because kernels split
// work by shapes alone. One parallel_for at a time: one pool serves one Method at a time. A task that calls parallel_for runs it alone.
class ThreadPool {
 public:
  // `workers` >= 1, the caller included; 0: one for each core that this process may use.
  explicit ThreadPool(uint32_t workers = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Valid while the pool lives. parallel_for is null when there is one worker.
  Hooks hooks() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace etc::host
