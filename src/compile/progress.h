// Says on a terminal what takes long: nothing in the first second, then the stage that runs; wiped out at the end.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace etc::compile {

class Progress {
 public:
  Progress();  // stderr is no terminal: does nothing, ever
  ~Progress();
  void stage(const std::string& name);

 private:
  void show(std::stop_token stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string stage_;
  std::jthread thread_;
};

}  // namespace etc::compile
