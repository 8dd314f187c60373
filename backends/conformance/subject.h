// What is under test, and methods loaded into memory of their own that have guards behind them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "etc/method.h"

namespace etc::conformance {

// A program whose subgraphs the backend runs, and the same model without it: the right answers.
struct Case {
  std::string name;
  std::vector<std::byte> program, baseline;  // bytes of the files
};

struct Subject {
  const DelegateTable* table = nullptr;
  std::vector<Case> cases;
  double rtol = 1e-4, atol = 1e-5;
  std::vector<std::string> skipped;  // names of checks
};

// Bytes at a multiple of 64, with a pattern behind them.
class Guarded {
 public:
  explicit Guarded(size_t size);
  Span<std::byte> span() const { return {data_.get(), size_}; }
  bool is_intact() const;

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte[], Free> data_;
  size_t size_;
};

using Outputs = std::vector<std::vector<std::byte>>;

class Run {
 public:
  Run(const std::vector<std::byte>& file, const DelegateTable* table, Hooks hooks = {});
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void fill_inputs(uint32_t seed);
  Error execute(uint32_t seed, Fault* fault = nullptr);  // fills inputs first
  Outputs outputs() const;
  bool is_intact() const;  // no guard has been written

  Program program;
  Error error = Error::Ok;
  Fault fault;
  Method* method = nullptr;  // null when the program does not load

 private:
  Guarded file_;
  std::vector<Guarded> memory_;
};

// Which output departs, or "" when they are close. f32 within the tolerances, other types to the bit.
std::string difference(const Run& of, const Outputs& a, const Outputs& b, const Subject& subject);

// A table that hands everything on to the backend, but for what a test puts in between.
struct Proxy {
  std::function<DelegateStatus(DelegateContext)> init, execute;
  int inits = 0, destroys = 0;  // that succeeded
};
// Valid until the next call.
const DelegateTable* proxy_for(const DelegateTable* table, Proxy* proxy);
DelegateStatus run_to_end(const DelegateTable& table, DelegateContext ctx);  // execute, or start and finish

}  // namespace etc::conformance
