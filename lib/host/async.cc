// Running the instructions of a method side by side; see etc/host/async.h.
//
// Every instruction counts the ones that it waits for. Whoever finishes an instruction counts down its successors, goes on with the first
// that became ready and gives the others to the queue. Whoever finishes the last instruction of a block follows the jump and starts the
// next. After an error nothing runs any more, but the counting goes on to the end of the block: there is one way out.
#include "etc/host/async.h"

#include "host/cores.h"
#include "host/dependencies.h"
#include "host/method_steps.h"
#include "host/workers.h"

namespace etc::host {
namespace {

constexpr uint32_t kNone = 0xffffffffu;

DelegateInstance& instance_of(OpContext ctx) { return *static_cast<DelegateInstance*>(ctx.prepared_data()); }

bool is_asynchronous(const format::Instruction& file, OpContext ctx) {
  if (file.kind != format::InstructionKind::Delegate) return false;
  const DelegateTable* table = instance_of(ctx).table;
  return table && !table->execute;
}

}  // namespace

struct AsyncMethod::State {
  State(const Program& p, uint32_t index, Method& m, Workers& w, Dependencies d)
      : file(ProgramAccess::root(p).methods()[index]),
        method(m),
        workers(*w.state_),
        dependencies(std::move(d)),
        waits(std::make_unique<std::atomic<uint32_t>[]>(dependencies.waits_for.size())),
        lanes(w.count()) {}

  struct alignas(64) Lane {  // of one worker
    Frame frame;
    std::byte* scratch = nullptr;
  };

  const format::Method& file;
  Method& method;
  Workers::State& workers;
  const Dependencies dependencies;
  std::unique_ptr<std::atomic<uint32_t>[]> waits;  // what each instruction still waits for
  std::vector<Lane> lanes;
  std::byte* scratch = nullptr;  // of all workers
  Hooks serial_hooks, parallel_hooks;

  // The run in progress.
  AsyncOptions options;
  Observer nobody;
  Observer* observer = &nobody;
  Completion done;
  std::atomic<uint32_t> left{0};    // instructions of the block that are not finished
  std::atomic<uint32_t> active{0};  // instructions that are ready or running
  std::atomic<uint64_t> executed{0};
  std::atomic<bool> is_stopped{false}, is_cancelled{false};
  std::mutex mutex;  // guards what follows
  std::condition_variable ended;
  std::atomic<bool> is_running{false};
  Fault fault;

  void start(const AsyncOptions& o, Completion d);
  void finish();
  void wait() {
    spin_while([&] { return is_running.load(std::memory_order_relaxed); });
    std::unique_lock lock(mutex);
    ended.wait(lock, [&] { return !is_running; });
  }

  // All return the instruction to go on with, or kNone, after which nothing of this may be touched: the run may be over.
  uint32_t start_block(bool goes_on);
  uint32_t run(uint32_t i, uint32_t worker);
  uint32_t complete(uint32_t i);
  uint32_t end_block();

  void run_chain(uint32_t i, uint32_t worker) {
    while (i != kNone) i = run(i, worker);
  }
  OpContext context(uint32_t i, uint32_t worker);
  Error execute(uint32_t i, uint32_t worker, bool* is_started);
  uint32_t finish_delegate(uint32_t i, uint32_t worker);
  bool may_run(uint32_t i);
  void stop(Error error, uint32_t instruction, uint32_t operand = Fault::kNowhere);

  static void run_task(void* self, uint32_t i, uint32_t worker) { static_cast<State*>(self)->run_chain(i, worker); }
  static void finish_task(void* self, uint32_t i, uint32_t worker) {
    State& s = *static_cast<State*>(self);
    s.run_chain(s.finish_delegate(i, worker), worker);
  }
};

void AsyncMethod::State::start(const AsyncOptions& o, Completion d) {
  options = o;
  observer = o.observer ? o.observer : &nobody;
  done = std::move(d);
  executed = 0;
  is_stopped = is_cancelled = false;
  {
    const std::lock_guard lock(mutex);
    fault = {};
    is_running = true;
  }
  method.begin(o.budget);
  for (Lane& lane : lanes) lane.frame = MethodSteps::frame(method);
  if (MethodSteps::block(method) == MethodSteps::kDone) return finish();
  start_block(false);
}

// The caller goes on with the first instruction, or, `goes_on` being false, leaves all to the workers.
uint32_t AsyncMethod::State::start_block(bool goes_on) {
  const format::Block& block = file.blocks()[MethodSteps::block(method)];
  if (block.count == 0) return end_block();  // begin could not follow its jump: end_block says why
  uint32_t ready = 0;
  for (uint32_t i = block.first; i < block.first + block.count; ++i) {
    waits[i].store(dependencies.waits_for[i], std::memory_order_relaxed);
    ready += dependencies.waits_for[i] == 0;
  }
  left.store(block.count, std::memory_order_relaxed);
  active.store(ready, std::memory_order_relaxed);
  // The queue's lock shows all of this to whoever takes a task.
  uint32_t first = kNone;
  for (uint32_t i = block.first; ready > 0; ++i) {
    if (dependencies.waits_for[i] != 0) continue;
    --ready;
    if (goes_on && first == kNone)
      first = i;
    else
      workers.push({run_task, this, i});
  }
  return first;
}

bool AsyncMethod::State::may_run(uint32_t i) {
  if (is_cancelled.load(std::memory_order_relaxed)) stop(Error::Cancelled, i);
  if (is_stopped.load(std::memory_order_relaxed)) return false;
  if (options.max_instructions == 0 || executed.fetch_add(1, std::memory_order_relaxed) < options.max_instructions) return true;
  stop(Error::OutOfBudget, i);
  return false;
}

OpContext AsyncMethod::State::context(uint32_t i, uint32_t worker) {
  Lane& lane = lanes[worker];
  // Alone, nothing else becomes ready before this one is done.
  const bool is_alone = options.parallel_ops && active.load(std::memory_order_relaxed) == 1;
  lane.frame.hooks = is_alone ? &parallel_hooks : &serial_hooks;
  lane.frame.worker_scratch = is_alone ? scratch : lane.scratch;
  return {&lane.frame, &MethodSteps::instruction(method, i)};
}

Error AsyncMethod::State::execute(uint32_t i, uint32_t worker, bool* is_started) {
  const OpContext ctx = context(i, worker);
  if (!is_asynchronous(file.instructions()[i], ctx)) return ctx.instr->run(ctx);
  DelegateInstance& instance = instance_of(ctx);
  const DelegateStatus status = instance.table->start({ctx});
  instance.code = status.code;
  *is_started = status.error == Error::Ok;
  return status.error;
}

uint32_t AsyncMethod::State::run(uint32_t i, uint32_t worker) {
  if (!may_run(i)) return complete(i);
  bool is_started = false;
  observer->before(i, worker);
  const Error error = execute(i, worker, &is_started);
  if (is_started) {
    workers.push_waiting({finish_task, this, i});
    return kNone;
  }
  if (error != Error::Ok)
    stop(error, i, fault_code_of({&lanes[worker].frame, &MethodSteps::instruction(method, i)}, error));
  else
    observer->after(i, worker);
  return complete(i);
}

// Follows every start that succeeded, whatever else has failed.
uint32_t AsyncMethod::State::finish_delegate(uint32_t i, uint32_t worker) {
  const OpContext ctx{&lanes[worker].frame, &MethodSteps::instruction(method, i)};
  DelegateInstance& instance = instance_of(ctx);
  const DelegateStatus status = instance.table->finish({ctx});
  instance.code = status.code;
  if (status.error != Error::Ok)
    stop(status.error, i, fault_code_of(ctx, status.error));
  else
    observer->after(i, worker);
  return complete(i);
}

uint32_t AsyncMethod::State::complete(uint32_t i) {
  uint32_t ready[64], count = 0, first = kNone;
  const auto flush = [&] {
    active.fetch_add(count, std::memory_order_relaxed);
    for (uint32_t k = 0; k < count; ++k) workers.push({run_task, this, ready[k]});
    count = 0;
  };
  for (const uint32_t s : dependencies.after(i)) {
    if (waits[s].fetch_sub(1, std::memory_order_acq_rel) != 1) continue;
    if (first == kNone)
      first = s;
    else
      ready[count++] = s;
    if (count == 64) flush();
  }
  flush();
  if (first == kNone) active.fetch_sub(1, std::memory_order_relaxed);
  // With a successor to go on with, the block is not done: nobody may touch it after the last count.
  if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) return end_block();
  return first;
}

uint32_t AsyncMethod::State::end_block() {
  const format::Block& block = file.blocks()[MethodSteps::block(method)];
  if (!is_stopped)
    if (const Error error = MethodSteps::end_block(method, block); error != Error::Ok) stop(error, Fault::kNowhere);
  if (!is_stopped && MethodSteps::block(method) != MethodSteps::kDone) return start_block(true);
  finish();
  return kNone;
}

// The first error counts.
void AsyncMethod::State::stop(Error error, uint32_t instruction, uint32_t operand) {
  const std::lock_guard lock(mutex);
  if (fault.error == Error::Ok) fault = {error, instruction, operand};
  is_stopped = true;
}

// Nobody else works for this run any more, and after the lock is gone, this one may be over and the object too.
void AsyncMethod::State::finish() {
  Completion callback = std::move(done);
  Fault result;
  {
    const std::lock_guard lock(mutex);
    if (fault.error != Error::Ok) MethodSteps::give_up(method, fault);
    result = fault;
    is_running = false;
    ended.notify_all();
  }
  callback(result.error, result);
}

Result<std::unique_ptr<AsyncMethod>> AsyncMethod::make(const Program& program, uint32_t index, Method& method,
                                                       Span<const OpTable* const> tables, Workers& workers, Span<std::byte> worker_scratch,
                                                       Fault* fault) {
  const Accesses accesses(program, index, tables);
  Result<Dependencies> dependencies = dependencies_of(program, index, accesses, fault);
  if (!dependencies.ok()) return dependencies.error();
  auto state = std::make_unique<State>(program, index, method, workers, std::move(*dependencies));
  const size_t each = worker_scratch.size / workers.count() / kAlignment * kAlignment;
  state->scratch = worker_scratch.data;
  for (uint32_t w = 0; w < workers.count(); ++w) state->lanes[w].scratch = worker_scratch.data ? worker_scratch.data + w * each : nullptr;
  if (workers.count() > 1) {
    state->parallel_hooks.workers = workers.count();
    state->parallel_hooks.user = &state->workers;
    state->parallel_hooks.parallel_for = Workers::State::parallel_for;
  }
  return std::unique_ptr<AsyncMethod>(new AsyncMethod(std::move(state)));
}

AsyncMethod::AsyncMethod(std::unique_ptr<State> state) : state_(std::move(state)) {}

AsyncMethod::~AsyncMethod() {
  cancel();
  state_->wait();
}

void AsyncMethod::cancel() { state_->is_cancelled = true; }

Error AsyncMethod::execute(const AsyncOptions& options, Fault* fault) {
  state_->start(options, [](Error, const Fault&) {});
  state_->wait();
  if (fault) *fault = state_->fault;
  return state_->fault.error;
}

void execute_async(AsyncMethod& method, const AsyncOptions& options, Completion done) { method.state_->start(options, std::move(done)); }

}  // namespace etc::host
