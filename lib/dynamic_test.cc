// Values whose sizes are decided at run time: inputs of any size up to the largest, results that decide their own, and swaps.
#include "dynamic.h"

#include <gtest/gtest.h>

#include <numeric>

#include "testing/ops.h"

namespace etc::testing {
namespace {

using E = EvalCode;

Operand slot(uint32_t s) { return operand(OperandKind::IntSlot, s); }

// x f32[n <= 8], y f32[n] -> x + y, at least 2 of them; values 0, 1, 2.
FileSpec add_file() {
  FileSpec f;
  f.pool("main", 192);
  f.begin_method("forward");
  for (uint64_t v = 0; v < 3; ++v) f.dynamic_value(2, v * 64, DType::F32, {8});
  const auto& d = f.method().dynamics;
  f.ints.push_back(2);
  const Operand two = operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 1));
  f.eval({two, slot(d[0].sizes), code(E::LessEqual), code(E::Check), slot(d[0].sizes), slot(d[1].sizes), code(E::Equal), code(E::Check),
          slot(d[0].sizes), code(E::StoreInt, d[2].sizes)});
  f.dynamic_call(ops::test_add, {tensor(0), tensor(1), tensor(2)});
  f.block();
  f.input("x", 0);
  f.input("y", 1);
  f.output("sum", 2);
  return f;
}

Error set_size(Loaded& l, uint32_t input, int64_t size) { return l.method->set_input_sizes(input, {&size, 1}); }

TEST(Dynamic, RunsEverySize) {
  const FileBytes file = add_file().encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  EXPECT_EQ(l.program.input(0, 0).varying, 1u);
  EXPECT_EQ(l.program.output(0, 0).varying, 1u);
  EXPECT_EQ(l.program.input(0, 0).bytes, 32u);
  EXPECT_EQ(l.method->input(0).sizes[0], 8);
  for (const int64_t n : {3, 8, 2, 5}) {
    for (uint32_t i = 0; i < 2; ++i) {
      ASSERT_EQ(set_size(l, i, n), Error::Ok);
      ASSERT_EQ(l.method->input(i).sizes[0], n);
      for (int64_t k = 0; k < 8; ++k) l.input(i)[k] = static_cast<float>(k + 10 * i);
    }
    std::fill_n(l.output(), 8, -1.0f);
    ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
    ASSERT_EQ(l.method->output(0).sizes[0], n);
    for (int64_t k = 0; k < 8; ++k) EXPECT_EQ(l.output()[k], k < n ? static_cast<float>(2 * k + 10) : -1) << n << ' ' << k;
  }
}

TEST(Dynamic, RefusesSizesThatDoNotFit) {
  const FileBytes file = add_file().encode();
  Loaded l(file);
  EXPECT_EQ(set_size(l, 0, 9), Error::BadShape);
  EXPECT_EQ(set_size(l, 0, -1), Error::BadShape);
  EXPECT_EQ(set_size(l, 2, 3), Error::BadArgument);
  const int64_t pair[2] = {1, 2};
  EXPECT_EQ(l.method->set_input_sizes(0, pair), Error::BadShape);
  EXPECT_EQ(l.method->input(0).sizes[0], 8) << "nothing has changed";

  // What the program's own eval demands, before anything is written. Then all sizes are the largest again.
  for (const auto& [x, y] : {std::pair<int64_t, int64_t>{1, 1}, {3, 4}}) {
    ASSERT_EQ(set_size(l, 0, x), Error::Ok);
    ASSERT_EQ(set_size(l, 1, y), Error::Ok);
    Fault fault;
    EXPECT_EQ(l.method->execute(&fault), Error::BadShape);
    EXPECT_EQ(fault.instruction, 0u);
    EXPECT_EQ(l.method->input(0).sizes[0], 8);
    EXPECT_EQ(l.method->execute(&fault), Error::Ok);
  }
}

TEST(Dynamic, SizesThatDoNotVaryStay) {
  FileSpec f = add_file();
  f.method().dynamics[0].fixed = 1;
  const FileBytes file = f.encode();
  Loaded l(file);
  EXPECT_EQ(l.program.input(0, 0).varying, 0u);
  EXPECT_EQ(set_size(l, 0, 7), Error::BadShape);
  EXPECT_EQ(set_size(l, 0, 8), Error::Ok);
}

TEST(Dynamic, FixedInputsTakeTheirOwnSizesOnly) {
  const FileBytes file = sum_file().encode();
  Loaded l(file);
  EXPECT_EQ(set_size(l, 0, 4), Error::Ok);
  EXPECT_EQ(set_size(l, 0, 3), Error::BadShape);
}

// Sizes come from slots that a program may have computed wrongly: no kernel reaches further than planned.
TEST(Dynamic, KeepsKernelsInsideThePlan) {
  for (const int64_t size : {9, -1, 7}) {
    FileSpec f = add_file();
    f.ints.push_back(size);
    f.method().blocks.clear();
    f.eval({operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 1)), code(E::StoreInt, f.method().dynamics[2].sizes)});
    f.dynamic_call(ops::test_add, {tensor(0), tensor(1), tensor(2)});
    f.block();
    const FileBytes file = f.encode();
    Loaded l(file);
    ASSERT_EQ(l.loaded, Error::Ok);
    Fault fault;
    EXPECT_EQ(l.method->execute(&fault), Error::BadShape);
    EXPECT_EQ(fault.instruction, 3u);
  }
}

// The last word is an eval's: what the caller would read is checked, too.
TEST(Dynamic, KeepsOutputsInsideThePlan) {
  FileSpec f = add_file();
  f.ints.push_back(1000);
  f.method().blocks.clear();
  f.eval({operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 1)), code(E::StoreInt, f.method().dynamics[2].sizes)});
  f.block();
  const FileBytes file = f.encode();
  Loaded l(file);
  EXPECT_EQ(l.method->execute(nullptr), Error::BadShape);
  EXPECT_EQ(l.method->output(0).sizes[0], 8);
  l.method->begin();
  Result<bool> more = true;
  while (more.ok() && more.value()) more = l.method->step(nullptr);
  EXPECT_EQ(more.error(), Error::BadShape);
}

TEST(Dynamic, StaticCallsTakeNoDynamicOperands) {
  FileSpec f = add_file();
  f.method().instructions[1].flags = 0;
  const FileBytes file = f.encode();
  EXPECT_EQ(Loaded(file).loaded, Error::BadProgram);
}

TEST(Dynamic, OpenRefusesUnsoundRecords) {
  const auto opened = [](auto spoil) {
    FileSpec f = add_file();
    spoil(f.method());
    const FileBytes file = f.encode();
    return Loaded(file).opened;
  };
  EXPECT_EQ(opened([](MethodSpec&) {}), Error::Ok);
  EXPECT_EQ(opened([](MethodSpec& m) { m.dynamics[0].sizes = m.slots; }), Error::BadProgram);
  EXPECT_EQ(opened([](MethodSpec& m) { m.dynamics[2].strides = m.slots; }), Error::BadProgram);
  EXPECT_EQ(opened([](MethodSpec& m) { m.dynamics[2].value = 3; }), Error::BadProgram);
  EXPECT_EQ(opened([](MethodSpec& m) { std::swap(m.dynamics[0], m.dynamics[1]); }), Error::BadProgram);
  EXPECT_EQ(opened([](MethodSpec& m) { m.first_slots[0] = 9; }), Error::BadProgram) << "larger than planned";
  EXPECT_EQ(opened([](MethodSpec& m) { m.first_slots[0] = -1; }), Error::BadProgram);
  EXPECT_EQ(opened([](MethodSpec& m) {
              m.dynamics[1] = {1, m.dynamics[0].sizes, m.dynamics[0].strides, 0};
            }),
            Error::BadProgram)
      << "two inputs share their slots";
  EXPECT_EQ(opened([](MethodSpec& m) { m.dynamics[0].strides = m.dynamics[0].sizes; }), Error::BadProgram);
}

// x f32[8] -> the positive elements, twice: a result decides its size.
FileSpec keep_file() {
  FileSpec f;
  f.pool("main", 192);
  f.begin_method("forward");
  const uint32_t x = f.value(2, 0, DType::F32, {8}), kept = f.dynamic_value(2, 64, DType::F32, {8});
  const uint32_t sum = f.dynamic_value(2, 128, DType::F32, {8});
  const auto& d = f.method().dynamics;
  f.dynamic_call(ops::test_keep, {tensor(x), tensor(kept)});
  f.eval({slot(d[0].sizes), code(E::StoreInt, d[1].sizes)});
  f.dynamic_call(ops::test_add, {tensor(kept), tensor(kept), tensor(sum)});
  f.block();
  f.input("x", x);
  f.output("kept", kept);
  f.output("sum", sum);
  return f;
}

TEST(Dynamic, ResultsDecideTheirSizes) {
  const FileBytes file = keep_file().encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (const int64_t positive : {3, 8, 0, 5}) {
    for (int64_t k = 0; k < 8; ++k) l.input()[k] = static_cast<float>(k < positive ? k + 1 : -1);
    ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
    ASSERT_EQ(l.method->output(0).sizes[0], positive);
    ASSERT_EQ(l.method->output(1).sizes[0], positive);
    for (int64_t k = 0; k < positive; ++k) EXPECT_EQ(l.output(1)[k], static_cast<float>(2 * (k + 1)));
  }
}

TEST(Dynamic, OnlyDynamicCallsDecideSizes) {
  FileSpec f = keep_file();
  f.method().instructions[0].flags = 0;
  const FileBytes file = f.encode();
  EXPECT_EQ(Loaded(file).loaded, Error::BadProgram);

  FileSpec fixed = keep_file();
  fixed.method().operands[fixed.method().instructions[0].first_operand + 1] = tensor(fixed.value(2, 64, DType::F32, {8}));
  const FileBytes other = fixed.encode();
  Loaded l(other);
  EXPECT_TRUE(l.loaded != Error::Ok || l.method->execute(nullptr) == Error::BadShape) << "its sizes lie in the file";
}

// An op that writes sizes while it runs must not change those of its argument.
TEST(Dynamic, ResultsThatDecideSizesShareNoSlots) {
  for (const bool shares_sizes : {true, false}) {
    FileSpec f = add_file();
    MethodSpec& m = f.method();
    m.blocks.clear();
    if (shares_sizes)
      m.dynamics[2].sizes = m.dynamics[0].sizes;
    else
      m.dynamics[2].strides = m.dynamics[0].sizes;
    f.dynamic_call(ops::test_keep, {tensor(0), tensor(2)});
    f.block();
    const FileBytes file = f.encode();
    Loaded l(file);
    EXPECT_NE(l.opened == Error::Ok ? l.loaded : l.opened, Error::Ok);
  }
}

// Doubles `a` three times by way of `b`, and copies out of the window on a.
FileSpec swap_file() {
  FileSpec f;
  f.pool("main", 256);
  f.begin_method("forward");
  const uint32_t x = f.value(2, 0, DType::F32, {4}), a = f.value(2, 64, DType::F32, {4}), b = f.value(2, 128, DType::F32, {4});
  const uint32_t out = f.value(2, 192, DType::F32, {2}), window = f.window(a, 8, {2}, {1});
  f.call(ops::test_add, {tensor(x), tensor(x), tensor(a)});
  for (int n = 0; n < 3; ++n) {
    f.call(ops::test_add, {tensor(a), tensor(a), tensor(b)});
    f.swap({tensor(a), tensor(b), tensor(window)});
  }
  f.call(ops::test_positive, {tensor(window), tensor(out)});
  f.block();
  f.input("x", x);
  f.output("y", out);
  return f;
}

TEST(Swap, ExchangesPlacesAndTheirWindows) {
  const FileBytes file = swap_file().encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (int run = 0; run < 3; ++run) {
    std::iota(l.input(), l.input() + 4, static_cast<float>(run));
    ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
    for (int k = 0; k < 2; ++k) EXPECT_EQ(l.output()[k], static_cast<float>(16 * (run + 2 + k)));
    l.method->begin();
    EXPECT_EQ(static_cast<const std::byte*>(l.method->value(1).data), l.pools[0].data() + 64) << "begin undoes";
  }
}

TEST(Swap, OpenRefusesUnsoundOnes) {
  const auto opened = [](auto spoil) {
    FileSpec f = swap_file();
    spoil(f);
    const FileBytes file = f.encode();
    return Loaded(file).opened;
  };
  const auto swap_operands = [](FileSpec& f) { return f.method().operands.data() + f.method().instructions[2].first_operand; };
  EXPECT_EQ(opened([](FileSpec&) {}), Error::Ok);
  EXPECT_EQ(opened([&](FileSpec& f) { swap_operands(f)[1] = tensor(1); }), Error::BadProgram) << "with itself";
  EXPECT_EQ(opened([&](FileSpec& f) { swap_operands(f)[1] = tensor(0); }), Error::BadProgram) << "an input";
  EXPECT_EQ(opened([&](FileSpec& f) { swap_operands(f)[0] = tensor(4); }), Error::BadProgram) << "a window";
  EXPECT_EQ(opened([&](FileSpec& f) { swap_operands(f)[1] = none(); }), Error::BadProgram);
  EXPECT_EQ(opened([&](FileSpec& f) { swap_operands(f)[2] = tensor(3); }), Error::BadProgram) << "not a window";
  EXPECT_EQ(opened([&](FileSpec& f) { --f.method().instructions[2].operand_count; }), Error::BadProgram) << "a window is missing";
  EXPECT_EQ(opened([&](FileSpec& f) { f.value(2, 124, DType::F32, {2}); }), Error::BadProgram) << "shared bytes";
  EXPECT_EQ(opened([&](FileSpec& f) { f.output("b", 2); }), Error::BadProgram) << "an output";
  EXPECT_EQ(opened([&](FileSpec& f) { f.method().values[2].dtype = DType::I32; }), Error::BadProgram);
}

}  // namespace
}  // namespace etc::testing
