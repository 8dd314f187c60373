// Damaged files: whatever the bytes are, open, load and execute answer and touch nothing that is not theirs. Built with
// -Db_sanitize=address,undefined the sanitizers see to the second half; here the results and the file's own bytes are looked at.
#include <gtest/gtest.h>

#include <random>

#include "extent.h"
#include "testing/ops.h"

namespace etc::testing {
namespace {

struct Tally {
  int opened = 0, loaded = 0, ran = 0, refused = 0;
};

// A program may name memory that no machine has; the caller's part is not to lend it.
bool is_affordable(const Program& p, uint32_t method) {
  constexpr uint64_t kMost = 1 << 20;
  const Result<Needs> needs = p.needs(method, kTables, kDelegates);
  uint64_t bytes = needs.ok() ? needs.value().arena : 0;
  if (bytes > kMost || p.state_bytes() > kMost) return false;
  for (uint32_t i = 0; i < p.pool_count(); ++i)
    if (p.pool_bytes(method, i) > kMost) return false;
  return true;
}

// Reads the last byte of a tensor, which is the caller's right after a run, even after a failed one.
void touch(const Tensor& t) {
  uint64_t bytes;
  ASSERT_TRUE(extent_of(t.dtype, t.rank, t.sizes, t.strides, &bytes));
  if (bytes != 0) [[maybe_unused]]
    volatile auto last = static_cast<const std::byte*>(t.data)[bytes - 1];
}

void try_all(const FileBytes& file, Tally* tally) {
  const Result<Program> p = Program::open(file.span());
  if (!p.ok()) {
    ++tally->refused;
    EXPECT_TRUE(p.error() == Error::BadProgram || p.error() == Error::WrongVersion || p.error() == Error::WrongTarget);
    return;
  }
  ++tally->opened;
  for (uint32_t m = 0; m < p.value().method_count(); ++m) {
    if (!is_affordable(p.value(), m)) continue;
    Loaded l(file, m);
    if (!l.method) continue;
    ++tally->loaded;
    for (uint32_t i = 0; i < l.method->input_count(); ++i) {
      const TensorInfo info = p.value().input(m, i);
      std::memset(l.method->input(i).data, 1, info.bytes);
      // Fewer than at most, where that may be.
      std::vector<int64_t> sizes(l.method->input(i).sizes, l.method->input(i).sizes + info.rank);
      for (int64_t& n : sizes) n -= n > 2 && n < 100 && info.varying != 0;
      EXPECT_TRUE(l.method->set_input_sizes(i, {sizes.data(), sizes.size()}) != Error::BadArgument);
    }
    const FileBytes before = file.copy();
    Fault fault;
    const Error e = l.method->execute(&fault, 50);
    tally->ran += e == Error::Ok;
    EXPECT_TRUE(e == Error::Ok || fault.error == e);
    for (uint32_t i = 0; i < l.method->output_count(); ++i) touch(l.method->output(i));
    for (uint32_t i = 0; i < l.method->input_count(); ++i) touch(l.method->input(i));
    EXPECT_EQ(std::memcmp(before.data(), file.data(), file.size()), 0) << "the file was written";
  }
}

FileSpec varied_file() {
  FileSpec f = sum_file();
  f.pools[0].bytes = f.method().pool_bytes[0] = 512;
  const float initial[4] = {1, 2, 3, 4};
  f.state("s", DType::F32, {4}, initial);
  f.strings += "text";
  f.reals = {0.5, 2};
  f.method().slots = 2;
  const uint32_t state = f.value(1, 0, DType::F32, {4}), x = 0, sum = 3;
  const uint32_t tail = f.window(x, 8, {2}, {1}), a = f.value(2, 128, DType::F32, {2}), b = f.value(2, 192, DType::F32, {2});
  const uint32_t scratch = f.value(2, 256, DType::U8, {16}), total = f.value(2, 320, DType::F32, {}),
                 args = f.value(2, 384, DType::F32, {10});
  const uint32_t cond = f.value(2, 448, DType::Bool, {}), limit_value = f.value(0, 0, DType::F32, {});
  f.indices = {a, b, kNoValue, tail};
  f.ints.push_back(2);
  const Operand two = operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 1));
  f.method().blocks.clear();
  f.call(ops::test_add, {tensor(state), tensor(sum), tensor(state)});
  f.call(ops::test_split, {tensor(sum), two, tensor(a), tensor(b)});
  f.call(ops::test_reverse, {tensor(state), tensor(2)}, tensor(scratch));
  f.call(ops::test_join, {operand(OperandKind::Tensors, 0, 2), operand(OperandKind::Tensors, 2, 2), tensor(total)});
  f.dynamic_call(ops::test_args, {tensor(x), two, operand(OperandKind::Real, 1), operand(OperandKind::Bool, 1),
                                  operand(OperandKind::String, 0, 3), operand(OperandKind::RealSlot, 1), operand(OperandKind::Ints, 0, 2),
                                  operand(OperandKind::Reals, 0, 2), none(), operand(OperandKind::IntSlot, 0), tensor(args)});
  f.call(ops::test_less, {tensor(total), tensor(limit_value), tensor(cond)});
  f.block(format::BlockEnd::JumpIfFalse, 2, cond);
  f.block(format::BlockEnd::Jump, 0);
  f.block();
  f.method().updates.push_back({state, state});
  f.output("args", args);
  return f;
}

// A delegate call between kernels.
FileSpec delegated_file() {
  FileSpec f = sum_file();
  f.pools[0].bytes = f.method().pool_bytes[0] = 192;
  const ScaleBlob blob{2};
  f.delegate("test_scale", &blob, sizeof blob, 64, {tensor(3), tensor(f.value(2, 128, DType::F32, {4}))});
  f.method().blocks[0].count = 3;
  return f;
}

// Keeps the positive ones of up to eight numbers, adds them to themselves, and swaps two places in a loop that a counter ends.
FileSpec dynamic_file() {
  using E = EvalCode;
  FileSpec f;
  f.pool("main", 640);
  f.begin_method("forward");
  const uint32_t x = f.dynamic_value(2, 0, DType::F32, {8}), kept = f.dynamic_value(2, 64, DType::F32, {8});
  const uint32_t sum = f.dynamic_value(2, 128, DType::F32, {8}), a = f.value(2, 192, DType::F32, {4}), b = f.value(2, 256, DType::F32, {4});
  const uint32_t window = f.window(a, 4, {2}, {1}), done = f.value(2, 320, DType::Bool, {}), count = f.value(2, 384, DType::I64, {});
  const auto& d = f.method().dynamics;
  const auto slot = [](uint32_t s) { return operand(OperandKind::IntSlot, s); };
  f.ints.insert(f.ints.end(), {1, 3});
  const Operand one = operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 2)),
                three = operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 1));
  const uint32_t counter = f.method().slots++;
  f.eval({one, slot(d[0].sizes), code(E::LessEqual), code(E::Check), one, one, code(E::Sub), code(E::StoreInt, counter)});
  f.block(format::BlockEnd::Jump, 1);
  f.dynamic_call(ops::test_keep, {tensor(x), tensor(kept)});
  f.eval({slot(d[1].sizes), code(E::StoreInt, d[2].sizes), slot(counter), one, code(E::Add), code(E::StoreInt, counter)});
  f.dynamic_call(ops::test_add, {tensor(kept), tensor(kept), tensor(sum)});
  f.call(ops::test_add, {tensor(a), tensor(a), tensor(b)});
  f.swap({tensor(a), tensor(b), tensor(window)});
  f.eval({three, slot(counter), code(E::LessEqual), code(E::StoreValue, done), slot(counter), code(E::StoreValue, count)});
  f.block(format::BlockEnd::JumpIfFalse, 1, done);
  f.block();
  f.input("x", x);
  f.output("sum", sum);
  f.output("count", count);
  return f;
}

TEST(Mutation, TheUnharmedFileRuns) {
  Tally tally;
  try_all(varied_file().encode(), &tally);
  try_all(loop_file(3).encode(), &tally);
  try_all(delegated_file().encode(), &tally);
  try_all(dynamic_file().encode(), &tally);
  EXPECT_EQ(tally.ran, 4);
}

// Every bit of the program segment, one at a time.
TEST(Mutation, SurvivesEveryFlippedBit) {
  for (const FileSpec& spec : {varied_file(), loop_file(3), delegated_file(), dynamic_file()}) {
    const FileBytes file = spec.encode();
    Tally tally;
    for (size_t bit = 0; bit < file.size() * 8; ++bit) {
      file.data()[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      try_all(file, &tally);
      file.data()[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    }
    EXPECT_GT(tally.refused, 100);
    EXPECT_GT(tally.loaded, 100) << "flips in names, padding and constants change nothing";
  }
}

// Several bytes at once, with the numbers that break arithmetic more often than others.
TEST(Mutation, SurvivesRandomBytes) {
  std::mt19937 random(7);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  constexpr uint8_t kNasty[] = {0, 1, 2, 4, 8, 0x3f, 0x40, 0x7f, 0x80, 0xf8, 0xfc, 0xff};
  for (const FileSpec& spec : {varied_file(), loop_file(3), delegated_file(), dynamic_file()}) {
    const FileBytes good = spec.encode();
    Tally tally;
    for (int round = 0; round < 100000; ++round) {
      const FileBytes file = good.copy();
      for (size_t n = 1 + below(3); n-- > 0;) {
        std::byte* at = file.data() + 16 + below(file.size() - 16);
        if (below(4) == 0) {  // a whole word
          at -= (at - file.data()) % 8;
          const size_t other = below(file.size() / 8) * 8;
          std::memcpy(at, file.data() + other, 8);
        } else {
          *at = static_cast<std::byte>(below(2) ? kNasty[below(sizeof kNasty)] : random());
        }
      }
      try_all(file, &tally);
    }
    EXPECT_GT(tally.refused, 100);
    EXPECT_GT(tally.loaded, 100);
  }
}

}  // namespace
}  // namespace etc::testing
