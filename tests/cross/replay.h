// Runs a program on recorded inputs and hands out the bits of what it gives: the same code on every target, so that two targets can be
// compared byte for byte. No heap, no printing: memory and `write` are the caller's.
//
//   inputs:   u32 runs, u32 inputs; for each run, for each input: u32 rank, u32 0, i64 sizes[rank], elements in row-major order, padded to
//   8 outputs:  for each run: u32 error, u32 tensors; for each output, then each input that the program changed: u32 dtype, u32 rank,
//             i64 sizes[rank], elements in row-major order; at the end the state block
#pragma once

#include "etc/method.h"

namespace etc::cross {

using Write = void (*)(void* user, const void* data, size_t bytes);

class Replay {
 public:
  Replay(Span<const std::byte> inputs, Span<std::byte> ram, Hooks hooks, Write write, void* user)
      : inputs_(inputs), ram_(ram), hooks_(hooks), write_(write), user_(user) {}

  // The first error; of a run, it is written and the next run goes on.
  Error run(Span<const std::byte> file) {
    auto program = Program::open(file);
    if (!program.ok()) return program.error();
    ETC_TRY(load(program.value()));
    const uint32_t runs = word(), inputs = word();
    if (inputs != method_->input_count()) return Error::BadArgument;
    for (uint32_t r = 0; r < runs; ++r) ETC_TRY(run_once(program.value()));
    write_(user_, state_.data, state_.size);
    return Error::Ok;
  }

 private:
  static constexpr uint32_t kMaxPools = 8;

  Span<std::byte> carve(uint64_t bytes) {
    const uint64_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (size > ram_.size) {
      failed_ = true;
      return {};
    }
    const Span<std::byte> piece{ram_.data, static_cast<size_t>(bytes)};
    ram_ = {ram_.data + size, ram_.size - static_cast<size_t>(size)};
    return piece;
  }

  Error load(const Program& program) {
    const OpTable* tables[] = {&builtin_ops()};
    const auto needs = program.needs(0, {tables, 1});
    if (!needs.ok()) return needs.error();
    if (program.pool_count() > kMaxPools) return Error::OutOfMemory;
    Span<std::byte> pools[kMaxPools];
    for (uint32_t p = 0; p < program.pool_count(); ++p) pools[p] = carve(program.pool_bytes(0, p));
    state_ = carve(needs.value().state);
    const Memory memory{
        carve(needs.value().arena), {pools, program.pool_count()}, state_, carve(needs.value().worker_scratch * hooks_.workers)};
    if (failed_) return Error::OutOfMemory;
    ETC_TRY(program.init_state(state_));
    const auto method = Method::load(program, 0, {tables, 1}, {}, memory, hooks_, nullptr);
    if (!method.ok()) return method.error();
    method_ = method.value();
    return Error::Ok;
  }

  Error run_once(const Program& program) {
    for (uint32_t i = 0; i < method_->input_count(); ++i) ETC_TRY(read_input(i));
    const Error error = method_->execute(nullptr);
    write_word(static_cast<uint32_t>(error));
    uint32_t changed = 0;
    for (uint32_t i = 0; i < method_->input_count(); ++i) changed += program.input(0, i).flags & 1;
    write_word(error == Error::Ok ? method_->output_count() + changed : 0);
    if (error != Error::Ok) return Error::Ok;
    for (uint32_t i = 0; i < method_->output_count(); ++i) write_tensor(method_->output(i));
    for (uint32_t i = 0; i < method_->input_count(); ++i)
      if (program.input(0, i).flags & 1) write_tensor(method_->input(i));
    return Error::Ok;
  }

  uint32_t word() {
    uint32_t w = 0;
    if (at_ + sizeof w <= inputs_.size) std::memcpy(&w, inputs_.data + at_, sizeof w);
    at_ += sizeof w;
    return w;
  }
  void write_word(uint32_t w) { write_(user_, &w, sizeof w); }

  // Visits the elements in row-major order.
  template <class F>
  static void for_each_element(const Tensor& t, F f) {
    int64_t at[kMaxRank] = {};
    for (int64_t n = t.numel(); n > 0; --n) {
      int64_t offset = 0;
      for (uint32_t d = 0; d < t.rank; ++d) offset += at[d] * t.strides[d];
      f(t.as<std::byte>() + offset * static_cast<int64_t>(size_in_bytes(t.dtype)));
      for (uint32_t d = t.rank; d-- > 0 && ++at[d] == t.sizes[d];) at[d] = 0;
    }
  }

  Error read_input(uint32_t i) {
    const uint32_t rank = word();
    word();
    int64_t sizes[kMaxRank];
    if (rank > kMaxRank || at_ + rank * sizeof(int64_t) > inputs_.size) return Error::BadShape;
    std::memcpy(sizes, inputs_.data + at_, rank * sizeof(int64_t));
    at_ += rank * sizeof(int64_t);
    ETC_TRY(method_->set_input_sizes(i, {sizes, rank}));
    const Tensor& t = method_->input(i);
    const uint32_t bytes = size_in_bytes(t.dtype);
    if (at_ + static_cast<uint64_t>(t.numel()) * bytes > inputs_.size) return Error::BadShape;
    for_each_element(t, [&](std::byte* element) {
      std::memcpy(element, inputs_.data + at_, bytes);
      at_ += bytes;
    });
    at_ = (at_ + 7) & ~size_t{7};
    return Error::Ok;
  }

  void write_tensor(const Tensor& t) {
    write_word(static_cast<uint32_t>(t.dtype));
    write_word(t.rank);
    write_(user_, t.sizes, t.rank * sizeof(int64_t));
    for_each_element(t, [&](const std::byte* element) { write_(user_, element, size_in_bytes(t.dtype)); });
  }

  Span<const std::byte> inputs_;
  Span<std::byte> ram_, state_;
  Hooks hooks_;
  Write write_;
  void* user_;
  Method* method_ = nullptr;
  size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace etc::cross
