// Recording of traces; see etc/host/trace.h.
#include "etc/host/trace.h"

#include <algorithm>
#include <chrono>

namespace etc::host {
namespace {

int64_t clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Trace::Trace(uint32_t workers, uint32_t instructions) : start_ns_(clock_ns()), running_(instructions), workers_(workers) {}

int64_t Trace::now_ns() const { return clock_ns() - start_ns_; }

void Trace::begin_run() {
  for (Worker& w : workers_) w.events.clear();  // of a run that failed
  runs_.push_back({now_ns(), 0, {}});
}

void Trace::before(uint32_t instruction, uint32_t worker) { running_[instruction] = {instruction, worker, now_ns(), 0}; }

// A delegate may end on another worker than the one that started it.
void Trace::after(uint32_t instruction, uint32_t worker) {
  Event event = running_[instruction];
  event.end_ns = now_ns();
  workers_[worker].events.push_back(event);
}

void Trace::end_run() {
  Run& run = runs_.back();
  run.end_ns = now_ns();
  for (Worker& w : workers_) {
    run.events.insert(run.events.end(), w.events.begin(), w.events.end());
    w.events.clear();
  }
  std::stable_sort(run.events.begin(), run.events.end(), [](const Event& a, const Event& b) { return a.begin_ns < b.begin_ns; });
}

}  // namespace etc::host
