// What load refuses in a call, beyond what open can see.
#include "check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "testing/ops.h"

namespace etc::testing {
namespace {

struct Outcome {
  Error error;
  uint32_t operand;
  bool operator==(const Outcome&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& o) { return out << static_cast<int>(o.error) << " at " << o.operand; }
const Outcome kOk = {Error::Ok, Fault::kNowhere};
const auto bad = [](uint32_t operand) { return Outcome{Error::BadProgram, operand}; };
const auto kBadSomewhere = bad(Fault::kNowhere);
const Outcome kNoKernel = {Error::MissingOp, Fault::kNowhere};  // another build of the kernels may have one

Outcome load(FileSpec spec) {
  if (spec.method().blocks.empty()) spec.block();
  const FileBytes file = spec.encode();
  const Loaded loaded(file);
  EXPECT_EQ(loaded.opened, Error::Ok);
  EXPECT_EQ(loaded.loaded == Error::Ok, loaded.method != nullptr);
  return {loaded.loaded, loaded.fault.operand};
}

// One f32[8] at each of 0, 64, 128, 192 of a pool, values 0 .. 3.
FileSpec vectors() {
  FileSpec f;
  f.pool("main", 320);
  f.begin_method("forward");
  for (uint64_t offset = 0; offset < 256; offset += 64) f.value(2, offset, DType::F32, {8});
  return f;
}

Outcome load_call(FileSpec spec, const Op& op, const std::vector<Operand>& operands, Operand scratch = none()) {
  spec.call(op, operands, scratch);
  for (const Operand& o : operands)
    if (o.kind >= OperandKind::IntSlot && o.kind <= OperandKind::IntSlots) spec.method().instructions.back().flags = format::kDynamicCall;
  return load(spec);
}

TEST(Check, TakesACallThatKeepsToItsSchema) { EXPECT_EQ(load_call(vectors(), ops::test_add, {tensor(0), tensor(1), tensor(2)}), kOk); }

TEST(Check, RefusesAnotherNumberOfOperands) {
  EXPECT_EQ(load_call(vectors(), ops::test_add, {tensor(0), tensor(1)}), kBadSomewhere);
  EXPECT_EQ(load_call(vectors(), ops::test_add, {tensor(0), tensor(1), tensor(2), tensor(3)}), kBadSomewhere);
}

// Every kind of operand at every position of test::args.
TEST(Check, TakesOnlyTheKindsOfTheSchema) {
  FileSpec spec = vectors();
  spec.reals = {1, 2};
  spec.strings += "some text";
  spec.indices = {0, 1};
  spec.method().slots = 2;
  const uint32_t result = spec.value(2, 256, DType::F32, {10});
  const std::vector<Operand> samples = {none(),
                                        tensor(0),
                                        operand(OperandKind::Int, 0),
                                        operand(OperandKind::Real, 0),
                                        operand(OperandKind::Bool, 1),
                                        operand(OperandKind::String, 0, 2),
                                        operand(OperandKind::Tensors, 0, 2),
                                        operand(OperandKind::Ints, 0, 2),
                                        operand(OperandKind::Reals, 0, 2),
                                        operand(OperandKind::Bools, 0, 2),
                                        operand(OperandKind::IntSlot, 0),
                                        operand(OperandKind::RealSlot, 0),
                                        operand(OperandKind::IntSlots, 0, 2),
                                        code(EvalCode::StoreInt)};
  ASSERT_EQ(samples.size(), kOperandKindCount);
  using K = OperandKind;
  const std::vector<std::vector<K>> taken = {{K::None, K::Tensor},                                 // Tensor? t
                                             {K::Int, K::IntSlot},                                 // int i
                                             {K::Real, K::RealSlot, K::Int, K::IntSlot},           // float f
                                             {K::Bool},                                            // bool b
                                             {K::String},                                          // str s
                                             {K::Int, K::Real, K::Bool, K::IntSlot, K::RealSlot},  // Scalar x
                                             {K::Ints, K::IntSlots},                               // int[] is
                                             {K::Reals},                                           // float[] fs
                                             {K::None, K::Bools},                                  // bool[]? bs
                                             {K::None, K::Int, K::IntSlot},                        // int? o
                                             {K::Tensor}};                                         // the result
  std::vector<Operand> good;
  for (const auto& kinds : taken) good.push_back(samples[static_cast<size_t>(kinds.back())]);
  good.back() = tensor(result);
  ASSERT_EQ(load_call(spec, ops::test_args, good), kOk);
  for (uint32_t position = 0; position < taken.size(); ++position)
    for (const Operand& sample : samples) {
      if (position == 10 && sample.kind == K::Tensor) continue;  // another tensor is refused for its sizes
      std::vector<Operand> operands = good;
      operands[position] = sample;
      const bool takes = std::count(taken[position].begin(), taken[position].end(), sample.kind) != 0;
      EXPECT_EQ(load_call(spec, ops::test_args, operands), takes ? kOk : bad(position))
          << "kind " << static_cast<int>(sample.kind) << " at " << position;
    }
}

TEST(Check, RefusesAbsentTensorsUnlessTheSchemaAllowsThem) {
  FileSpec spec = vectors();
  const uint32_t sum = spec.value(2, 192, DType::F32, {});
  spec.indices = {0, kNoValue};
  const Operand all = operand(OperandKind::Tensors, 0, 1), some = operand(OperandKind::Tensors, 0, 2);
  EXPECT_EQ(load_call(spec, ops::test_join, {all, some, tensor(sum)}), kOk);
  EXPECT_EQ(load_call(spec, ops::test_join, {some, all, tensor(sum)}), bad(0));
}

TEST(Check, RefusesWhatInferRefuses) {
  FileSpec spec = vectors();
  spec.ints.push_back(9);
  const Operand nine = operand(OperandKind::Int, static_cast<uint32_t>(spec.ints.size() - 1));
  EXPECT_EQ(load_call(spec, ops::test_split, {tensor(0), nine, tensor(1), tensor(2)}), kBadSomewhere);
}

TEST(Check, ComparesResultsWithInfer) {
  FileSpec spec = vectors();
  const uint32_t longer = spec.value(2, 256, DType::F32, {9}), wider = spec.value(2, 256, DType::F32, {1, 8});
  const uint32_t other = spec.value(2, 256, DType::I32, {8});
  for (const uint32_t result : {longer, wider, other})
    EXPECT_EQ(load_call(spec, ops::test_add, {tensor(0), tensor(1), tensor(result)}), kBadSomewhere);
  EXPECT_EQ(load_call(spec, ops::test_huge, {tensor(0), tensor(1)}), bad(1)) << "infer said nothing about the result";
}

TEST(Check, RefusesToWriteConstants) {
  FileSpec spec = vectors();
  const float zeros[8] = {};
  const uint32_t constant = spec.value(0, spec.constant(zeros, sizeof zeros), DType::F32, {8});
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(0), tensor(constant), tensor(2)}), kOk);
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(0), tensor(1), tensor(constant)}), bad(2));
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(0), tensor(constant), tensor(constant)}), bad(2));
}

TEST(Check, RefusesToWriteInputsUnlessTheFileSaysSo) {
  FileSpec spec = vectors();
  const uint32_t whole = spec.window(1, 0, {8}, {1});
  spec.input("x", 1);
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(2), tensor(0), tensor(1)}), bad(2));
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(2), tensor(0), tensor(whole)}), bad(2));
  // Another value in the same bytes is the plan's business, unless the input is updated with it.
  const uint32_t later = spec.value(2, 64, DType::F32, {8});
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(2), tensor(0), tensor(later)}), kOk);
  spec.method().updates.push_back({1, later});
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(2), tensor(0), tensor(later)}), bad(2));
  spec.method().inputs[0].flags = format::kIoWritten;
  for (const uint32_t result : {1u, whole, later}) EXPECT_EQ(load_call(spec, ops::test_add, {tensor(2), tensor(0), tensor(result)}), kOk);
}

TEST(Check, RefusesResultsThatOverlapArguments) {
  FileSpec spec = vectors();
  for (uint64_t offset = 36; offset < 160; offset += 4) {
    FileSpec s = spec;
    const uint32_t result = s.value(2, offset, DType::F32, {8});
    const bool apart = offset >= 96 && offset <= 96;  // 8 floats at 64 are free behind 96 and before 128
    const bool same_as_argument = offset == 64 || offset == 128;
    EXPECT_EQ(load_call(s, ops::test_positive, {tensor(1), tensor(result)}), offset + 32 <= 64 || offset >= 96 ? kOk : bad(1)) << offset;
    EXPECT_EQ(load_call(s, ops::test_add, {tensor(1), tensor(2), tensor(result)}),
              apart || same_as_argument || offset >= 160 ? kOk : bad(2))
        << offset;
  }
}

// How far a value reaches is asked of one type after another.
TEST(Check, ComparesValuesOfDifferentReach) {
  const auto reaches_into = [](uint64_t offset, int64_t stride, bool is_result) {
    FileSpec s = vectors();
    const uint32_t at = s.value(2, offset, DType::F32, {8});
    const uint32_t root = s.value(2, 0, DType::F32, {22}), spread = s.window(root, 0, {8}, {stride});
    s.call(ops::test_positive, {tensor(0), tensor(1)});
    s.call(ops::test_positive, is_result ? std::vector{tensor(at), tensor(spread)} : std::vector{tensor(spread), tensor(at)});
    s.call(ops::test_positive, {tensor(2), tensor(3)});
    return load(s);
  };
  for (const bool is_result : {false, true})
    for (const int64_t stride : {1, 2, 3})
      for (uint64_t offset = 0; offset <= 96; offset += 4)
        EXPECT_EQ(reaches_into(offset, stride, is_result), offset >= 4 * (7 * static_cast<uint64_t>(stride) + 1) ? kOk : bad(1))
            << offset << " " << stride << " " << is_result;
}

TEST(Check, TakesInPlaceOnlyTheVerySameTensor) {
  FileSpec spec = vectors();
  const uint32_t square = spec.value(2, 0, DType::F32, {2, 2}), same = spec.value(2, 0, DType::F32, {2, 2});
  const uint32_t turned = spec.window(square, 0, {2, 2}, {1, 2}), other = spec.value(2, 64, DType::F32, {2, 2});
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(square), tensor(other), tensor(same)}), kOk);
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(other), tensor(square), tensor(square)}), kOk);
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(turned), tensor(other), tensor(same)}), bad(2));
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(square), tensor(turned), tensor(same)}), bad(2)) << "one argument fits, the other not";
  EXPECT_EQ(load_call(vectors(), ops::test_positive, {tensor(0), tensor(0)}), bad(1)) << "the op declares none";
}

TEST(Check, RefusesResultsThatOverlapListElementsAndEachOther) {
  FileSpec spec = vectors();
  spec.indices = {0, 1, 2};
  spec.ints.push_back(8);
  const auto at = static_cast<uint32_t>(spec.ints.size() - 1);
  const Operand eight = operand(OperandKind::Int, at);
  const Operand list = operand(OperandKind::Tensors, 0, 2), empty = operand(OperandKind::Tensors, 0, 0);
  const uint32_t inside = spec.value(2, 64 + 28, DType::F32, {}), outside = spec.value(2, 64 + 32, DType::F32, {});
  EXPECT_EQ(load_call(spec, ops::test_join, {list, empty, tensor(outside)}), kOk);
  EXPECT_EQ(load_call(spec, ops::test_join, {list, empty, tensor(inside)}), bad(2));
  EXPECT_EQ(load_call(spec, ops::test_join, {empty, list, tensor(inside)}), bad(2));
  // A result without elements touches nothing.
  const uint32_t nothing = spec.value(2, 68, DType::F32, {0});
  EXPECT_EQ(load_call(spec, ops::test_split, {tensor(0), eight, tensor(1), tensor(nothing)}), kOk);
  spec.ints[at] = 4;
  const Operand four = eight;
  const uint32_t half = spec.value(2, 64, DType::F32, {4}), overlapping = spec.value(2, 76, DType::F32, {4});
  const uint32_t beside = spec.value(2, 80, DType::F32, {4});
  EXPECT_EQ(load_call(spec, ops::test_split, {tensor(0), four, tensor(half), tensor(beside)}), kOk);
  EXPECT_EQ(load_call(spec, ops::test_split, {tensor(0), four, tensor(half), tensor(overlapping)}), bad(2));
}

TEST(Check, RefusesResultsThatOverlapThemselves) {
  FileSpec spec = vectors();
  const auto result_with = [&](std::vector<int64_t> sizes, std::vector<int64_t> strides) {
    FileSpec s = spec;
    const uint32_t root = s.value(2, 64, DType::F32, {40}), out = s.window(root, 0, sizes, strides);
    const uint32_t a = s.value(2, 0, DType::F32, sizes);
    return load_call(s, ops::test_positive, {tensor(a), tensor(out)});
  };
  EXPECT_EQ(result_with({8}, {1}), kOk);
  EXPECT_EQ(result_with({8}, {4}), kOk);
  EXPECT_EQ(result_with({1}, {0}), kOk);
  EXPECT_EQ(result_with({8}, {0}), bad(1));
}

TEST(Check, RefusesADimensionThatStepsIntoAnother) {
  const auto result_with = [](std::vector<int64_t> sizes, std::vector<int64_t> strides) {
    FileSpec s;
    s.pool("main", 1024);
    s.begin_method("forward");
    const uint32_t a = s.value(2, 512, DType::F32, sizes), b = s.value(2, 640, DType::F32, sizes);
    const uint32_t root = s.value(2, 0, DType::F32, {100}), out = s.window(root, 0, sizes, strides);
    s.call(ops::test_add, {tensor(a), tensor(b), tensor(out)});
    s.block();
    const FileBytes file = s.encode();
    const Loaded loaded(file);
    return Outcome{loaded.loaded, loaded.fault.operand};
  };
  // The kernel takes contiguous results only: what passes the check has no kernel, and no operand to blame.
  EXPECT_EQ(result_with({2, 3, 4}, {12, 4, 1}), kOk);
  EXPECT_EQ(result_with({2, 3, 4}, {1, 2, 6}), kNoKernel);
  EXPECT_EQ(result_with({2, 3, 4}, {1, 1, 6}), bad(2));
  EXPECT_EQ(result_with({2, 3, 4}, {11, 4, 1}), bad(2));
  EXPECT_EQ(result_with({2, 3, 4}, {12, 3, 1}), bad(2));
}

TEST(Check, RefusesScratchThatIsNotThere) {
  const FileSpec spec = vectors();
  const std::vector<Operand> operands = {tensor(0), tensor(1)};
  const auto with = [&](uint16_t storage, uint64_t offset, DType dtype, std::vector<int64_t> sizes) {
    FileSpec s = spec;
    const std::vector<std::byte> bytes(64);
    if (storage == 0) s.constant(bytes.data(), bytes.size());
    return load_call(s, ops::test_reverse, operands, tensor(s.value(storage, offset, dtype, sizes)));
  };
  EXPECT_EQ(with(2, 128, DType::U8, {32}), kOk);
  EXPECT_EQ(with(2, 128, DType::U8, {31}), kBadSomewhere) << "too small";
  EXPECT_EQ(with(2, 132, DType::U8, {32}), kBadSomewhere) << "not aligned";
  EXPECT_EQ(with(2, 128, DType::F32, {8}), kBadSomewhere) << "no bytes";
  EXPECT_EQ(with(2, 0, DType::U8, {32}), bad(0)) << "over the argument";
  EXPECT_EQ(with(2, 64, DType::U8, {32}), bad(1)) << "over the result";
  EXPECT_EQ(with(0, 0, DType::U8, {32}), kBadSomewhere) << "constant";
  EXPECT_EQ(load_call(spec, ops::test_reverse, operands), kBadSomewhere) << "none";
  EXPECT_EQ(load_call(spec, ops::test_reverse, operands, {OperandKind::Code, 0, 0, 1u << 30}), kBadSomewhere) << "no tensor";
}

// Kernels may ask where it lies before they know that they need none.
TEST(Check, RefusesScratchThatNobodyAskedForAndIsNone) {
  const FileSpec spec = vectors();
  const std::vector<Operand> operands = {tensor(0), tensor(1), tensor(2)};
  EXPECT_EQ(load_call(spec, ops::test_add, operands, {OperandKind::Code, 0, 0, 1u << 30}), kBadSomewhere);
  EXPECT_EQ(load_call(spec, ops::test_add, operands, tensor(3)), kBadSomewhere) << "not of bytes";
  EXPECT_EQ(load_call(spec, ops::test_add, operands, tensor(0)), kBadSomewhere) << "over the argument";
}

TEST(Check, RefusesACallThatNoKernelFits) {
  FileSpec spec = vectors();
  const uint32_t root = spec.value(2, 192, DType::F32, {16}), spread = spec.window(root, 0, {8}, {2});
  EXPECT_EQ(load_call(spec, ops::test_add, {tensor(0), tensor(1), tensor(spread)}), kNoKernel);
}

}  // namespace
}  // namespace etc::testing
