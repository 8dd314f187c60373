// Delegate calls: binding by name, the life of instances, what the core checks of their operands, and errors passed up.
#include <gtest/gtest.h>

#include <limits>

#include "delegate.h"
#include "testing/ops.h"

namespace etc::testing {
namespace {

// x f32[4] → x * 3 by one backend → * 2 by another, through a workspace; values 0 x, 1 and 2 the products.
FileSpec scaled_file(float first_factor = 3, const std::string& backend = "test_scale") {
  FileSpec f;
  f.pool("main", 256);
  f.begin_method("forward");
  const uint32_t x = f.value(2, 0, DType::F32, {4}), a = f.value(2, 64, DType::F32, {4}), b = f.value(2, 128, DType::F32, {4});
  const uint32_t space = f.value(2, 192, DType::U8, {16});
  const ScaleBlob blobs[] = {{first_factor}, {2}};
  f.delegate(backend, &blobs[0], sizeof(ScaleBlob), 64, {tensor(x), tensor(a)});
  f.delegate("test_async", &blobs[1], sizeof(ScaleBlob), 64, {tensor(a), tensor(b)}, 1, tensor(space));
  f.input("x", x);
  f.output("y", b);
  f.block();
  return f;
}

Fault fault_of(const FileSpec& spec) {
  const FileBytes file = spec.encode();
  Loaded l(file);
  EXPECT_EQ(l.opened, Error::Ok);
  EXPECT_EQ(l.fault.error, l.loaded);
  EXPECT_EQ(l.method, nullptr);
  return l.fault;
}

TEST(Delegate, RunsSubgraphsOfSeveralBackends) {
  const FileBytes file = scaled_file().encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (int run = 1; run <= 2; ++run) {
    for (int i = 0; i < 4; ++i) l.input()[i] = static_cast<float>(i + run);
    ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(l.output()[i], static_cast<float>(6 * (i + run)));
  }
}

TEST(Delegate, StepsLikeAnyInstruction) {
  const FileBytes file = scaled_file().encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  l.input()[0] = 1;
  l.method->begin();
  EXPECT_TRUE(l.method->step(nullptr).value());
  EXPECT_EQ(l.method->next_instruction(), 1u);
  EXPECT_TRUE(l.method->step(nullptr).value());
  EXPECT_FALSE(l.method->step(nullptr).value());
  EXPECT_EQ(l.output()[0], 6.0f);
}

TEST(Delegate, MemoryIsPartOfTheArena) {
  FileSpec f = scaled_file();
  const FileBytes small = f.encode();
  f.delegates[0].instance_bytes += 640;
  const FileBytes large = f.encode();
  const auto arena = [](const FileBytes& file) { return Program::open(file.span()).value().needs(0, kTables, kDelegates).value().arena; };
  EXPECT_EQ(arena(large) - arena(small), 640u);
  Loaded l(large);  // in exactly that
  EXPECT_EQ(l.loaded, Error::Ok);
}

TEST(Delegate, AMissingBackendIsNamedByItsInstruction) {
  const Fault fault = fault_of(scaled_file(3, "elsewhere"));
  EXPECT_EQ(fault.error, Error::MissingOp);
  EXPECT_EQ(fault.instruction, 0u);
}

TEST(Delegate, ATableOfAnotherAbiIsNotFound) {
  const FileBytes file = scaled_file().encode();
  const Program p = Program::open(file.span()).value();
  DelegateTable old = kTestDelegate, empty = kTestDelegate;
  old.abi = DelegateTable::kAbi + 1;
  empty.execute = nullptr;
  const DelegateTable* tables[] = {&old, &empty, &kTestDelegate};
  EXPECT_EQ(p.find_delegate(0, {tables, 2}), nullptr);
  EXPECT_EQ(p.find_delegate(0, tables), &kTestDelegate);
}

TEST(Delegate, EveryInstanceIsDestroyedOnce) {
  const int before = live_delegates();
  const FileBytes file = scaled_file().encode();
  {
    Loaded a(file), b(file);
    EXPECT_EQ(live_delegates(), before + 4);
    a.method->unload();
    EXPECT_EQ(live_delegates(), before + 2);
    a.method->unload();
    EXPECT_EQ(live_delegates(), before + 2);
    EXPECT_EQ(a.method->execute(nullptr), Error::DelegateFailed);
    EXPECT_EQ(b.method->execute(nullptr), Error::Ok);
  }
  EXPECT_EQ(live_delegates(), before);
}

TEST(Delegate, AFailedInitUndoesTheOthers) {
  const int before = live_delegates();
  FileSpec f = scaled_file();
  const ScaleBlob bad{std::numeric_limits<float>::quiet_NaN()};
  std::memcpy(f.constants.data() + f.delegates[1].blob, &bad, sizeof bad);
  const Fault fault = fault_of(f);
  EXPECT_EQ(fault.error, Error::DelegateFailed);
  EXPECT_EQ(fault.instruction, 1u);
  EXPECT_EQ(fault.operand, 7u);
  EXPECT_EQ(live_delegates(), before);
}

TEST(Delegate, AFailedRunTellsTheBackendsCode) {
  const FileBytes file = scaled_file().encode();
  Loaded l(file);
  l.input()[0] = 13;
  Fault fault;
  EXPECT_EQ(l.method->execute(&fault), Error::DelegateFailed);
  EXPECT_EQ(fault.instruction, 0u);
  EXPECT_EQ(fault.operand, 5u);
  l.input()[0] = 1;
  EXPECT_EQ(l.method->execute(&fault), Error::Ok) << "the next run is a new one";
}

TEST(Delegate, ResultsAreWritableAndSeparate) {
  const auto with_result = [](uint32_t operand, Operand o) {
    FileSpec f = scaled_file();
    f.method().operands[f.method().instructions[1].first_operand + operand] = o;
    return fault_of(f);
  };
  EXPECT_EQ(with_result(1, tensor(0)).error, Error::BadProgram) << "an input that the program does not change";
  EXPECT_EQ(with_result(1, tensor(1)).error, Error::BadProgram) << "its own argument";
  EXPECT_EQ(with_result(1, tensor(3)).error, Error::BadProgram) << "the workspace";
  EXPECT_EQ(with_result(0, tensor(3)).error, Error::BadProgram) << "the workspace as an argument";
  EXPECT_EQ(with_result(1, none()).operand, 1u);
  EXPECT_EQ(with_result(0, operand(OperandKind::Tensors, 0, 0)).operand, 0u) << "lists are not for delegates";
}

// x f32[up to 4] → x * 3, whose sizes are those of x.
FileSpec dynamic_file(const std::string& backend = "test_scale") {
  FileSpec f;
  f.pool("main", 128);
  f.begin_method("forward");
  const uint32_t x = f.dynamic_value(2, 0, DType::F32, {4}), y = f.value(2, 64, DType::F32, {4});
  const format::Dynamic of_x = f.method().dynamics.back();
  f.method().dynamics.push_back({y, of_x.sizes, of_x.strides, 0});
  const ScaleBlob blob{3};
  f.delegate(backend, &blob, sizeof blob, 64, {tensor(x), tensor(y)});
  f.method().instructions.back().flags = format::kDynamicCall;
  f.input("x", x);
  f.output("y", y);
  f.block();
  return f;
}

TEST(Delegate, TensorsHaveTheSizesOfTheRun) {
  const FileBytes file = dynamic_file().encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (const int64_t size : {2, 4, 0, 3}) {
    ASSERT_EQ(l.method->set_input_sizes(0, {&size, 1}), Error::Ok);
    std::memset(l.pools[0].data(), 0, l.pools[0].size());
    for (int64_t i = 0; i < size; ++i) l.input()[i] = static_cast<float>(i + 1);
    ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
    EXPECT_EQ(l.method->output(0).sizes[0], size);
    for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(l.output()[i], i < size ? static_cast<float>(3 * (i + 1)) : 0.0f);
  }
}

TEST(Delegate, DynamicCallsGoToBackendsThatTakeThem) {
  EXPECT_EQ(fault_of(dynamic_file("test_async")).error, Error::BadProgram) << "it takes fixed sizes only";
  FileSpec unflagged = dynamic_file();
  unflagged.method().instructions[0].flags = 0;
  EXPECT_EQ(fault_of(unflagged).error, Error::BadProgram);
}

// x f32[n <= 4] → x twice, y f32[factor * n], with memory for 8.
FileSpec repeat_file(int64_t factor) {
  FileSpec f;
  f.pool("main", 128);
  f.begin_method("forward");
  const uint32_t x = f.dynamic_value(2, 0, DType::F32, {4}), y = f.dynamic_value(2, 64, DType::F32, {8});
  const auto& d = f.method().dynamics;
  f.eval({operand(OperandKind::IntSlot, d[0].sizes), operand(OperandKind::Int, f.list({factor})), code(EvalCode::Mul),
          code(EvalCode::StoreInt, d[1].sizes)});
  f.delegate("test_repeat", "any", 3, 0, {tensor(x), tensor(y)});
  f.method().instructions.back().flags = format::kDynamicCall;
  f.input("x", x);
  f.output("y", y);
  f.block();
  return f;
}

Error run_rows(Loaded& l, int64_t size, Fault* fault) {
  EXPECT_EQ(l.method->set_input_sizes(0, {&size, 1}), Error::Ok);
  for (int64_t i = 0; i < size; ++i) l.input()[i] = static_cast<float>(i + 1);
  for (int64_t i = 0; i < 8; ++i) l.output()[i] = -1;
  return l.method->execute(fault);
}

TEST(Delegate, ResultSizesComeFromSlots) {
  const FileBytes file = repeat_file(2).encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (const int64_t size : {3, 4, 0, 1}) {
    ASSERT_EQ(run_rows(l, size, nullptr), Error::Ok);
    ASSERT_EQ(l.method->output(0).sizes[0], 2 * size);
    for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(l.output()[i], i < 2 * size ? static_cast<float>(i % size + 1) : -1) << size << ' ' << i;
  }
}

TEST(Delegate, SizesBeyondThePlanNeverReachABackend) {
  for (const auto& [factor, size] : {std::pair<int64_t, int64_t>{3, 3}, {-1, 2}, {INT64_MAX / 2, 2}}) {
    const FileBytes file = repeat_file(factor).encode();
    Loaded l(file);
    ASSERT_EQ(l.loaded, Error::Ok);
    const int before = repeat_runs();
    Fault fault;
    EXPECT_EQ(run_rows(l, size, &fault), Error::BadShape) << factor;
    EXPECT_EQ(fault.instruction, 1u);
    EXPECT_EQ(repeat_runs(), before) << factor;
    EXPECT_EQ(l.method->input(0).sizes[0], 4) << "the largest again";
  }
}

TEST(Delegate, AnInputBeyondItsBoundIsRefusedBeforeTheRun) {
  const FileBytes file = repeat_file(2).encode();
  Loaded l(file);
  for (const int64_t size : {5, -1}) EXPECT_EQ(l.method->set_input_sizes(0, {&size, 1}), Error::BadShape);
  EXPECT_EQ(l.method->input(0).sizes[0], 4);
}

// Six elements have room, but are not twice two.
TEST(Delegate, SizesThatABackendRefusesFailTheRun) {
  const FileBytes file = repeat_file(3).encode();
  Loaded l(file);
  const int before = repeat_runs();
  Fault fault;
  EXPECT_EQ(run_rows(l, 2, &fault), Error::BadShape);
  EXPECT_EQ(fault.instruction, 1u);
  EXPECT_EQ(fault.operand, Fault::kNowhere) << "a code is there for DelegateFailed only";
  EXPECT_EQ(repeat_runs(), before + 1);
}

TEST(Delegate, AFailedDynamicRunTellsTheBackendsCode) {
  const FileBytes file = dynamic_file().encode();
  Loaded l(file);
  const int64_t size = 2;
  ASSERT_EQ(l.method->set_input_sizes(0, {&size, 1}), Error::Ok);
  l.input()[0] = 13;
  Fault fault;
  EXPECT_EQ(l.method->execute(&fault), Error::DelegateFailed);
  EXPECT_EQ(fault.instruction, 0u);
  EXPECT_EQ(fault.operand, 5u);
  EXPECT_EQ(l.method->input(0).sizes[0], 4) << "the largest again";
  l.input()[0] = 1;
  EXPECT_EQ(l.method->execute(&fault), Error::Ok);
  EXPECT_EQ(l.output()[0], 3.0f);
}

TEST(Delegate, OpenRefusesBlobsOutsideOfTheFile) {
  const auto opens = [](void (*spoil)(format::Delegate&)) {
    FileSpec f = scaled_file();
    spoil(f.delegates[1]);
    return Program::open(f.encode().span()).error();
  };
  EXPECT_EQ(opens([](format::Delegate&) {}), Error::Ok);
  EXPECT_EQ(opens([](format::Delegate& d) { d.blob_bytes = 1000; }), Error::BadProgram);
  EXPECT_EQ(opens([](format::Delegate& d) { d.blob = ~uint64_t{63}; }), Error::BadProgram);
  EXPECT_EQ(opens([](format::Delegate& d) { d.blob += 8; }), Error::BadProgram);
  EXPECT_EQ(opens([](format::Delegate& d) { d.instance_bytes = 8; }), Error::BadProgram);
  EXPECT_EQ(opens([](format::Delegate& d) { d.arguments = 3; }), Error::BadProgram);
  EXPECT_EQ(opens([](format::Delegate& d) { d.name.size = 1 << 20; }), Error::BadProgram);
}

TEST(Delegate, MoreMemoryThanThereIsIsRefused) {
  FileSpec f = scaled_file();
  for (format::Delegate& d : f.delegates) d.instance_bytes = ~uint64_t{63};
  const FileBytes file = f.encode();
  EXPECT_EQ(Program::open(file.span()).value().needs(0, kTables, kDelegates).error(), Error::BadProgram);
}

}  // namespace
}  // namespace etc::testing
