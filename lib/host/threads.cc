// Threads behind the parallel_for hook.
#include "host/threads.h"

#include <sched.h>

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "host/cores.h"

namespace etc::host {

uint32_t usable_cores() {
  cpu_set_t set;
  const int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  return n < 1 ? 1 : static_cast<uint32_t>(n);
}

namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
thread_local size_t current_worker = kNone;  // while in a task

}  // namespace

struct ThreadPool::State {
  using Task = void (*)(void* argument, size_t index, size_t worker);

  // The job, written before `job` is raised and stable until `busy` is zero. Every worker has a share of the indices, the same for the
  // same count: what it computed for one op it finds in its own cache for the next. Who is done helps the others.
  struct alignas(64) Share {
    std::atomic<size_t> next{0};
    size_t end = 0;
  };
  size_t count = 0;
  Task task = nullptr;
  void* argument = nullptr;
  std::vector<Share> shares;  // of each worker

  std::atomic<uint32_t> job{0};   // raised for each job, and to stop
  std::atomic<uint32_t> busy{0};  // threads that have not finished the job
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;

  void take_indices(size_t worker) {
    current_worker = worker;
    for (size_t s = 0; s < shares.size(); ++s) {
      Share& share = shares[(worker + s) % shares.size()];
      for (size_t i; (i = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) task(argument, i, worker);
    }
    current_worker = kNone;
  }

  void serve(size_t worker) {
    for (uint32_t seen = 0;;) {
      spin_while([&] { return job.load(std::memory_order_acquire) == seen; });
      job.wait(seen, std::memory_order_acquire);
      seen = job.load(std::memory_order_acquire);
      if (stop) return;
      take_indices(worker);
      if (busy.fetch_sub(1, std::memory_order_acq_rel) == 1) busy.notify_one();
    }
  }

  void run(size_t n, Task t, void* a) {
    if (current_worker != kNone || n < 2) {
      for (size_t i = 0; i < n; ++i) t(a, i, current_worker == kNone ? 0 : current_worker);
      return;
    }
    count = n, task = t, argument = a;
    for (size_t w = 0; w < shares.size(); ++w) {
      shares[w].next.store(n * w / shares.size(), std::memory_order_relaxed);
      shares[w].end = n * (w + 1) / shares.size();
    }
    busy.store(static_cast<uint32_t>(threads.size()), std::memory_order_relaxed);
    job.fetch_add(1, std::memory_order_release);
    job.notify_all();
    take_indices(0);
    spin_while([&] { return busy.load(std::memory_order_acquire) != 0; });
    for (uint32_t b; (b = busy.load(std::memory_order_acquire)) != 0;) busy.wait(b, std::memory_order_acquire);
  }
};

ThreadPool::ThreadPool(uint32_t workers) : state_(std::make_unique<State>()) {
  if (workers == 0) workers = usable_cores();
  state_->shares = std::vector<State::Share>(workers);
  try {
    for (uint32_t w = 1; w < workers; ++w) state_->threads.emplace_back([this, w] { state_->serve(w); });
  } catch (const std::system_error&) {
    // Fewer threads give the same results; the system's limit is not ours to argue with.
  }
}

ThreadPool::~ThreadPool() {
  state_->stop = true;
  state_->job.fetch_add(1, std::memory_order_release);
  state_->job.notify_all();
  for (std::thread& t : state_->threads) t.join();
}

Hooks ThreadPool::hooks() const {
  Hooks hooks;
  hooks.workers = static_cast<uint32_t>(state_->threads.size()) + 1;
  hooks.user = state_.get();
  if (hooks.workers > 1)
    hooks.parallel_for = [](void* user, size_t count, void (*task)(void*, size_t, size_t), void* argument) {
      static_cast<State*>(user)->run(count, task, argument);
    };
  return hooks;
}

}  // namespace etc::host
