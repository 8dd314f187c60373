// The inside of Workers: a queue of instructions that are ready, and one parallel_for at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "etc/host/async.h"

namespace etc::host {

// One piece of work: `run` does it and what becomes ready by it, on the worker of that number.
struct Task {
  void (*run)(void* owner, uint32_t instruction, uint32_t worker);
  void* owner;
  uint32_t instruction;
};

struct Workers::State {
  explicit State(uint32_t count);
  ~State();

  void push(const Task& task) { put(&ready_, task); }
  // Runs when a worker has nothing else to do: it may have to wait for somebody outside.
  void push_waiting(const Task& task) { put(&waiting_, task); }
  // Of Hooks, `user` being this: runs task(argument, 0) … task(argument, count - 1) on this worker and those that are idle.
  static void parallel_for(void* user, size_t count, void (*task)(void*, size_t, size_t), void* argument);

  uint32_t count() const { return static_cast<uint32_t>(threads_.size()); }

 private:
  struct Job {
    size_t count;
    void (*task)(void*, size_t, size_t);
    void* argument;
    std::atomic<size_t> next{0};
    uint32_t helpers = 0;  // guarded by mutex_
    void take_indices(size_t worker);
  };

  void put(std::deque<Task>* queue, const Task& task);
  void serve(uint32_t worker);
  bool serve_one(std::unique_lock<std::mutex>& lock, uint32_t worker);
  void share(Job* job, size_t worker);

  std::mutex mutex_;
  std::condition_variable wake_, helped_;
  std::deque<Task> ready_, waiting_;
  Job* job_ = nullptr;
  bool stop_ = false;
  std::atomic<uint32_t> work_{0};  // tasks in the queues, and the job: for looking without the lock
  std::vector<std::thread> threads_;
};

}  // namespace etc::host
