// etc as one of the runtimes that bench/compare measures: does what worker.py does for the others, in the same words.
//
//   bench-etc-worker PROGRAM.etc THREADS INPUT.npy…      commands on standard input, one JSON object a line on standard output
//
// A call hands the inputs over and leaves the outputs to be read. An input that can stay in the caller's memory is bound once; others are
// copied in at each call.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "host/error.h"
#include "host/json.h"
#include "host/npy.h"
#include "src/run/session.h"

namespace etc {
namespace {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int64_t cpu_ns() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

// Of this program; what getrusage says includes the process that started it.
int64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  int64_t kib = 0;
  for (std::string word; status >> word;)
    if (word == "VmHWM:") status >> kib;
  return kib;
}

class Worker {
 public:
  Worker(std::string program, uint32_t threads, std::vector<host::Array> inputs)
      : program_(std::move(program)), threads_(threads), inputs_(std::move(inputs)) {}

  std::string load() {
    const int64_t start = now_ns();
    run::SessionOptions options;
    options.program = program_;
    options.threads = threads_;
    session_ = std::make_unique<run::Session>(options);
    method_ = &session_->loaded().method;
    if (method_->input_count() != inputs_.size()) throw host::UserError("the program takes another number of inputs", host::kUsage);
    for (uint32_t i = 0; i < inputs_.size(); ++i) hand_over(i);
    const int64_t loaded = now_ns();
    call();
    return "{\"load_ns\": " + std::to_string(loaded - start) + ", \"first_ns\": " + std::to_string(now_ns() - loaded) +
           ", \"peak_kib\": " + std::to_string(peak_kib()) + "}";
  }

  std::string answer(const std::string& file) {
    call();
    std::vector<host::NamedArray> results = session_->results();
    results.resize(session_->output_count());  // without inputs that the program changed
    for (size_t i = 0; i < results.size(); ++i) results[i].first = "out" + std::to_string(i);
    host::write_npz(file, results);
    return "{}";
  }

  std::string time(int samples, int calls) {
    std::string wall;
    const int64_t start = now_ns(), cpu = cpu_ns();
    for (int s = 0; s < samples; ++s) {
      const int64_t before = now_ns();
      for (int c = 0; c < calls; ++c) call();
      char text[32];
      std::snprintf(text, sizeof text, "%s%.1f", s ? ", " : "", static_cast<double>(now_ns() - before) / calls);
      wall += text;
    }
    return "{\"ns\": [" + wall +
           "], \"cores\": " + std::to_string(static_cast<double>(cpu_ns() - cpu) / static_cast<double>(now_ns() - start)) + "}";
  }

 private:
  void hand_over(uint32_t i) {
    const Tensor& input = method_->input(i);
    host::Array& given = inputs_[i];
    if (input.dtype != given.dtype || input.numel() != given.numel()) throw host::UserError("an input is of another type", host::kUsage);
    if (method_->bind_input(i, {given.bytes.data(), given.bytes.size()}) != Error::Ok) copied_.push_back(i);
  }

  void call() {
    for (const uint32_t i : copied_) std::memcpy(method_->input(i).data, inputs_[i].bytes.data(), inputs_[i].bytes.size());
    if (const Error e = method_->execute(nullptr); e != Error::Ok)
      throw host::UserError("execute: error " + std::to_string(static_cast<int>(e)), host::kBadInput);
  }

  std::string program_;
  uint32_t threads_;
  std::vector<host::Array> inputs_;
  std::vector<uint32_t> copied_;
  std::unique_ptr<run::Session> session_;
  Method* method_ = nullptr;
};

void serve(Worker& worker) {
  std::printf("{\"peak_kib\": %lld}\n", static_cast<long long>(peak_kib()));
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, file;
    int samples = 1, calls = 1;
    words >> command;
    std::string reply;
    if (command == "load") reply = worker.load();
    if (command == "answer") words >> file, reply = worker.answer(file);
    if (command == "time") words >> samples >> calls, reply = worker.time(samples, calls);
    std::printf("%s\n", reply.c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace etc

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: bench-etc-worker PROGRAM.etc THREADS INPUT.npy...\n"), 2;
  try {
    std::vector<etc::host::Array> inputs;
    for (int i = 3; i < argc; ++i) inputs.push_back(etc::host::read_arrays(argv[i]).at(0).second);
    etc::Worker worker(argv[1], static_cast<uint32_t>(std::atoi(argv[2])), std::move(inputs));
    etc::serve(worker);
  } catch (const etc::host::UserError& e) {
    std::printf("{\"error\": %s}\n", etc::host::json_text(e.what()).c_str());
    return e.code();
  }
}
