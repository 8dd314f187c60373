// A method of a program file, loaded and ready: the runtime core as a command uses it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "etc/host/observer.h"
#include "etc/method.h"
#include "host/npy.h"
#include "inputs.h"

namespace etc::run {

struct SessionOptions {
  std::string program;
  std::string method;                               // empty: the only one, or `forward`
  std::vector<std::string> op_libraries;            // asked before the built-in ops
  uint32_t threads = 0;                             // 0: one for each core
  bool async = false;                               // the threads run instructions side by side
  std::vector<std::string> backend_libraries = {};  // asked before those of this build
};

// Everything throws host::UserError with the exit code of the case.
class Session {
 public:
  explicit Session(const SessionOptions& options);
  ~Session();

  const std::string& method_name() const;
  const std::vector<Wanted>& inputs() const;
  const std::vector<Wanted>& states() const;

  // All inputs, and nothing else may run between them and `run`: the plan reuses their bytes.
  void set_inputs(const std::vector<host::Array>& arrays);
  // `max_instructions` 0: no limit. `observer` may be null.
  void run(uint64_t max_instructions, host::Observer* observer = nullptr);
  size_t output_count() const;
  // What backends took from the heap while they were loaded, beside all that is planned; nothing when the program calls none.
  std::optional<uint64_t> backend_heap_bytes() const;
  // The outputs in order, then the inputs that the program changed.
  std::vector<host::NamedArray> results() const;

  // For those who look into the method while it runs.
  struct Loaded {
    const Program& program;
    uint32_t index;  // of the method
    Method& method;
    Span<const OpTable* const> tables;
    Span<const std::byte> file;
    Span<const Span<std::byte>> pools;
    uint32_t workers;  // that may call an observer
  };
  Loaded loaded() const;

  host::Array state(size_t i) const;
  void set_state(size_t i, const host::Array& array);
  // Begins the random numbers anew.
  void seed(uint64_t seed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace etc::run
