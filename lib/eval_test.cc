// The eval instruction: what each code computes, and which code is refused.
#include "eval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "testing/ops.h"

namespace etc::testing {
namespace {

using E = EvalCode;
constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();

// A method whose only instruction is `code`, with results in an i64 (value 0), an f64 (1) and a bool (2); value 3 is an f32.
struct Evaluation {
  FileSpec f;
  Evaluation() {
    f.pool("main", 256);
    f.begin_method("forward");
    f.value(2, 0, DType::I64, {});
    f.value(2, 64, DType::F64, {});
    f.value(2, 128, DType::Bool, {});
    f.value(2, 192, DType::F32, {});
    f.method().slots = 4;
    f.output("i", 0);
    f.output("r", 1);
    f.output("b", 2);
  }
  Operand integer(int64_t n) {
    f.ints.push_back(n);
    return operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size() - 1));
  }
  Operand real(double r) {
    f.reals.push_back(r);
    return operand(OperandKind::Real, static_cast<uint32_t>(f.reals.size() - 1));
  }
  std::unique_ptr<FileBytes> file;
  std::unique_ptr<Loaded> loaded;
  Error run(const std::vector<Operand>& steps) {
    FileSpec spec = f;
    spec.eval(steps);
    spec.block();
    file = std::make_unique<FileBytes>(spec.encode());
    loaded = std::make_unique<Loaded>(*file);
    if (loaded->opened != Error::Ok) return loaded->opened;
    return loaded->method ? loaded->method->execute(nullptr) : loaded->loaded;
  }
};

// The integer that a op b gives, or an error.
Result<int64_t> integers(E op, int64_t a, int64_t b) {
  Evaluation e;
  const Error error = e.run({e.integer(a), e.integer(b), code(op), code(E::StoreValue, 0)});
  if (error != Error::Ok) return error;
  return *e.loaded->method->output(0).as<int64_t>();
}

Result<int64_t> rounded(E op, double r) {
  Evaluation e;
  const Error error = e.run({e.real(r), code(op), code(E::StoreValue, 0)});
  if (error != Error::Ok) return error;
  return *e.loaded->method->output(0).as<int64_t>();
}

TEST(Eval, ComputesOnIntegers) {
  const struct {
    E op;
    int64_t a, b, result;
  } kCases[] = {{E::Add, 2, 3, 5},        {E::Sub, 2, 3, -1},     {E::Mul, -4, 3, -12},   {E::FloorDiv, 7, 2, 3}, {E::FloorDiv, -7, 2, -4},
                {E::FloorDiv, 7, -2, -4}, {E::Mod, 7, 3, 1},      {E::Mod, -7, 3, 2},     {E::Mod, 7, -3, -2},    {E::Mod, 6, 3, 0},
                {E::Pow, 3, 4, 81},       {E::Pow, 0, 0, 1},      {E::Pow, -2, 63, kMin}, {E::Pow, -1, kMax, -1}, {E::Min, 3, -2, -2},
                {E::Max, 3, -2, 3},       {E::Shl, 3, 4, 48},     {E::Shr, -9, 1, -5},    {E::And, 12, 10, 8},    {E::Or, 12, 10, 14},
                {E::Xor, 12, 10, 6},      {E::Equal, 3, 3, 1},    {E::Equal, 3, 4, 0},    {E::Less, 3, 4, 1},     {E::Less, 4, 4, 0},
                {E::LessEqual, 4, 4, 1},  {E::LessEqual, 5, 4, 0}};
  for (const auto& c : kCases) {
    const Result<int64_t> result = integers(c.op, c.a, c.b);
    ASSERT_TRUE(result.ok()) << static_cast<int>(c.op);
    EXPECT_EQ(result.value(), c.result) << static_cast<int>(c.op) << ' ' << c.a << ' ' << c.b;
  }
}

TEST(Eval, RefusesWhatIsNoInteger) {
  const struct {
    E op;
    int64_t a, b;
  } kCases[] = {{E::Add, kMax, 1}, {E::Sub, kMin, 1},  {E::Mul, kMax, 2},     {E::FloorDiv, 1, 0}, {E::FloorDiv, kMin, -1},
                {E::Mod, 1, 0},    {E::Mod, kMin, -1}, {E::Pow, 2, 63},       {E::Pow, 2, -1},     {E::Pow, 3, kMax},
                {E::Shl, 1, 63},   {E::Shl, 1, -1},    {E::Shl, kMax / 2, 2}, {E::Shr, 1, 64},     {E::Shr, 1, -1}};
  for (const auto& c : kCases)
    EXPECT_EQ(integers(c.op, c.a, c.b).error(), Error::BadShape) << static_cast<int>(c.op) << ' ' << c.a << ' ' << c.b;
}

TEST(Eval, RoundsReals) {
  const double kNumbers[] = {
      0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1.25, -1.25, 1.75, -1.75, 1e15 + 0.5, -4503599627370497.5, 9.2e18, -9223372036854775808.0};
  for (const double r : kNumbers) {
    EXPECT_EQ(rounded(E::Trunc, r).value(), static_cast<int64_t>(std::trunc(r))) << r;
    EXPECT_EQ(rounded(E::Floor, r).value(), static_cast<int64_t>(std::floor(r))) << r;
    EXPECT_EQ(rounded(E::Ceil, r).value(), static_cast<int64_t>(std::ceil(r))) << r;
    EXPECT_EQ(rounded(E::Round, r).value(), static_cast<int64_t>(std::nearbyint(r))) << r;
  }
  for (const double r : {9223372036854775808.0, -1e19, HUGE_VAL, -HUGE_VAL, std::nan("")})
    EXPECT_EQ(rounded(E::Round, r).error(), Error::BadShape) << r;
}

TEST(Eval, ComputesOnReals) {
  Evaluation e;
  // ((7 - 0.5) * 2 / 4 + 1) is 4.25
  ASSERT_EQ(e.run({e.integer(7), code(E::ToReal), e.real(0.5), code(E::RealSub), e.real(2), code(E::RealMul), e.real(4), code(E::RealDiv),
                   e.real(1), code(E::RealAdd), code(E::StoreReal, 1), operand(OperandKind::RealSlot, 1), code(E::StoreValue, 1),
                   operand(OperandKind::RealSlot, 1), e.real(4.25), code(E::RealEqual), code(E::StoreValue, 2)}),
            Error::Ok);
  EXPECT_EQ(*e.loaded->method->output(1).as<double>(), 4.25);
  EXPECT_EQ(*e.loaded->method->output(2).as<uint8_t>(), 1);
  ASSERT_EQ(
      e.run({e.real(2), e.real(1), code(E::RealLess), e.real(1), e.real(1), code(E::RealLessEqual), code(E::Or), code(E::StoreValue, 0)}),
      Error::Ok);
  EXPECT_EQ(*e.loaded->method->output(0).as<int64_t>(), 1);
}

TEST(Eval, SelectsNegatesAndChecks) {
  Evaluation e;
  for (const int64_t condition : {0, 1, -5}) {
    ASSERT_EQ(e.run({e.integer(10), e.integer(20), e.integer(condition), code(E::Select), code(E::StoreValue, 0), e.integer(condition),
                     code(E::Not), code(E::StoreValue, 2)}),
              Error::Ok);
    EXPECT_EQ(*e.loaded->method->output(0).as<int64_t>(), condition ? 10 : 20);
    EXPECT_EQ(*e.loaded->method->output(2).as<uint8_t>(), condition ? 0 : 1);
    EXPECT_EQ(e.run({e.integer(condition), code(E::Check)}), condition ? Error::Ok : Error::BadShape);
  }
}

TEST(Eval, ReadsValues) {
  Evaluation e;
  ASSERT_EQ(
      e.run({e.integer(41), code(E::StoreValue, 0), tensor(0), e.integer(1), code(E::Add), code(E::StoreInt, 2),
             operand(OperandKind::IntSlot, 2), code(E::StoreValue, 0), tensor(3), e.real(0.25), code(E::RealAdd), code(E::StoreValue, 1)}),
      Error::Ok);
  EXPECT_EQ(*e.loaded->method->output(0).as<int64_t>(), 42);
  EXPECT_EQ(*e.loaded->method->output(1).as<double>(), 0.25);
}

TEST(Eval, OpenRefusesUnsoundCode) {
  Evaluation e;
  const Operand i = e.integer(1), r = e.real(1);
  const std::vector<std::vector<Operand>> kCases = {
      {i},                                                     // something is left
      {code(E::Check)},                                        // nothing is there
      {i, code(E::Add), code(E::Check)},                       // one is missing
      {r, code(E::Check)},                                     // a real
      {i, r, code(E::Add), code(E::Check)},                    // one of each
      {r, r, code(E::RealAdd), code(E::StoreInt, 0)},          // stored as an integer
      {i, code(E::StoreReal, 0)},                              //
      {i, code(E::StoreInt, 4)},                               // no such slot
      {i, code(E::StoreValue, 4)},                             // no such value
      {i, code(E::StoreValue, 1)},                             // an f64
      {r, code(E::StoreValue, 0)},                             // an i64
      {r, code(E::StoreValue, 3)},                             // an f32
      {i, code(static_cast<E>(kEvalCodeCount))},               //
      {operand(OperandKind::Bool, 1), code(E::Check)},         // no step
      {operand(OperandKind::IntSlots, 0, 1), code(E::Check)},  //
      {operand(OperandKind::IntSlot, 4), code(E::Check)},      //
  };
  for (size_t n = 0; n < kCases.size(); ++n) EXPECT_EQ(e.run(kCases[n]), Error::BadProgram) << n;
  for (const uint32_t depth : {kEvalDepth, kEvalDepth + 1}) {
    std::vector<Operand> steps(depth, i);
    steps.insert(steps.end(), depth - 1, code(E::Add));
    steps.push_back(code(E::Check));
    EXPECT_EQ(e.run(steps), depth == kEvalDepth ? Error::Ok : Error::BadProgram);
  }
}

TEST(Eval, LoadRefusesToWriteWhatIsReadOnly) {
  Evaluation e;
  e.f.input("i", 0);
  EXPECT_EQ(e.run({e.integer(1), code(E::StoreValue, 0)}), Error::BadProgram);
}

}  // namespace
}  // namespace etc::testing
