// Instructions side by side: order, overlap, errors, cancellation. Overlap is shown by kernels that wait for each other, never by time.
#include "etc/host/async.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <future>
#include <thread>

#include "etc/host/trace.h"
#include "host/memory.h"
#include "testing/delegates.h"
#include "testing/ops.h"

namespace etc {
namespace {

constexpr uint32_t kAtOnce = 2;

// Waits until `condition`; false after so long that nobody can still come.
template <class F>
bool wait_for(F condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::atomic<uint32_t> arrived{0}, starts{0}, finishes{0};
std::atomic<bool> kernel_ran{false};

Error infer_same(InferContext& ctx) noexcept { return ctx.set_result(0, ctx.meta(0)); }
Error run_copy(OpContext ctx) noexcept {
  *ctx.tensor(1).as<float>() = *ctx.tensor(0).as<float>() + 1;
  return Error::Ok;
}
// Two calls must be in flight at once.
Error run_meet(OpContext ctx) noexcept {
  ++arrived;
  return wait_for([] { return arrived % kAtOnce == 0; }) ? run_copy(ctx) : Error::BadValue;
}
// Two pieces of one call must be in flight at once; without a parallel_for, 100 is added.
Error run_spread(OpContext ctx) noexcept {
  const Hooks& hooks = *ctx.frame->hooks;
  std::atomic<uint32_t> inside{0};
  std::atomic<bool> met{true};
  struct Pieces {
    std::atomic<uint32_t>& inside;
    std::atomic<bool>& met;
  } pieces{inside, met};
  if (hooks.parallel_for)
    hooks.parallel_for(
        hooks.user, kAtOnce,
        [](void* p, size_t, size_t) {
          auto& all = *static_cast<Pieces*>(p);
          ++all.inside;
          if (!wait_for([&] { return all.inside == kAtOnce; })) all.met = false;
        },
        &pieces);
  ETC_TRY(run_copy(ctx));
  if (!hooks.parallel_for) *ctx.tensor(1).as<float>() += 100;
  return met ? Error::Ok : Error::BadValue;
}
Error run_mark(OpContext ctx) noexcept {
  kernel_ran = true;
  return run_copy(ctx);
}
Error run_fail(OpContext) noexcept { return Error::BadValue; }

template <Kernel K>
Kernel always(OpContext) noexcept {
  return K;
}

}  // namespace

ETC_OP(meet, "async::meet(Tensor self) -> Tensor", infer_same, always<run_meet>);
ETC_OP(spread, "async::spread(Tensor self) -> Tensor", infer_same, always<run_spread>);
ETC_OP(mark, "async::mark(Tensor self) -> Tensor", infer_same, always<run_mark>);
ETC_OP(fail, "async::fail(Tensor self) -> Tensor", infer_same, always<run_fail>);
ETC_OP(step, "async::step(Tensor self) -> Tensor", infer_same, always<run_copy>);

namespace host {
namespace {

using namespace testing;

constexpr const Op* kOps[] = {&ops::meet, &ops::spread, &ops::mark, &ops::fail, &ops::step};
constexpr OpTable kAsyncOps = {OpTable::kAbi, 5, kOps};
const OpTable* const kBothTables[] = {&kAsyncOps, &kTestOps};

// finish must wait for the kernel beside it.
DelegateStatus accept(DelegateContext) noexcept { return {}; }
DelegateStatus start_marked(DelegateContext ctx) noexcept {
  ++starts;
  return *ctx.argument(0).as<float>() < 0 ? DelegateStatus{Error::DelegateFailed, 3} : DelegateStatus{};
}
DelegateStatus finish_marked(DelegateContext ctx) noexcept {
  ++finishes;
  if (!wait_for([] { return kernel_ran.load(); })) return {Error::DelegateFailed, 9};
  *ctx.result(0).as<float>() = *ctx.argument(0).as<float>() * 10;
  return {};
}
const DelegateTable kDelegate = {DelegateTable::kAbi, 0, "beside", accept, nullptr, start_marked, finish_marked, nullptr};
const DelegateTable* const kDelegateTables[] = {&kDelegate};

// A file loaded for so many workers, none of them inside of ops.
struct Running {
  FileBytes file;
  Program program;
  std::unique_ptr<MethodMemory> memory;
  Method* method = nullptr;
  Workers workers;
  std::unique_ptr<AsyncMethod> async;
  Fault fault;

  Running(const FileSpec& spec, uint32_t threads) : file(spec.encode()), workers(threads) {
    program = Program::open(file.span()).value();
    const auto needs = program.needs(0, kBothTables, kDelegateTables);
    EXPECT_TRUE(needs.ok());
    memory = std::make_unique<MethodMemory>(program, 0, needs.value(), threads);
    method = Method::load(program, 0, kBothTables, kDelegateTables, memory->memory(), Hooks{}, &fault).value();
    auto made = AsyncMethod::make(program, 0, *method, kBothTables, workers, memory->memory().worker_scratch, &fault);
    EXPECT_TRUE(made.ok());
    if (made.ok()) async = std::move(made.value());
  }
  ~Running() {
    async = nullptr;
    method->unload();
  }
  Error run(float x, const AsyncOptions& options = {}) {
    *method->input(0).as<float>() = x;
    return async->execute(options, &fault);
  }
  float output(uint32_t i = 0) const { return *method->output(i).as<float>(); }
};

// One input, and towers of instructions of these ops, each in bytes of its own.
FileSpec towers(const std::vector<std::vector<const Op*>>& ops) {
  FileSpec f;
  f.pool("main", 4096);
  f.begin_method("forward");
  uint64_t place = 0;
  const auto scalar = [&] { return f.value(2, 64 * place++, DType::F32, {}); };
  const uint32_t x = scalar();
  f.input("x", x);
  for (const auto& tower : ops) {
    uint32_t last = x;
    for (const Op* op : tower) {
      const uint32_t next = scalar();
      f.call(*op, {tensor(last), tensor(next)});
      last = next;
    }
    f.output("y", last);
  }
  f.block();
  return f;
}

bool overlap(const Trace::Event& a, const Trace::Event& b) { return a.begin_ns < b.end_ns && b.begin_ns < a.end_ns; }

TEST(Async, RunsTowersSideBySide) {
  Running r(towers({{&ops::step, &ops::meet, &ops::step}, {&ops::step, &ops::step, &ops::meet}}), 2);
  for (int round = 0; round < 20; ++round) {
    Trace trace(2, 6);
    trace.begin_run();
    ASSERT_EQ(r.run(static_cast<float>(round), {.observer = &trace}), Error::Ok);
    trace.end_run();
    EXPECT_EQ(r.output(0), round + 3);
    EXPECT_EQ(r.output(1), round + 3);
    ASSERT_EQ(trace.runs()[0].events.size(), 6u);
    std::vector<Trace::Event> met;
    for (const Trace::Event& e : trace.runs()[0].events)
      if (e.instruction == 1 || e.instruction == 5) met.push_back(e);
    ASSERT_EQ(met.size(), 2u);
    EXPECT_NE(met[0].worker, met[1].worker);
    EXPECT_TRUE(overlap(met[0], met[1]));
  }
}

TEST(Async, AnInstructionAloneMayUseAllWorkers) {
  Running r(towers({{&ops::step, &ops::spread, &ops::step, &ops::spread}}), 2);
  ASSERT_EQ(r.run(0), Error::Ok);
  EXPECT_EQ(r.output(), 4);
  ASSERT_EQ(r.run(0, {.parallel_ops = false}), Error::Ok);
  EXPECT_EQ(r.output(), 204);
}

TEST(Async, AnInstructionBesideOthersIsSerial) {
  // The second tower's meet cannot end before the first's has begun, which comes after its spread.
  Running r(towers({{&ops::spread, &ops::meet}, {&ops::meet}}), 2);
  ASSERT_EQ(r.run(0), Error::Ok);
  EXPECT_EQ(r.output(0), 102);
}

TEST(Async, FollowsJumpsAndSpendsTheBudget) {
  Running r(loop_file(50), 3);
  EXPECT_EQ(r.run(0), Error::Ok);
  EXPECT_EQ(r.output(), 50);
  EXPECT_EQ(r.run(0, {.budget = 48}), Error::OutOfBudget);
  EXPECT_EQ(r.run(0, {.budget = 49}), Error::Ok);
  EXPECT_EQ(r.run(0, {.max_instructions = 100}), Error::Ok);
  EXPECT_EQ(r.run(0, {.max_instructions = 99}), Error::OutOfBudget);
  EXPECT_EQ(r.fault.instruction, 1u);
}

TEST(Async, EndsALoopOfNothing) {
  FileSpec f = towers({{}});
  f.method().blocks[0] = {0, 0, format::BlockEnd::Jump, {}, 0, 0, 0};
  Running r(f, 1);
  EXPECT_EQ(r.run(0, {.budget = 1000}), Error::OutOfBudget);
}

TEST(Async, RunsAMethodWithoutInstructions) {
  Running r(towers({{}}), 1);
  EXPECT_EQ(r.run(5), Error::Ok);
  EXPECT_EQ(r.output(), 5);
}

TEST(Async, NamesTheInstructionThatFailed) {
  Running r(towers({{&ops::step, &ops::step, &ops::step}, {&ops::step, &ops::fail, &ops::step}}), 2);
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(r.run(0), Error::BadValue);
    EXPECT_EQ(r.fault.instruction, 4u);
  }
}

struct CancelAt : Observer {
  AsyncMethod* method = nullptr;
  uint32_t at = 0, last = 0;
  void before(uint32_t instruction, uint32_t) override {
    last = instruction;
    if (instruction == at) method->cancel();
  }
};

TEST(Async, CancelsBetweenInstructions) {
  Running r(towers({{&ops::step, &ops::step, &ops::step, &ops::step}}), 2);
  CancelAt observer;
  observer.method = r.async.get();
  observer.at = 1;
  EXPECT_EQ(r.run(0, {.observer = &observer}), Error::Cancelled);
  EXPECT_EQ(observer.last, 1u);
  EXPECT_EQ(r.fault.instruction, 2u);
  EXPECT_EQ(r.run(0), Error::Ok);  // the run is cancelled, not the method
  EXPECT_EQ(r.output(), 4);
}

TEST(Async, CallsBackOnceAndMayRunAgainFromThere) {
  Running r(towers({{&ops::step}, {&ops::step, &ops::step}}), 2);
  std::promise<Error> ended;
  int runs = 0;
  const std::function<void(Error, const Fault&)> next = [&](Error error, const Fault&) {
    if (error == Error::Ok && ++runs < 100)
      execute_async(*r.async, {}, next);
    else
      ended.set_value(error);
  };
  *r.method->input(0).as<float>() = 1;
  execute_async(*r.async, {}, next);
  EXPECT_EQ(ended.get_future().get(), Error::Ok);
  EXPECT_EQ(runs, 100);
  EXPECT_EQ(r.output(1), 3);
}

FileSpec delegate_beside_kernel() {
  FileSpec f = towers({{&ops::mark}});
  const uint32_t y = f.value(2, 1024, DType::F32, {});
  f.method().blocks.clear();
  const char blob[8] = {};
  f.delegate("beside", blob, sizeof blob, 64, {tensor(0), tensor(y)});
  std::swap(f.method().instructions[0], f.method().instructions[1]);  // the delegate first: serially it would wait for ever
  f.output("z", y);
  f.block();
  return f;
}

TEST(Async, KernelsRunBetweenStartAndFinish) {
  for (const uint32_t threads : {1, 2}) {
    Running r(delegate_beside_kernel(), threads);
    kernel_ran = false;
    ASSERT_EQ(r.run(4), Error::Ok);
    EXPECT_EQ(r.output(0), 5);
    EXPECT_EQ(r.output(1), 40);
  }
}

TEST(Async, FinishFollowsEveryStartThatSucceeded) {
  Running r(delegate_beside_kernel(), 1);
  starts = finishes = 0;
  kernel_ran = true;
  EXPECT_EQ(r.run(4, {.max_instructions = 1}), Error::OutOfBudget);
  EXPECT_EQ(starts, 1u);
  EXPECT_EQ(finishes, 1u);
  EXPECT_EQ(r.run(-1), Error::DelegateFailed);
  EXPECT_EQ(r.fault.instruction, 0u);
  EXPECT_EQ(r.fault.operand, 3u);
  EXPECT_EQ(starts, 2u);
  EXPECT_EQ(finishes, 1u);
}

TEST(Async, RefusesAListThatLeavesAConflictUnordered) {
  FileSpec f = towers({{&ops::step, &ops::step}});
  f.method().successors = {3, 3, 3};
  const FileBytes file = f.encode();
  Loaded none(file);  // these tables lack the ops
  EXPECT_EQ(none.loaded, Error::MissingOp);
  const Program program = Program::open(file.span()).value();
  MethodMemory memory(program, 0, program.needs(0, kBothTables, {}).value(), 1);
  Method* method = Method::load(program, 0, kBothTables, {}, memory.memory(), Hooks{}, nullptr).value();
  Workers workers(2);
  Fault fault;
  EXPECT_EQ(AsyncMethod::make(program, 0, *method, kBothTables, workers, {}, &fault).error(), Error::BadProgram);
  EXPECT_EQ(fault.instruction, 1u);
}

TEST(Async, WorkersServeSeveralMethods) {
  Workers workers(3);
  const FileBytes file = towers({{&ops::step, &ops::spread, &ops::step}, {&ops::step, &ops::step}}).encode();
  const Program program = Program::open(file.span()).value();
  const Needs needs = program.needs(0, kBothTables, {}).value();
  std::vector<std::unique_ptr<MethodMemory>> memories;
  std::vector<std::unique_ptr<AsyncMethod>> methods;
  std::vector<Method*> loaded;
  std::atomic<int> left{8};
  for (int i = 0; i < 8; ++i) {
    memories.push_back(std::make_unique<MethodMemory>(program, 0, needs, 3));
    loaded.push_back(Method::load(program, 0, kBothTables, {}, memories[i]->memory(), Hooks{}, nullptr).value());
    methods.push_back(std::move(AsyncMethod::make(program, 0, *loaded[i], kBothTables, workers, {}, nullptr).value()));
    *loaded[i]->input(0).as<float>() = static_cast<float>(i);
  }
  for (auto& m : methods) execute_async(*m, {.parallel_ops = false}, [&](Error e, const Fault&) { left -= e == Error::Ok; });
  EXPECT_TRUE(wait_for([&] { return left == 0; }));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(*loaded[i]->output(0).as<float>(), static_cast<float>(i + 103));
}

TEST(Method, OneProgramServesManyThreads) {
  const FileBytes file = loop_file(200).encode();
  const Program program = Program::open(file.span()).value();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 64; ++t)
    threads.emplace_back([&, t] {
      MethodMemory memory(program, 0, program.needs(0, kBothTables, {}).value(), 1);
      Method* method = Method::load(program, 0, kBothTables, {}, memory.memory(), Hooks{}, nullptr).value();
      bool is_right = true;
      for (int run = 0; run < 5; ++run) {
        const float x = static_cast<float>(t * 5 + run) / 8;
        *method->input(0).as<float>() = x;
        const float expected = x < 200 ? x + std::ceil(200 - x) : x + 1;
        is_right = is_right && method->execute(nullptr) == Error::Ok && *method->output(0).as<float>() == expected;
      }
      right += is_right;
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(right, 64);
}

}  // namespace
}  // namespace host
}  // namespace etc
