// Threads that run tasks; see workers.h.
#include "host/workers.h"

#include <system_error>

#include "host/cores.h"

namespace etc::host {
namespace {

thread_local uint32_t this_worker = 0;
thread_local bool is_in_job = false;  // a task that calls parallel_for runs it alone

}  // namespace

Workers::State::State(uint32_t count) {
  threads_.reserve(count);
  // A system that gives fewer threads than asked for is no reason to fail, unless it gives none.
  try {
    for (uint32_t w = 0; w < count; ++w) threads_.emplace_back([this, w] { serve(w); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;
  }
}

Workers::State::~State() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    work_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  for (std::thread& t : threads_) t.join();
}

void Workers::State::put(std::deque<Task>* queue, const Task& task) {
  {
    const std::lock_guard lock(mutex_);
    queue->push_back(task);
    work_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_one();
}

void Workers::State::serve(uint32_t worker) {
  this_worker = worker;
  std::unique_lock lock(mutex_, std::defer_lock);
  for (;;) {
    spin_while([&] { return work_.load(std::memory_order_acquire) == 0; });
    lock.lock();
    wake_.wait(lock, [&] { return stop_ || job_ || !ready_.empty() || !waiting_.empty(); });
    while (serve_one(lock, worker)) {
    }
    if (stop_) return;
    lock.unlock();
  }
}

// What is ready comes first, then whoever wants help, then what may have to wait.
bool Workers::State::serve_one(std::unique_lock<std::mutex>& lock, uint32_t worker) {
  std::deque<Task>* queue = !ready_.empty() ? &ready_ : job_ || waiting_.empty() ? nullptr : &waiting_;
  if (queue) {
    const Task task = queue->front();
    queue->pop_front();
    work_.fetch_sub(1, std::memory_order_relaxed);
    lock.unlock();
    task.run(task.owner, task.instruction, worker);
    lock.lock();
    return true;
  }
  if (!job_) return false;
  Job* job = job_;
  ++job->helpers;
  lock.unlock();
  job->take_indices(worker);
  lock.lock();
  if (job_ == job) {  // no index is left: nobody else need come
    job_ = nullptr;
    work_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (--job->helpers == 0) helped_.notify_all();
  return true;
}

void Workers::State::Job::take_indices(size_t worker) {
  is_in_job = true;
  for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) task(argument, i, worker);
  is_in_job = false;
}

void Workers::State::share(Job* job, size_t worker) {
  {
    const std::lock_guard lock(mutex_);
    if (!job_) {
      job_ = job;
      work_.fetch_add(1, std::memory_order_release);
    }
  }
  wake_.notify_all();
  job->take_indices(worker);
  std::unique_lock lock(mutex_);
  if (job_ == job) {
    job_ = nullptr;
    work_.fetch_sub(1, std::memory_order_relaxed);
  }
  helped_.wait(lock, [&] { return job->helpers == 0; });
}

void Workers::State::parallel_for(void* user, size_t count, void (*task)(void*, size_t, size_t), void* argument) {
  if (is_in_job || count < 2) {
    for (size_t i = 0; i < count; ++i) task(argument, i, this_worker);
    return;
  }
  Job job{count, task, argument};
  static_cast<State*>(user)->share(&job, this_worker);
}

Workers::Workers(uint32_t count) : state_(std::make_unique<State>(count == 0 ? usable_cores() : count)) {}
Workers::~Workers() = default;
uint32_t Workers::count() const { return state_->count(); }

}  // namespace etc::host
