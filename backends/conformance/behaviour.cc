// Checks of what a backend does when all is well, and when it or a neighbour fails.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "counting.h"
#include "suite.h"

namespace etc::conformance {
namespace {

std::string loaded(const Run& run) {
  if (run.method) return "";
  return "does not load: error " + std::to_string(static_cast<int>(run.error)) + " at instruction " +
         std::to_string(static_cast<int>(run.fault.instruction)) + ", code " + std::to_string(static_cast<int>(run.fault.operand));
}

// The answers of the baseline to the inputs of this seed.
Outputs right_answers(const Case& c, uint32_t seed) {
  Run baseline(c.baseline, nullptr);
  if (!baseline.method || baseline.execute(seed) != Error::Ok) return {};
  return baseline.outputs();
}

std::string answer(Run& run, const Subject& s, const Case& c, uint32_t seed) {
  Fault fault;
  if (const Error e = run.execute(seed, &fault); e != Error::Ok)
    return "fails with error " + std::to_string(static_cast<int>(e)) + ", code " + std::to_string(static_cast<int>(fault.operand));
  if (!run.is_intact()) return "writes behind its memory";
  return difference(run, run.outputs(), right_answers(c, seed), s);
}

}  // namespace

std::string check_answers(const Subject& s, const Case& c) {
  Run run(c.program, s.table);
  std::string fault = loaded(run);
  if (fault.empty() && run.program.delegate_count() == 0) fault = "the program does not call the backend";
  for (uint32_t seed : {1, 2, 1})
    if (fault.empty()) fault = answer(run, s, c, seed);
  return fault;
}

std::string check_instances(const Subject& s, const Case& c) {
  Run a(c.program, s.table);
  std::string fault = loaded(a);
  {
    Run b(c.program, s.table);
    if (fault.empty()) fault = loaded(b);
    for (uint32_t seed = 1; seed < 3; ++seed) {
      if (fault.empty()) fault = answer(a, s, c, seed);
      if (fault.empty()) fault = answer(b, s, c, seed + 10);
    }
  }
  if (fault.empty()) fault = answer(a, s, c, 3);
  return fault;
}

std::string check_threads(const Subject& s, const Case& c) {
  constexpr int kThreads = 4, kRounds = 3;
  std::vector<std::string> faults(kThreads);
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (uint32_t round = 0; round < kRounds && faults[t].empty(); ++round) {
        Run run(c.program, s.table);
        faults[t] = loaded(run);
        if (faults[t].empty()) faults[t] = answer(run, s, c, 10 * t + round);
      }
    });
  for (std::thread& t : threads) t.join();
  for (const std::string& fault : faults)
    if (!fault.empty()) return fault;
  return "";
}

std::string check_varying(const Subject& s, const Case& c) {
  Run run(c.program, s.table), baseline(c.baseline, nullptr);
  if (std::string fault = loaded(run); !fault.empty()) return fault;
  std::vector<std::vector<int64_t>> most;
  int64_t largest = 0;
  for (uint32_t i = 0; i < run.method->input_count(); ++i) {
    const Tensor& t = run.method->input(i);
    most.emplace_back(t.sizes, t.sizes + t.rank);
    for (uint32_t d = 0; d < t.rank; ++d)
      if (run.program.input(0, i).varying >> d & 1) largest = std::max(largest, t.sizes[d]);
  }
  if (largest == 0) return "";
  uint32_t seed = 0;
  for (const int64_t size : {largest, int64_t{1}, largest - 1, largest / 2 + 1, int64_t{2}, largest}) {
    for (Run* r : {&run, &baseline})
      for (uint32_t i = 0; i < most.size(); ++i) {
        std::vector<int64_t> sizes = most[i];
        for (uint32_t d = 0; d < sizes.size(); ++d)
          if (run.program.input(0, i).varying >> d & 1) sizes[d] = std::min(size, sizes[d]);
        if (r->method->set_input_sizes(i, {sizes.data(), sizes.size()}) != Error::Ok)
          return "does not take the size " + std::to_string(size);
      }
    if (baseline.execute(++seed) != Error::Ok) return "the baseline does not take the size " + std::to_string(size);
    if (run.execute(seed) != Error::Ok) return "fails at the size " + std::to_string(size);
    if (!run.is_intact()) return "writes behind its memory at the size " + std::to_string(size);
    if (std::string fault = difference(run, run.outputs(), baseline.outputs(), s); !fault.empty())
      return fault + ", at the size " + std::to_string(size);
  }
  return "";
}

std::string check_places(const Subject& s, const Case& c) {
  Run run(c.program, s.table);
  if (std::string fault = loaded(run); !fault.empty()) return fault;
  if (std::string fault = answer(run, s, c, 1); !fault.empty()) return fault;
  std::vector<Guarded> elsewhere;
  const auto bytes = [](const Tensor& t) { return static_cast<size_t>(t.numel()) * size_in_bytes(t.dtype); };
  for (uint32_t i = 0; i < run.method->input_count(); ++i) {
    elsewhere.emplace_back(bytes(run.method->input(i)));
    run.method->bind_input(i, elsewhere.back().span());  // some cannot move, which is no fault
  }
  for (uint32_t i = 0; i < run.method->output_count(); ++i) {
    elsewhere.emplace_back(bytes(run.method->output(i)));
    run.method->bind_output(i, elsewhere.back().span());
  }
  if (std::string fault = answer(run, s, c, 2); !fault.empty()) return fault;
  for (const Guarded& g : elsewhere)
    if (!g.is_intact()) return "writes behind a bound tensor";
  return "";
}

std::string check_failed_init(const Subject& s, const Case& c) {
  for (int fails_at = 1;; ++fails_at) {
    Proxy proxy;
    int calls = 0;
    proxy.init = [&](DelegateContext ctx) { return ++calls == fails_at ? DelegateStatus{Error::DelegateFailed, 77} : s.table->init(ctx); };
    {
      Run run(c.program, proxy_for(s.table, &proxy));
      if (calls < fails_at) return "";
      if (run.error != Error::DelegateFailed || run.fault.operand != 77) return "a failed init is not passed up";
    }
    if (proxy.destroys != proxy.inits) return "not every instance is destroyed";
  }
}

std::string check_failed_run(const Subject& s, const Case& c) {
  Proxy proxy;
  bool fails = true;
  proxy.execute = [&](DelegateContext ctx) { return fails ? DelegateStatus{Error::DelegateFailed, 88} : run_to_end(*s.table, ctx); };
  Run run(c.program, proxy_for(s.table, &proxy));
  if (std::string fault = loaded(run); !fault.empty()) return fault;
  Fault fault;
  if (run.execute(1, &fault) != Error::DelegateFailed || fault.operand != 88) return "a failed run is not passed up";
  fails = false;
  return answer(run, s, c, 2);
}

std::string check_heap(const Subject& s, const Case& c) {
  const bool may_in_init = s.table->flags & DelegateTable::kAllocates, may_in_run = s.table->flags & DelegateTable::kAllocatesInExecute;
  std::string fault;
  Proxy proxy;
  proxy.init = [&](DelegateContext ctx) {
    const int64_t before = allocations().calls;
    const DelegateStatus status = s.table->init(ctx);
    if (!may_in_init && allocations().calls != before) fault = "allocates in init and does not say kAllocates";
    return status;
  };
  proxy.execute = [&](DelegateContext ctx) {
    const Allocations before = allocations();
    const DelegateStatus status = run_to_end(*s.table, ctx);
    const Allocations after = allocations();
    if (!may_in_run && after.calls != before.calls) fault = "allocates in execute and does not say kAllocatesInExecute";
    return status;
  };
  int64_t live[4];
  for (int64_t& after : live) {  // the first rounds fill what libraries keep for the process
    {
      Run run(c.program, proxy_for(s.table, &proxy));
      if (std::string f = loaded(run); !f.empty()) return f;
      run.execute(1);  // the first run may set up the calling thread
      const int64_t before = allocations().live;
      for (uint32_t n = 0; n < 8; ++n) run.execute(n);
      if (allocations().live > before) return "every run leaves blocks behind";
    }
    after = allocations().live;
  }
  if (live[3] > live[2]) return "every instance leaves blocks behind";
  return fault;
}

std::string check_no_memory(const Subject& s, const Case& c) {
  std::string fault;
  Proxy proxy;
  proxy.init = [&](DelegateContext ctx) {
    constexpr int64_t kMost = 400;
    for (int64_t n = 1; n <= kMost && fault.empty(); ++n) {
      const Allocations before = allocations();
      fail_allocation(n);
      const DelegateStatus status = s.table->init(ctx);
      fail_allocation(0);
      const bool is_last = allocations().calls - before.calls < n;
      if (status.error == Error::Ok && s.table->destroy) s.table->destroy(ctx);
      if (allocations().live > before.live + 8) fault = "leaves blocks behind when allocation " + std::to_string(n) + " fails";
      std::memset(ctx.memory().data, 0, ctx.memory().size);
      if (is_last) break;
    }
    return s.table->init(ctx);
  };
  Run run(c.program, proxy_for(s.table, &proxy));
  if (fault.empty()) fault = loaded(run);
  return fault.empty() ? answer(run, s, c, 1) : fault;
}

}  // namespace etc::conformance
