// External calls: arguments by name meet the schema that a table has when the program is loaded.
#include "external.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "testing/ops.h"

namespace etc {
namespace {

// Every argument's number in an f64 vector.
constexpr int64_t kNumbers = 12;
Error infer_numbers(InferContext& ctx) noexcept {
  Meta meta;
  meta.dtype = DType::F64;
  meta.rank = 1;
  meta.sizes[0] = kNumbers;
  return ctx.set_result(0, meta);
}
Error numbers(OpContext ctx) noexcept {
  auto* out = ctx.tensor(10).as<double>();
  const Span<const char> text = ctx.string(4);
  const double values[kNumbers] = {ctx.tensor(0).as<float>()[0],
                                   static_cast<double>(ctx.integer(1)),
                                   ctx.real(2),
                                   ctx.boolean(3) ? 1.0 : 0.0,
                                   text.size == 3 ? static_cast<double>(text[0]) : -1.0,
                                   ctx.real(5),
                                   static_cast<double>(ctx.ints(6).size),
                                   static_cast<double>(ctx.ints(6)[1]),
                                   ctx.reals(7)[0],
                                   ctx.reals(7)[1],
                                   static_cast<double>(ctx.tensors(8).size),
                                   ctx.has(9) ? 1.0 : 0.0};
  for (int i = 0; i < kNumbers; ++i) out[i] = values[i];
  return Error::Ok;
}

Error infer_nothing(InferContext&) noexcept { return Error::Ok; }
Error fill(OpContext ctx) noexcept {
  for (int64_t i = 0; i < ctx.tensor(0).numel(); ++i) ctx.tensor(0).as<float>()[i] += static_cast<float>(ctx.real(1));
  return Error::Ok;
}

Error infer_same(InferContext& ctx) noexcept { return ctx.set_result(0, ctx.meta(0)); }
Error accumulate(OpContext ctx) noexcept {
  if (ctx.tensor(0).data != ctx.tensor(2).data) return Error::BadValue;
  for (int64_t i = 0; i < ctx.tensor(0).numel(); ++i) ctx.tensor(2).as<float>()[i] += ctx.tensor(1).as<float>()[i];
  return Error::Ok;
}

// One result for each element.
Error infer_parts(InferContext& ctx) noexcept {
  for (uint32_t i = 0; i < ctx.tensor(0).sizes[0]; ++i) ETC_TRY(ctx.set_result(i, Meta{}));
  return Error::Ok;
}
Error parts(OpContext ctx) noexcept {
  for (uint32_t i = 0; i < ctx.tensor(0).sizes[0]; ++i) *ctx.tensor(1 + i).as<float>() = ctx.tensor(0).as<float>()[i];
  return Error::Ok;
}

// The elements above 1.
Error pick(OpContext ctx) noexcept {
  int64_t kept = 0;
  for (int64_t i = 0; i < ctx.tensor(0).sizes[0]; ++i)
    if (ctx.tensor(0).as<float>()[i] > 1) ctx.tensor(1).as<float>()[kept++] = ctx.tensor(0).as<float>()[i];
  if (ctx.planned_bytes(1) < static_cast<uint64_t>(kept) * sizeof(float)) return Error::BadValue;
  ctx.set_size(1, 0, kept);
  return Error::Ok;
}
constexpr OpTraits traits_of_pick() {
  OpTraits traits;
  traits.sizes_from_data = true;
  return traits;
}

template <Kernel K>
Kernel always(OpContext) noexcept {
  return K;
}

}  // namespace

ETC_OP(ext_numbers,
       "ext::numbers(Tensor t, int i=-3, float f=1e-05, bool b=True, str s='sum', Scalar x=2.5, int[2] is=7, float[] fs=[0.5, -2.25], "
       "Tensor?[] ts=[], *, int? o=None) -> Tensor",
       infer_numbers, always<numbers>);
ETC_OP(ext_fill, "ext::fill.inplace(Tensor(a!) x, float v) -> ()", infer_nothing, always<fill>);
ETC_OP(ext_acc, "ext::acc_(Tensor(a!) self, Tensor other) -> Tensor(a!)", infer_same, always<accumulate>);
ETC_OP(ext_parts, "ext::parts(Tensor x) -> Tensor[]", infer_parts, always<parts>);
ETC_OP(ext_pick, "ext::pick(Tensor x) -> Tensor", infer_same, always<pick>, traits_of_pick());

namespace testing {
namespace {

const Op* found_by_name(const char* name, uint32_t size) noexcept {
  return std::string(name, size) == "ext::found" ? &ops::ext_acc : nullptr;
}

constexpr const Op* kOps[] = {&ops::ext_numbers, &ops::ext_fill, &ops::ext_acc, &ops::ext_parts, &ops::ext_pick};
constexpr OpTable kExternalOps = {OpTable::kAbi, 5, kOps, found_by_name};
const OpTable* const kExternalTables[] = {&kExternalOps};

struct ExternalTest : ::testing::Test {
  ExternalTest() {
    f.pool("main", 512);
    f.begin_method("forward");
    x = f.value(2, 0, DType::F32, {2});
    f.input("x", x);
  }

  Operand text(const std::string& s) {
    const format::Name n = f.name(s);
    return operand(OperandKind::String, n.offset, static_cast<uint16_t>(n.size));
  }
  // Operands without their names are results.
  void call(const std::string& op, const std::vector<std::pair<std::string, Operand>>& named, const std::vector<uint32_t>& results) {
    f.ops.push_back({0, f.name(op), 1});
    std::vector<Operand>& all = f.method().operands;
    const auto first = static_cast<uint32_t>(all.size());
    for (const auto& [name, argument] : named) all.push_back(text(name)), all.push_back(argument);
    for (const uint32_t r : results) all.push_back(tensor(r));
    const auto count = static_cast<uint16_t>(all.size() - first);
    f.method().instructions.push_back({first, count, static_cast<uint16_t>(f.ops.size() - 1), format::InstructionKind::Kernel, 0, {}});
    all.push_back(none());  // scratch of the next
  }

  // Loads into exactly what the program asks for, and runs on x = {1, 2}.
  Error load_and_run() {
    f.block();
    file.emplace(f.encode());
    const Result<Program> program = Program::open(file->span());
    if (!program.ok()) return program.error();
    const Result<Needs> needs = program.value().needs(0, kExternalTables, {}, &fault);
    if (!needs.ok()) return needs.error();
    arena.emplace(needs.value().arena);
    pool.emplace(512);
    const Span<std::byte> pools[] = {pool->span()};
    Memory memory;
    memory.arena = arena->span();
    memory.pools = pools;
    const Result<Method*> method = Method::load(program.value(), 0, kExternalTables, {}, memory, Hooks{}, &fault);
    if (!method.ok()) return method.error();
    m = method.value();
    m->input(0).as<float>()[0] = 1;
    m->input(0).as<float>()[1] = 2;
    return m->execute(&fault);
  }

  FileSpec f;
  uint32_t x;
  std::optional<FileBytes> file, arena, pool;
  Fault fault;
  Method* m = nullptr;
};

TEST_F(ExternalTest, FillsDefaultsFromTheSchema) {
  const uint32_t y = f.value(2, 64, DType::F64, {kNumbers});
  call("ext::numbers", {{"t", tensor(x)}}, {y});
  f.output("y", y);
  ASSERT_EQ(load_and_run(), Error::Ok);
  const double expected[kNumbers] = {1, -3, 1e-05, 1, 's', 2.5, 2, 7, 0.5, -2.25, 0, 0};
  for (int i = 0; i < kNumbers; ++i) EXPECT_EQ(m->output(0).as<double>()[i], expected[i]) << i;
}

TEST_F(ExternalTest, TakesArgumentsInAnyOrder) {
  const uint32_t five = f.list({5}), eight = f.list({8, 9});
  f.reals = {0.25};
  const uint32_t y = f.value(2, 64, DType::F64, {kNumbers});
  call("ext::numbers",
       {{"o", operand(OperandKind::Int, five)},
        {"fs", operand(OperandKind::Ints, eight, 2)},  // integers for a list of reals
        {"s", text("max")},
        {"f", operand(OperandKind::Real, 0)},
        {"ts", operand(OperandKind::Ints, 0, 0)},  // an empty list of no type
        {"b", operand(OperandKind::Bool, 0)},
        {"is", operand(OperandKind::Ints, eight, 2)},
        {"i", operand(OperandKind::Int, five)},
        {"t", tensor(x)}},
       {y});
  f.output("y", y);
  ASSERT_EQ(load_and_run(), Error::Ok);
  const double expected[kNumbers] = {1, 5, 0.25, 0, 'm', 2.5, 2, 9, 8, 9, 0, 1};
  for (int i = 0; i < kNumbers; ++i) EXPECT_EQ(m->output(0).as<double>()[i], expected[i]) << i;
}

TEST_F(ExternalTest, WritesAnArgumentWhereItsNewValueLies) {
  f.reals = {10};
  const uint32_t after = f.value(2, 0, DType::F32, {2});
  call("ext::fill.inplace", {{"v", operand(OperandKind::Real, 0)}, {"x!", tensor(x)}}, {after});
  f.output("y", after);
  f.method().inputs[0].flags = format::kIoWritten;
  f.method().updates.push_back({x, after});
  ASSERT_EQ(load_and_run(), Error::Ok);
  EXPECT_EQ(m->output(0).as<float>()[1], 12);
}

TEST_F(ExternalTest, RefusesAWrittenArgumentThatTheCallDoesNotMark) {
  f.reals = {10};
  call("ext::fill.inplace", {{"x", tensor(x)}, {"v", operand(OperandKind::Real, 0)}}, {});
  EXPECT_EQ(load_and_run(), Error::MissingOp);
  EXPECT_EQ(fault.operand, 1u);
}

TEST_F(ExternalTest, RefusesANewValueElsewhere) {
  f.reals = {10};
  const uint32_t elsewhere = f.value(2, 64, DType::F32, {2});
  call("ext::fill.inplace", {{"x!", tensor(x)}, {"v", operand(OperandKind::Real, 0)}}, {elsewhere});
  EXPECT_EQ(load_and_run(), Error::BadProgram);
}

TEST_F(ExternalTest, RefusesToWriteWhatTheCallReadsBeside) {
  const uint32_t work = f.value(2, 64, DType::F32, {2}), after = f.value(2, 64, DType::F32, {2});
  call("ext::acc_", {{"self!", tensor(work)}, {"other", tensor(work)}}, {after});
  EXPECT_EQ(load_and_run(), Error::MissingOp);
}

TEST_F(ExternalTest, ReturnsTheWrittenArgument) {
  const uint32_t work = f.value(2, 64, DType::F32, {2}), after = f.value(2, 64, DType::F32, {2});
  call("ext::found", {{"self!", tensor(work)}, {"other", tensor(x)}}, {after});
  f.output("y", after);
  ASSERT_EQ(load_and_run(), Error::Ok);
  EXPECT_EQ(m->output(0).as<float>()[1], 2);
}

TEST_F(ExternalTest, GivesAListOfResults) {
  const uint32_t a = f.value(2, 64, DType::F32, {}), b = f.value(2, 128, DType::F32, {});
  call("ext::parts", {{"x", tensor(x)}}, {a, b});
  f.output("a", a);
  f.output("b", b);
  ASSERT_EQ(load_and_run(), Error::Ok);
  EXPECT_EQ(m->output(1).as<float>()[0], 2);
}

TEST_F(ExternalTest, RefusesAnArgumentThatTheSchemaLacks) {
  const uint32_t a = f.value(2, 64, DType::F32, {}), b = f.value(2, 128, DType::F32, {});
  call("ext::parts", {{"x", tensor(x)}, {"y", tensor(x)}}, {a, b});
  EXPECT_EQ(load_and_run(), Error::MissingOp);
}

TEST_F(ExternalTest, RefusesACallWithoutAnArgumentThatHasNoDefault) {
  call("ext::parts", {}, {});
  EXPECT_EQ(load_and_run(), Error::MissingOp);
}

TEST_F(ExternalTest, RefusesResultsThatInferDoesNotGive) {
  const uint32_t a = f.value(2, 64, DType::F32, {});
  call("ext::parts", {{"x", tensor(x)}}, {a});
  EXPECT_EQ(load_and_run(), Error::MissingOp);
}

TEST_F(ExternalTest, DecidesSizes) {
  const uint32_t y = f.dynamic_value(2, 64, DType::F32, {2});
  call("ext::pick", {{"x", tensor(x)}}, {y});
  f.method().instructions.back().flags = format::kDynamicCall;
  f.output("y", y);
  ASSERT_EQ(load_and_run(), Error::Ok);
  ASSERT_EQ(m->output(0).sizes[0], 1);
  EXPECT_EQ(m->output(0).as<float>()[0], 2);
  m->input(0).as<float>()[0] = 5;
  ASSERT_EQ(m->execute(&fault), Error::Ok);
  EXPECT_EQ(m->output(0).sizes[0], 2);
}

// As an op of PyTorch does that gives as many rows as a mask says, or an index has elements.
TEST_F(ExternalTest, GivesTheSizesThatTheFileFixes) {
  const uint32_t y = f.value(2, 64, DType::F32, {2});
  call("ext::pick", {{"x", tensor(x)}}, {y});
  f.output("y", y);
  EXPECT_EQ(load_and_run(), Error::BadShape) << "one of {1, 2} is above 1";
  EXPECT_EQ(fault.instruction, 0u);
  m->input(0).as<float>()[0] = 3;
  ASSERT_EQ(m->execute(&fault), Error::Ok);
  EXPECT_EQ(m->output(0).as<float>()[0], 3);
  m->input(0).as<float>()[0] = 1;
  EXPECT_EQ(m->execute(&fault), Error::BadShape);
  const FileBytes again = f.encode();
  ASSERT_EQ(again.size(), file->size());
  EXPECT_EQ(std::memcmp(again.data(), file->data(), again.size()), 0) << "the sizes lie in the file";
}

TEST_F(ExternalTest, RefusesFixedSizesThatItMayExceed) {
  const uint32_t y = f.value(2, 64, DType::F32, {1});
  call("ext::pick", {{"x", tensor(x)}}, {y});
  EXPECT_EQ(load_and_run(), Error::MissingOp);
}

TEST_F(ExternalTest, IsMissingWithoutATable) {
  call("ext::nobody", {}, {});
  EXPECT_EQ(load_and_run(), Error::MissingOp);
}

}  // namespace
}  // namespace testing
}  // namespace etc
