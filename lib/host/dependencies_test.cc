// Conflicts by byte ranges, compared with all pairs; and what recorded lists are accepted.
#include "host/dependencies.h"

#include <gtest/gtest.h>

#include <random>

#include "eval.h"
#include "host/conflicts.h"
#include "testing/ops.h"

namespace etc::host {
namespace {

using namespace testing;

struct Case {
  FileSpec spec;
  explicit Case(FileSpec s) : spec(std::move(s)) {}
  Result<Dependencies> run(Fault* fault = nullptr) const {
    const FileBytes file = spec.encode();
    const Program program = Program::open(file.span()).value();
    return dependencies_of(program, 0, Accesses(program, 0, kTables), fault);
  }
  std::vector<uint32_t> after(uint32_t i) const {
    const Result<Dependencies> d = run();
    EXPECT_TRUE(d.ok());
    return {d.value().after(i).begin(), d.value().after(i).end()};
  }
};
using Ids = std::vector<uint32_t>;

// Vectors of 4 floats at these places of the pool, by name of the list.
FileSpec vectors(const std::vector<uint64_t>& places) {
  FileSpec f;
  f.pool("main", 1024);
  f.begin_method("forward");
  for (const uint64_t p : places) f.value(2, p, DType::F32, {4});
  return f;
}
void add(FileSpec& f, uint32_t a, uint32_t b, uint32_t out) { f.call(ops::test_add, {tensor(a), tensor(b), tensor(out)}); }

TEST(Dependencies, ReadersWaitForTheWriterAndTheNextWriterForThem) {
  FileSpec f = vectors({0, 64, 128, 192, 64});
  add(f, 0, 0, 1);  // 0 makes 1
  add(f, 1, 0, 2);  // 1 and 2 read it
  add(f, 1, 1, 3);
  add(f, 0, 0, 4);  // 3 writes over it
  f.block();
  const Case c(f);
  EXPECT_EQ(c.after(0), (Ids{1, 2}));
  EXPECT_EQ(c.after(1), Ids{3});
  EXPECT_EQ(c.after(2), Ids{3});
}

TEST(Dependencies, WritersKeepTheirOrder) {
  FileSpec f = vectors({0, 64, 72});
  add(f, 0, 0, 1);
  add(f, 0, 0, 2);  // half of the same bytes
  f.block();
  EXPECT_EQ(Case(f).after(0), Ids{1});
}

TEST(Dependencies, WindowsAndScratchCount) {
  FileSpec f = vectors({0, 64, 128, 192});
  const uint32_t half = f.window(1, 8, {2}, {1}), first = f.window(1, 0, {2}, {1});
  const uint32_t scratch = f.value(2, 128, DType::U8, {16});
  f.call(ops::test_positive, {tensor(half), tensor(f.value(2, 256, DType::F32, {2}))});
  f.call(ops::test_reverse, {tensor(0), tensor(3)}, tensor(scratch));
  add(f, 0, 0, 1);  // writes what 0 reads
  add(f, 0, 0, 2);  // writes the scratch of 1
  f.call(ops::test_positive, {tensor(first), tensor(f.value(2, 320, DType::F32, {2}))});
  f.block();
  const Case c(f);
  EXPECT_EQ(c.after(0), Ids{2});
  EXPECT_EQ(c.after(1), Ids{3});
  EXPECT_EQ(c.after(2), Ids{4});
  EXPECT_EQ(c.after(3), Ids{});
}

format::Instruction instruction(FileSpec& f, format::InstructionKind kind, const std::vector<Operand>& operands) {
  std::vector<Operand>& all = f.method().operands;
  all.push_back(none());
  all.insert(all.end(), operands.begin(), operands.end());
  return {static_cast<uint32_t>(all.size() - operands.size()), static_cast<uint16_t>(operands.size()), 0, kind, 0, {}};
}
Operand code(EvalCode c, uint32_t index = 0) { return operand(OperandKind::Code, index, static_cast<uint16_t>(c)); }

TEST(Dependencies, SlotsAreReadAndWritten) {
  FileSpec f = vectors({0});
  f.method().slots = 2;
  f.ints.push_back(4);
  const auto four = static_cast<uint32_t>(f.ints.size() - 1);
  const auto eval = [&](const std::vector<Operand>& operands) {
    f.method().instructions.push_back(instruction(f, format::InstructionKind::Eval, operands));
  };
  eval({operand(OperandKind::Int, four), code(EvalCode::StoreInt, 0)});   // 0 makes slot 0
  eval({operand(OperandKind::Int, four), code(EvalCode::StoreInt, 1)});   // 1 makes slot 1
  eval({operand(OperandKind::IntSlot, 0), code(EvalCode::StoreInt, 1)});  // 2 reads one, makes the other
  eval({operand(OperandKind::IntSlot, 1), code(EvalCode::Check)});        // 3 reads it
  f.block();
  const Case c(f);
  EXPECT_EQ(c.after(0), Ids{2});
  EXPECT_EQ(c.after(1), Ids{2});
  EXPECT_EQ(c.after(2), Ids{3});
}

TEST(Dependencies, ResultsOfTheSameSlotsNeedNotWaitForEachOther) {
  FileSpec f = vectors({0});
  const uint32_t a = f.dynamic_value(2, 64, DType::F32, {4}), b = f.dynamic_value(2, 128, DType::F32, {4});
  f.method().dynamics[1].sizes = f.method().dynamics[0].sizes;
  f.method().dynamics[1].strides = f.method().dynamics[0].strides;
  f.dynamic_call(ops::test_add, {tensor(0), tensor(0), tensor(a)});
  f.dynamic_call(ops::test_add, {tensor(0), tensor(0), tensor(b)});
  f.block();
  EXPECT_EQ(Case(f).after(0), Ids{});
}

TEST(Dependencies, NothingThatOutlastsTheRunChangesBeforeTheChecks) {
  const float zeros[4] = {};
  FileSpec f = vectors({0, 64});
  f.state("s", DType::F32, {4}, zeros);
  const uint32_t old_state = f.value(1, 0, DType::F32, {4}), new_state = f.value(1, 0, DType::F32, {4});
  f.method().updates = {{old_state, new_state}};
  f.ints.push_back(1);
  f.method().instructions.push_back(instruction(
      f, format::InstructionKind::Eval, {operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 1)), code(EvalCode::Check)}));
  add(f, 0, 0, 1);                  // need not wait
  add(f, old_state, 0, new_state);  // must
  f.block();
  EXPECT_EQ(Case(f).after(0), Ids{2});
}

TEST(Dependencies, ASwapIsBetweenAllUsesOfBothPlaces) {
  FileSpec f = vectors({0, 64, 128, 192, 256});
  add(f, 4, 4, 0);  // 0 and 1 make what changes places
  add(f, 4, 4, 1);
  f.method().instructions.push_back(instruction(f, format::InstructionKind::Swap, {tensor(0), tensor(1)}));
  add(f, 0, 4, 2);  // 3 and 4 read it
  add(f, 1, 4, 3);
  f.block();
  const Case c(f);
  EXPECT_EQ(c.after(0), (Ids{1, 2}));
  EXPECT_EQ(c.after(1), Ids{2});
  EXPECT_EQ(c.after(2), (Ids{3, 4}));
  EXPECT_EQ(c.after(3), Ids{});
}

TEST(Dependencies, BlocksAreApart) {
  FileSpec f = vectors({0, 64});
  add(f, 0, 0, 1);
  f.block(format::BlockEnd::Jump, 1);
  add(f, 1, 1, 0);
  f.block();
  EXPECT_EQ(Case(f).after(0), Ids{});
}

// 0 → 1 → 2, and 2 reads what 0 makes too: the list may leave 0 → 2 out.
FileSpec chain() {
  FileSpec f = vectors({0, 64, 128, 192});
  add(f, 0, 0, 1);
  add(f, 1, 0, 2);
  add(f, 2, 1, 3);
  f.block();
  return f;
}

TEST(Dependencies, RecordedListsNeedOnlyImplyTheConflicts) {
  Case c(chain());
  EXPECT_EQ(c.after(0), (Ids{1, 2}));
  c.spec.method().successors = {4, 5, 6, 6, 1, 2};
  EXPECT_EQ(c.after(0), Ids{1});
  EXPECT_EQ(c.run().value().waits_for, (Ids{0, 1, 1}));
}

TEST(Dependencies, ListsThatLeaveAConflictUnorderedAreRefused) {
  Case c(chain());
  Fault fault;
  c.spec.method().successors = {4, 5, 5, 5, 1};
  EXPECT_EQ(c.run(&fault).error(), Error::BadProgram);
  EXPECT_EQ(fault.instruction, 2u);
  c.spec.method().successors = {4, 4, 5, 5, 2};
  EXPECT_EQ(c.run(&fault).error(), Error::BadProgram);
  EXPECT_EQ(fault.instruction, 1u);
}

TEST(Dependencies, ListsThatAreNoneAreRefused) {
  for (const Ids& list : {Ids{4}, Ids{4, 5, 6, 6}, Ids{4, 5, 6, 7, 1, 2}, Ids{4, 6, 5, 6, 1, 2}, Ids{3, 5, 6, 6, 1, 2},
                          Ids{4, 5, 6, 6, 1, 3}, Ids{4, 5, 6, 6, 0, 2}, Ids{4, 5, 6, 6, 1, 1}, Ids{4, 0xffffffff, 6, 6, 1, 2}}) {
    Case c(chain());
    c.spec.method().successors = list;
    EXPECT_EQ(c.run().error(), Error::BadProgram);
  }
}

TEST(Dependencies, ListsStayInTheirBlock) {
  Case c(vectors({0, 64}));
  add(c.spec, 0, 0, 1);
  c.spec.block(format::BlockEnd::Jump, 1);
  add(c.spec, 1, 1, 0);
  c.spec.block();
  c.spec.method().successors = {3, 4, 4, 1};
  EXPECT_EQ(c.run().error(), Error::BadProgram);
  c.spec.method().successors = {3, 3, 3};
  EXPECT_TRUE(c.run().ok());
}

// More chains than one stripe of the check holds.
TEST(Dependencies, WideProgramsAreCheckedWhole) {
  constexpr uint32_t kWidth = 50;
  std::vector<uint64_t> places = {0};
  for (uint32_t i = 0; i < kWidth; ++i) places.push_back(16 * (i + 1));
  FileSpec f = vectors(places);
  for (uint32_t i = 1; i <= kWidth; ++i) add(f, 0, 0, i);
  for (uint32_t i = 1; i <= kWidth; ++i) add(f, i, i, i);
  f.block();
  Case c(f);
  Ids list(2 * kWidth + 1), successors;
  for (uint32_t i = 0; i < 2 * kWidth; ++i) {
    list[i] = static_cast<uint32_t>(list.size() + successors.size());
    if (i < kWidth) successors.push_back(i + kWidth);
  }
  list.back() = static_cast<uint32_t>(list.size() + successors.size());
  list.insert(list.end(), successors.begin(), successors.end());
  c.spec.method().successors = list;
  EXPECT_TRUE(c.run().ok());
  std::swap(c.spec.method().successors[list.size() - 1], c.spec.method().successors[list.size() - 2]);
  Fault fault;
  EXPECT_EQ(c.run(&fault).error(), Error::BadProgram);
  EXPECT_GE(fault.instruction, 2 * kWidth - 2);
}

// Every conflict of two instructions is ordered by the finder's edges, and no edge is there without one.
TEST(Conflicts, AreThoseOfAllPairs) {
  std::mt19937 random(7);
  const auto below = [&](uint64_t n) { return random() % n; };
  for (int round = 0; round < 300; ++round) {
    const uint32_t count = 2 + below(20);
    std::vector<std::vector<Access>> accesses(count);
    for (auto& list : accesses)
      for (uint64_t k = 0; k < 1 + below(4); ++k) {
        const uint64_t begin = below(30);
        list.push_back({static_cast<uint32_t>(2 + below(2)), below(3) == 0, begin, begin + 1 + below(10)});
      }
    const auto conflict = [&](uint32_t i, uint32_t j) {
      for (const Access& a : accesses[i])
        for (const Access& b : accesses[j])
          if ((a.writes || b.writes) && a.space == b.space && a.begin < b.end && b.begin < a.end) return true;
      return false;
    };
    ConflictFinder finder;
    std::vector<std::vector<bool>> comes_before(count, std::vector<bool>(count));
    for (uint32_t j = 0; j < count; ++j) {
      std::vector<uint32_t> earlier;
      finder.add(j, {accesses[j].data(), accesses[j].size()}, &earlier);
      for (const uint32_t i : earlier) {
        ASSERT_LT(i, j);
        EXPECT_TRUE(conflict(i, j)) << round;
        comes_before[j][i] = true;
        for (uint32_t k = 0; k < i; ++k) comes_before[j][k] = comes_before[j][k] || comes_before[i][k];
      }
      for (uint32_t i = 0; i < j; ++i) EXPECT_TRUE(!conflict(i, j) || comes_before[j][i]) << round;
    }
  }
}

}  // namespace
}  // namespace etc::host
