// A thread that waits for a second before it says anything.
#include "progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace etc::compile {

Progress::Progress() {
  if (isatty(STDERR_FILENO)) thread_ = std::jthread([this](std::stop_token stop) { show(stop); });
}

Progress::~Progress() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Progress::stage(const std::string& name) {
  const std::lock_guard lock(mutex_);
  stage_ = name;
  changed_.notify_one();
}

void Progress::show(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
  std::string shown;
  while (!stop.stop_requested()) {
    if (shown != stage_) std::fprintf(stderr, "\r\033[K%s ...", stage_.c_str());
    shown = stage_;
    changed_.wait(lock, stop, [&] { return shown != stage_; });
  }
  if (!shown.empty()) std::fprintf(stderr, "\r\033[K");
}

}  // namespace etc::compile
