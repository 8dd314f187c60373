// A run takes exactly the memory that is said beforehand, no heap, and little stack: over all models at hand, every method of each.
// With ETC_MEMORY_TABLE=FILE the figures are written there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "heap_trap.h"
#include "lent_memory.h"
#include "models.h"
#include "painted_stack.h"

namespace etc::testing {
namespace {

// docs/static-memory.md: with the portable kernels, and with those of ops/cpu, which keep pointers into blocks of rows on the stack.
constexpr size_t kStackBound = 8192, kFastStackBound = 40960;

const OpTable* const kTables[] = {&builtin_ops()};

using Recorded = std::vector<const host::Array*>;  // for each input; null: none

Recorded recorded_inputs(const Program& program, uint32_t method, const std::vector<host::NamedArray>& arrays) {
  Recorded recorded(program.input_count(method));
  for (uint32_t i = 0; i < recorded.size(); ++i)
    for (const auto& [name, array] : arrays)
      if (name == "c0_in" + std::to_string(i)) recorded[i] = &array;
  return recorded;
}

// Gives inputs the recorded sizes and values where they fit; the others keep their largest sizes and become zero.
void fill_inputs(Method& method, const Recorded& recorded) {
  for (uint32_t i = 0; i < method.input_count(); ++i)
    if (const host::Array* array = recorded[i]) static_cast<void>(method.set_input_sizes(i, {array->sizes.data(), array->sizes.size()}));
  for (uint32_t i = 0; i < method.input_count(); ++i) {
    const Tensor& t = method.input(i);
    const auto bytes = static_cast<size_t>(t.numel()) * size_in_bytes(t.dtype);
    if (bytes == 0) continue;
    std::memset(t.data, 0, bytes);
    if (const host::Array* array = recorded[i]; array && array->dtype == t.dtype && array->bytes.size() == bytes)
      std::memcpy(t.data, array->bytes.data(), bytes);
  }
}

// What zeros or a cut-off loop may lead to; anything else is a fault of ours.
bool is_run(Error e) { return e == Error::Ok || e == Error::BadValue || e == Error::OutOfBudget; }

struct Subject {
  const CompiledModel& model;
  Program program;
  uint32_t method;
  Needs needs;
  Recorded recorded;
  std::string name() const { return model.name + (program.method_count() > 1 ? " method " + std::to_string(method) : ""); }
};

std::vector<Subject> subjects() {
  std::vector<Subject> all;
  for (const CompiledModel& model : compiled_models()) {
    auto program = Program::open(model.file.span());
    EXPECT_TRUE(program.ok()) << model.name;
    for (uint32_t m = 0; program.ok() && m < program->method_count(); ++m) {
      auto needs = program->needs(m, kTables);
      EXPECT_TRUE(needs.ok()) << model.name;
      if (needs.ok()) all.push_back({model, program.value(), m, needs.value(), recorded_inputs(program.value(), m, model.arrays)});
    }
  }
  EXPECT_FALSE(all.empty());
  return all;
}

constexpr uint32_t kBudget = 1000;  // of backward jumps

TEST(HeapTrap, EndsWhoAllocates) {
  EXPECT_DEATH(
      {
        const HeapTrap trap;
        int* volatile n = new int(1);
        delete n;
      },
      "heap trap: malloc was called");
}

TEST(StaticMemory, NothingIsAllocated) {
  for (const Subject& s : subjects()) {
    const LentMemory lent(s.program, s.method, s.needs);
    const Memory memory = lent.memory();
    const Recorded none(s.recorded.size());
    Error errors[5] = {};
    {
      const HeapTrap trap;
      auto program = Program::open(s.model.file.span());
      auto needs = program->needs(s.method, kTables);
      errors[0] = needs.error();
      errors[1] = program->init_state(memory.state);
      auto method = Method::load(program.value(), s.method, kTables, {}, memory, {}, nullptr);
      errors[2] = method.error();
      if (method.ok()) {
        fill_inputs(**method, none);
        errors[3] = (*method)->execute(nullptr, kBudget);
        fill_inputs(**method, s.recorded);
        errors[4] = (*method)->execute(nullptr, kBudget);
        (*method)->unload();
      }
    }
    for (int i = 0; i < 3; ++i) EXPECT_EQ(errors[i], Error::Ok) << s.name();
    // The largest sizes need not fit each other.
    EXPECT_TRUE(is_run(errors[3]) || errors[3] == Error::BadShape) << s.name() << ": error " << static_cast<int>(errors[3]);
    EXPECT_TRUE(is_run(errors[4])) << s.name() << ": error " << static_cast<int>(errors[4]);
  }
}

TEST(StaticMemory, ExactlyTheNeedIsEnough) {
  int done = 0, all = 0;
  for (const Subject& s : subjects()) {
    const LentMemory lent(s.program, s.method, s.needs);
    ASSERT_EQ(s.program.init_state(lent.state.span()), Error::Ok);
    auto method = Method::load(s.program, s.method, kTables, {}, lent.memory(), {}, nullptr);
    ASSERT_TRUE(method.ok()) << s.name();
    fill_inputs(**method, s.recorded);
    const Error e = (*method)->execute(nullptr, kBudget);
    EXPECT_TRUE(is_run(e)) << s.name() << ": error " << static_cast<int>(e);
    done += e == Error::Ok;
    ++all;
    (*method)->unload();
  }
  EXPECT_GE(done * 10, all * 9) << "too few run to their end";
}

TEST(StaticMemory, OneByteLessIsRefused) {
  for (const Subject& s : subjects()) {
    LentMemory lent(s.program, s.method, s.needs);
    const auto load = [&](const Memory& memory) { return Method::load(s.program, s.method, kTables, {}, memory, {}, nullptr).error(); };
    Memory memory = lent.memory();
    memory.arena = lent.arena.span(1);
    EXPECT_EQ(load(memory), Error::OutOfMemory) << s.name() << ", arena";
    memory = lent.memory();
    if (s.needs.state != 0) {
      memory.state = lent.state.span(1);
      EXPECT_EQ(load(memory), Error::OutOfMemory) << s.name() << ", state";
      EXPECT_EQ(s.program.init_state(memory.state), Error::OutOfMemory) << s.name() << ", state";
    }
    for (size_t p = 0; p < lent.pools.size(); ++p) {
      if (lent.spans[p].size == 0) continue;
      const Span<std::byte> whole = lent.spans[p];
      lent.spans[p] = lent.pools[p]->span(1);
      EXPECT_EQ(load(lent.memory()), Error::OutOfMemory) << s.name() << ", pool " << p;
      lent.spans[p] = whole;
    }
  }
}

// Live bytes at the peak are a bound that no plan can beat; above it, only the proof that the search has tried all counts.
TEST(StaticMemory, NoPlanIsSmaller) {
  for (const CompiledModel& model : compiled_models())
    for (const auto& method : model.report.methods)
      for (const auto& pool : method.pools)
        EXPECT_TRUE(pool.proven_optimal) << model.name << ", pool " << pool.name << ": " << pool.bytes << " bytes, bound "
                                         << pool.lower_bound;
}

// One load and one run on a painted stack.
struct StackTask {
  const Subject& subject;
  const LentMemory& lent;
  Method* method = nullptr;

  static void load(void* self) {
    auto* t = static_cast<StackTask*>(self);
    t->subject.program.init_state(t->lent.state.span());
    auto method = Method::load(t->subject.program, t->subject.method, kTables, {}, t->lent.memory(), {}, nullptr);
    if (method.ok()) t->method = method.value();
  }
  static void execute(void* self) { static_cast<StackTask*>(self)->method->execute(nullptr, kBudget); }
  static void open(void* self) { static_cast<void>(Program::open(static_cast<StackTask*>(self)->subject.model.file.span())); }
};

TEST(StaticMemory, TheStackStaysWithinItsBound) {
  std::ofstream table;
  if (const char* path = std::getenv("ETC_MEMORY_TABLE")) table.open(path);
  table << "# Static memory\n\nBytes, on this 64-bit machine; made by tests/static_memory (docs/static-memory.md tells the command).\n\n"
        << "| model | arena | pools | state | stack of open | of load | of execute |\n|---|---:|---:|---:|---:|---:|---:|\n";
  for (const Subject& s : subjects()) {
    const LentMemory lent(s.program, s.method, s.needs);
    StackTask task{s, lent};
    const size_t open = stack_bytes(StackTask::open, &task), load = stack_bytes(StackTask::load, &task);
    ASSERT_NE(task.method, nullptr) << s.name();
    fill_inputs(*task.method, s.recorded);
    const size_t execute = stack_bytes(StackTask::execute, &task);
    EXPECT_LE(std::max({open, load, execute}), s.model.cpu == "generic" ? kStackBound : kFastStackBound)
        << s.name() << ": open " << open << ", load " << load << ", execute " << execute;
    uint64_t pools = 0;
    for (const Span<std::byte>& pool : lent.spans) pools += pool.size;
    table << "| " << s.name() << " | " << s.needs.arena << " | " << pools << " | " << s.needs.state << " | " << open << " | " << load
          << " | " << execute << " |\n";
    task.method->unload();
  }
}

}  // namespace
}  // namespace etc::testing
