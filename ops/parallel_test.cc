// Kernels give the same bits with any number of threads, and in whatever order the pieces run.
#include "ops/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "etc/op.h"
#include "ops/linalg/matmul.h"

namespace etc {
namespace ops {
extern const Op convolution, mm, bmm, linear, native_layer_norm, scaled_dot_product_attention, lstm, max_pool2d_with_indices;
}

namespace {

using Task = void (*)(void* argument, size_t index, size_t worker);

void backwards(void*, size_t count, Task task, void* argument) {
  for (size_t i = count; i-- > 0;) task(argument, i, i % 4);
}
void on_threads(void*, size_t count, Task task, void* argument) {
  std::vector<std::thread> threads;
  for (size_t w = 0; w < 4; ++w)
    threads.emplace_back([=] {
      for (size_t i = w; i < count; i += 4) task(argument, i, w);
    });
  for (std::thread& t : threads) t.join();
}

// One call of an op with float tensors, made by hand.
class OpCall {
 public:
  OpCall() { operands_.push_back({OperandKind::None, 0, 0, 0}); }

  uint32_t tensor(std::vector<int64_t> sizes, DType dtype = DType::F32) {
    auto t = std::make_unique<Made>();
    t->sizes = std::move(sizes);
    int64_t n = 1;
    t->strides.resize(t->sizes.size());
    for (size_t d = t->sizes.size(); d-- > 0;) {
      t->strides[d] = n;
      n *= t->sizes[d];
    }
    t->bytes.resize(static_cast<size_t>(n) * size_in_bytes(dtype));
    if (dtype == DType::F32)
      for (int64_t i = 0; i < n; ++i)
        reinterpret_cast<float*>(t->bytes.data())[i] = static_cast<float>((i * 7919 + 13) % 1009 - 504) / 300.0f;
    values_.push_back({t->bytes.data(), t->sizes.data(), t->strides.data(), dtype, static_cast<uint8_t>(t->sizes.size()), 0, 0});
    made_.push_back(std::move(t));
    return static_cast<uint32_t>(values_.size() - 1);
  }
  OpCall& add(std::vector<int64_t> sizes, DType dtype = DType::F32) {
    operands_.push_back({OperandKind::Tensor, 0, 0, tensor(std::move(sizes), dtype)});
    return *this;
  }
  OpCall& add_list(std::vector<std::vector<int64_t>> all) {
    operands_.push_back({OperandKind::Tensors, 0, static_cast<uint16_t>(all.size()), static_cast<uint32_t>(indices_.size())});
    for (auto& sizes : all) indices_.push_back(tensor(sizes));
    return *this;
  }
  OpCall& ints(std::vector<int64_t> list) {
    operands_.push_back({OperandKind::Ints, 0, static_cast<uint16_t>(list.size()), static_cast<uint32_t>(ints_.size())});
    ints_.insert(ints_.end(), list.begin(), list.end());
    return *this;
  }
  OpCall& integer(int64_t v) {
    ints({v});
    operands_.back().kind = OperandKind::Int;
    return *this;
  }
  OpCall& real(double v) {
    operands_.push_back({OperandKind::Real, 0, 0, static_cast<uint32_t>(reals_.size())});
    reals_.push_back(v);
    return *this;
  }
  OpCall& boolean(bool v) { return operands_.push_back({OperandKind::Bool, 0, 0, v}), *this; }
  OpCall& none() { return operands_.push_back({OperandKind::None, 0, 0, 0}), *this; }

  // The bytes of the result, the last operand but `back`.
  std::vector<std::byte> run(const Op& op, const Hooks& hooks, uint32_t back = 0) {
    Frame frame{};
    frame.tensors = values_.data();
    frame.tensor_count = static_cast<uint32_t>(values_.size());
    frame.ints = ints_.data(), frame.reals = reals_.data(), frame.indices = indices_.data();
    frame.hooks = &hooks;
    frame.operands = operands_.data();
    Instr instr{};
    instr.first_operand = 1;
    const OpContext ctx{&frame, &instr};
    const uint64_t bytes = op.scratch_bytes ? op.scratch_bytes(ctx) : 0;
    std::unique_ptr<void, decltype(&std::free)> scratch(std::aligned_alloc(64, bytes + 64), &std::free);
    std::vector<Tensor> values = values_;
    values.push_back({scratch.get(), nullptr, nullptr, DType::U8, 0, 0, 0});
    std::vector<Operand> operands = operands_;
    operands[0] = {OperandKind::Tensor, 0, 0, static_cast<uint32_t>(values.size() - 1)};
    frame.tensors = values.data();
    frame.tensor_count = static_cast<uint32_t>(values.size());
    frame.operands = operands.data();
    const Made& result = *made_[operands_[operands_.size() - 1 - back].index];
    std::memset(values_[operands_[operands_.size() - 1 - back].index].data, 0xff, result.bytes.size());
    EXPECT_EQ(op.select(ctx)(ctx), Error::Ok);
    return result.bytes;
  }

 private:
  struct Made {
    std::vector<int64_t> sizes, strides;
    std::vector<std::byte> bytes;
  };
  std::vector<std::unique_ptr<Made>> made_;
  std::vector<Tensor> values_;
  std::vector<Operand> operands_;
  std::vector<int64_t> ints_;
  std::vector<double> reals_;
  std::vector<uint32_t> indices_;
};

void expect_same_bits(const Op& op, OpCall& call, uint32_t back = 0) {
  const std::vector<std::byte> serial = call.run(op, Hooks{}, back);
  EXPECT_EQ(serial, call.run(op, Hooks{1, 4, nullptr, &backwards}, back)) << op.schema;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(serial, call.run(op, Hooks{1, 4, nullptr, &on_threads}, back)) << op.schema;
}

TEST(Parallel, ProductsKeepTheirBits) {
  expect_same_bits(ops::mm, OpCall().add({150, 600}).add({600, 170}).add({150, 170}));
  expect_same_bits(ops::linear, OpCall().add({1, 900}).add({800, 900}).add({800}).add({1, 800}));
  expect_same_bits(ops::bmm, OpCall().add({20, 40, 30}).add({20, 30, 50}).add({20, 40, 50}));
  expect_same_bits(ops::bmm, OpCall().add({2, 300, 300}).add({2, 300, 200}).add({2, 300, 200}));
}

TEST(Parallel, ConvolutionsKeepTheirBits) {
  for (const bool transposed : {false, true})
    expect_same_bits(ops::convolution, OpCall()
                                           .add({1, 64, 28, 28})
                                           .add({64, 64, 3, 3})
                                           .add({64})
                                           .ints({1, 1})
                                           .ints({1, 1})
                                           .ints({1, 1})
                                           .boolean(transposed)
                                           .ints({0, 0})
                                           .integer(1)
                                           .add({1, 64, 28, 28}));
  for (const int64_t groups : {4, 16})
    expect_same_bits(ops::convolution, OpCall()
                                           .add({3, 16, 14, 14})
                                           .add({16, 16 / groups, 3, 3})
                                           .none()
                                           .ints({1, 1})
                                           .ints({1, 1})
                                           .ints({1, 1})
                                           .boolean(false)
                                           .ints({0, 0})
                                           .integer(groups)
                                           .add({3, 16, 14, 14}));
}

TEST(Parallel, AttentionKeepsItsBits) {
  expect_same_bits(ops::scaled_dot_product_attention, OpCall()
                                                          .add({2, 3, 100, 32})
                                                          .add({2, 3, 300, 32})
                                                          .add({2, 3, 300, 32})
                                                          .none()
                                                          .real(0)
                                                          .boolean(true)
                                                          .none()
                                                          .boolean(false)
                                                          .add({2, 3, 100, 32}));
}

TEST(Parallel, LayerNormKeepsItsBits) {
  expect_same_bits(ops::native_layer_norm,
                   OpCall().add({200, 300}).ints({300}).add({300}).add({300}).real(1e-5).add({200, 300}).add({200, 1}).add({200, 1}), 2);
}

TEST(Parallel, RecurrentLayersKeepTheirBits) {
  expect_same_bits(ops::lstm,
                   OpCall()
                       .add({30, 2, 100})
                       .add_list({{1, 2, 200}, {1, 2, 200}})
                       .add_list({{800, 100}, {800, 200}, {800}, {800}})
                       .boolean(true)
                       .integer(1)
                       .real(0)
                       .boolean(false)
                       .boolean(false)
                       .boolean(false)
                       .add({30, 2, 200})
                       .add({1, 2, 200})
                       .add({1, 2, 200}),
                   2);
}

TEST(Parallel, PoolingKeepsItsBits) {
  expect_same_bits(ops::max_pool2d_with_indices,
                   OpCall()
                       .add({2, 30, 30, 30})
                       .ints({3, 3})
                       .ints({2, 2})
                       .ints({1, 1})
                       .ints({1, 1})
                       .boolean(false)
                       .add({2, 30, 15, 15})
                       .add({2, 30, 15, 15}, DType::I64),
                   1);
}

TEST(Pieces, CoverEachUnitOnce) {
  for (const int64_t total : {0, 1, 7, 64, 1000})
    for (const int64_t grain : {1, 3, 100}) {
      const Pieces pieces(total, grain, 16);
      int64_t at = 0;
      for (int64_t i = 0; i < pieces.count; ++i) {
        EXPECT_EQ(pieces.begin(i), at);
        EXPECT_GT(pieces.end(i), at);
        at = pieces.end(i);
      }
      EXPECT_EQ(at, total);
      EXPECT_LE(pieces.count, 16);
    }
}

// More slots than workers, as many, and fewer.
TEST(ParallelSlots, NeverShareASlotAtOnce) {
  const Hooks hooks{1, 4, nullptr, &on_threads};
  for (const int64_t slots : {8, 4, 3, 1}) {
    std::vector<int> done(100);
    std::vector<std::atomic<int>> busy(static_cast<size_t>(slots));
    parallel_slots(&hooks, slots, 100, [&](int64_t slot, int64_t item) {
      ASSERT_LT(slot, slots);
      EXPECT_EQ(++busy[static_cast<size_t>(slot)], 1);
      ++done[static_cast<size_t>(item)];
      std::this_thread::yield();
      --busy[static_cast<size_t>(slot)];
    });
    EXPECT_EQ(done, std::vector<int>(100, 1)) << slots;
  }
}

// A worker that gets more items than another keeps to its slot.
TEST(ParallelSlots, AreTheWorkersWhereThereAreEnough) {
  const Hooks hooks{1, 4, nullptr, &backwards};
  std::vector<int64_t> slots(30, -1);
  parallel_slots(&hooks, 5, 30, [&](int64_t slot, int64_t item) { slots[static_cast<size_t>(item)] = slot; });
  for (size_t i = 0; i < slots.size(); ++i) EXPECT_EQ(slots[i], static_cast<int64_t>(i % 4));
}

// What a slot keeps from one item serves the next.
TEST(ParallelSlots, HaveItemsInOrder) {
  const Hooks hooks{1, 4, nullptr, &on_threads};
  for (const int64_t slots : {3, 1}) {
    std::vector<int64_t> last(static_cast<size_t>(slots), -1);
    parallel_slots(&hooks, slots, 30, [&](int64_t slot, int64_t item) {
      int64_t& before = last[static_cast<size_t>(slot)];
      EXPECT_TRUE(before == -1 || item == before + 1);
      before = item;
    });
  }
}

}  // namespace
}  // namespace etc
