// Loading into exactly the memory that the program names, and binding inputs and outputs elsewhere.
#include "etc/method.h"

#include <gtest/gtest.h>

#include "testing/ops.h"

namespace etc::testing {
namespace {

struct Attempt {
  size_t arena_missing = 0, pool_missing = 0, state_missing = 0;
  size_t arena_shift = 0, pool_shift = 0, state_shift = 0;
  size_t pools = 1;
  Hooks hooks{};
};

Error load_with(const FileSpec& spec, const Attempt& a) {
  const FileBytes file = spec.encode();
  const Program p = Program::open(file.span()).value();
  const Needs needs = p.needs(0, kTables).value();
  const FileBytes arena(needs.arena + 64), pool(p.pool_bytes(0, 0) + 64), state(p.state_bytes() + 64);
  const Span<std::byte> pools[2] = {{pool.data() + a.pool_shift, static_cast<size_t>(p.pool_bytes(0, 0)) - a.pool_missing}, {}};
  Memory memory;
  memory.arena = {arena.data() + a.arena_shift, static_cast<size_t>(needs.arena) - a.arena_missing};
  memory.pools = {pools, a.pools};
  memory.state = {state.data() + a.state_shift, static_cast<size_t>(p.state_bytes()) - a.state_missing};
  return Method::load(p, 0, kTables, {}, memory, a.hooks, nullptr).error();
}

FileSpec stateful_file() {
  FileSpec f = sum_file();
  const float initial[4] = {};
  f.state("s", DType::F32, {4}, initial);
  return f;
}

TEST(Method, NeedsExactlyWhatItSays) {
  const FileSpec f = stateful_file();
  EXPECT_EQ(load_with(f, {}), Error::Ok);
  EXPECT_EQ(load_with(f, {.arena_missing = 1}), Error::OutOfMemory);
  EXPECT_EQ(load_with(f, {.pool_missing = 1}), Error::OutOfMemory);
  EXPECT_EQ(load_with(f, {.state_missing = 1}), Error::OutOfMemory);
}

TEST(Method, RefusesMemoryThatIsNotAligned) {
  const FileSpec f = stateful_file();
  for (const size_t shift : {1, 8, 32}) {
    EXPECT_EQ(load_with(f, {.arena_shift = shift}), Error::BadArgument);
    EXPECT_EQ(load_with(f, {.pool_shift = shift}), Error::BadArgument);
    EXPECT_EQ(load_with(f, {.state_shift = shift}), Error::BadArgument);
  }
}

TEST(Method, RefusesAnotherNumberOfPoolsOrOtherHooks) {
  const FileSpec f = stateful_file();
  EXPECT_EQ(load_with(f, {.pools = 0}), Error::BadArgument);
  EXPECT_EQ(load_with(f, {.pools = 2}), Error::BadArgument);
  Hooks other_abi, no_worker;
  other_abi.abi = 2;
  no_worker.workers = 0;
  EXPECT_EQ(load_with(f, {.hooks = other_abi}), Error::BadArgument);
  EXPECT_EQ(load_with(f, {.hooks = no_worker}), Error::BadArgument);
}

TEST(Method, CostsFewBytesAnInstruction) {
  FileSpec f = sum_file();
  const FileBytes file = f.encode();
  const uint64_t before = Program::open(file.span()).value().needs(0, kTables).value().arena;
  for (int i = 0; i < 10; ++i) f.call(ops::test_add, {tensor(2), tensor(1), tensor(f.value(2, 64, DType::F32, {4}))});
  f.method().blocks[0].count += 10;
  const FileBytes longer = f.encode();
  const uint64_t prepared = 8;
  EXPECT_EQ(Program::open(longer.span()).value().needs(0, kTables).value().arena - before, 10 * (sizeof(Instr) + prepared));
  EXPECT_LE(sizeof(Instr), 16u);
}

TEST(Method, KeepsATensorForWhatMayMove) {
  FileSpec f = sum_file();
  const auto arena = [&] {
    const FileBytes file = f.encode();
    return Program::open(file.span()).value().needs(0, kTables).value().arena;
  };
  const uint64_t before = arena();
  f.value(2, 64, DType::F32, {4});
  EXPECT_EQ(arena(), before);
  f.window(0, 4, {2}, {1});  // bind_input moves it
  EXPECT_EQ(arena(), before + 2 * sizeof(Tensor)) << "and all with a lower id";
}

TEST(Method, NamesTheInstructionWhoseOpIsMissing) {
  FileSpec f = sum_file();
  f.ops.push_back({f.ops[0].hash + 1, f.ops[0].name, 0});
  f.method().instructions[1].op = 1;
  const FileBytes file = f.encode();
  const Loaded loaded(file);
  EXPECT_EQ(loaded.program.needs(0, kTables).error(), Error::MissingOp);
  EXPECT_EQ(loaded.loaded, Error::MissingOp);
  EXPECT_EQ(loaded.fault.error, Error::MissingOp);
  EXPECT_EQ(loaded.fault.instruction, 1u);
}

TEST(Method, RefusesAMethodThatIsNone) {
  const FileBytes file = sum_file().encode();
  EXPECT_EQ(Program::open(file.span()).value().needs(1, kTables).error(), Error::BadArgument);
  EXPECT_EQ(Method::load(Program::open(file.span()).value(), 1, kTables, {}, {}, {}, nullptr).error(), Error::BadArgument);
}

TEST(Method, NeverWritesBeyondItsArena) {
  const FileBytes file = sum_file().encode();
  const Program p = Program::open(file.span()).value();
  const auto bytes = static_cast<size_t>(p.needs(0, kTables).value().arena);
  const FileBytes arena(bytes + 64), pool(128);
  std::memset(arena.data(), 0x5a, arena.size());
  const Span<std::byte> pools[] = {pool.span()};
  ASSERT_TRUE(Method::load(p, 0, kTables, {}, {{arena.data(), bytes}, pools, {}, {}}, {}, nullptr).ok());
  for (size_t i = bytes; i < arena.size(); ++i) ASSERT_EQ(arena.data()[i], std::byte{0x5a});
}

struct alignas(64) Vector {
  float at[16] = {};
  Span<std::byte> bytes(size_t size = 16, size_t offset = 0) { return {reinterpret_cast<std::byte*>(at) + offset, size}; }
};

TEST(Bind, ReadsAndWritesTheCallersMemory) {
  const FileBytes file = sum_file().encode();
  Loaded l(file);
  Vector x, y;
  for (int i = 0; i < 4; ++i) x.at[i] = static_cast<float>(10 * i);
  ASSERT_EQ(l.method->bind_input(0, x.bytes()), Error::Ok);
  ASSERT_EQ(l.method->bind_output(0, y.bytes()), Error::Ok);
  EXPECT_EQ(l.input(), x.at);
  EXPECT_EQ(l.output(), y.at);
  ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(x.at[i], static_cast<float>(10 * i));
    EXPECT_EQ(y.at[i], static_cast<float>(10 * i + 2 * (i + 1)));
  }
}

TEST(Bind, RefusesMemoryThatDoesNotDo) {
  const FileBytes file = sum_file().encode();
  Loaded l(file);
  Vector x, y;
  Method& m = *l.method;
  EXPECT_EQ(m.bind_input(1, x.bytes()), Error::BadArgument);
  EXPECT_EQ(m.bind_output(1, x.bytes()), Error::BadArgument);
  EXPECT_EQ(m.bind_input(0, {}), Error::BadArgument);
  EXPECT_EQ(m.bind_input(0, x.bytes(15)), Error::BadArgument);
  EXPECT_EQ(m.bind_input(0, x.bytes(32, 8)), Error::BadArgument);
  EXPECT_EQ(m.bind_input(0, {l.pools[0].data(), 16}), Error::BadArgument);
  EXPECT_EQ(m.bind_input(0, {l.pools[0].data() + 112, 16}), Error::BadArgument);
  EXPECT_EQ(m.bind_output(0, {l.arena->data(), 16}), Error::BadArgument);
  EXPECT_EQ(m.bind_output(0, {file.data() + file.size() - 16, 16}), Error::BadArgument) << "the constants";
  ASSERT_EQ(m.bind_input(0, x.bytes()), Error::Ok);
  EXPECT_EQ(m.bind_output(0, x.bytes()), Error::BadArgument);
  EXPECT_EQ(m.bind_output(0, x.bytes(16, 16)), Error::Ok);
  EXPECT_EQ(m.bind_input(0, x.bytes(16, 16)), Error::BadArgument);
  EXPECT_EQ(l.input(), x.at) << "a refused call changes nothing";
  EXPECT_EQ(m.bind_input(0, x.bytes()), Error::Ok) << "the same memory again";
}

TEST(Bind, MovesWindowsAndUpdatesWithTheInput) {
  FileSpec f = sum_file();
  f.method().inputs[0].flags = format::kIoWritten;
  const uint32_t tail = f.window(0, 8, {2}, {1}), half = f.value(2, 64, DType::F32, {2}), left = f.value(2, 0, DType::F32, {4});
  f.call(ops::test_add, {tensor(tail), tensor(tail), tensor(half)});
  f.call(ops::test_add, {tensor(0), tensor(1), tensor(left)});
  f.method().blocks[0].count += 2;
  f.method().updates.push_back({0, left});
  f.output("half", half);
  f.output("tail", tail);
  f.output("left", left);
  const FileBytes file = f.encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  Vector x, other;
  for (int i = 0; i < 4; ++i) x.at[i] = static_cast<float>(10 * i);
  ASSERT_EQ(l.method->bind_input(0, x.bytes()), Error::Ok);
  EXPECT_EQ(l.method->value(tail).data, x.at + 2);
  EXPECT_EQ(l.method->value(left).data, x.at);
  EXPECT_EQ(l.method->bind_output(2, other.bytes()), Error::BadArgument) << "a window on the input";
  EXPECT_EQ(l.method->bind_output(3, other.bytes()), Error::BadArgument) << "what the input becomes";
  ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
  EXPECT_EQ(l.output(1)[0], 40);
  EXPECT_EQ(l.output(1)[1], 60);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(x.at[i], static_cast<float>(10 * i + i + 1));
}

TEST(Bind, LeavesStateAndPartsOfLargerValuesWhereTheyAre) {
  FileSpec f = sum_file();
  const float initial[4] = {};
  f.state("s", DType::F32, {4}, initial);
  f.output("state", f.value(1, 0, DType::F32, {4}));
  f.output("part", f.window(3, 4, {2}, {1}));
  const uint32_t alone = f.value(2, 96, DType::F32, {2, 2});
  f.output("turned", f.window(alone, 0, {2, 2}, {1, 2}));
  const FileBytes file = f.encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  Vector other;
  EXPECT_EQ(l.method->bind_output(1, other.bytes()), Error::BadArgument);
  EXPECT_EQ(l.method->bind_output(2, other.bytes()), Error::BadArgument);
  EXPECT_EQ(l.method->bind_output(3, other.bytes()), Error::Ok) << "a window on all of a value moves it";
  EXPECT_EQ(l.method->value(alone).data, other.at);
}

}  // namespace
}  // namespace etc::testing
