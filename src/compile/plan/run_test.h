// For tests that run what was planned.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "emit/emit.h"
#include "etc/method.h"
#include "etc/program.h"

namespace etc::compile {

// A method of `file` in memory of its own.
struct Loaded {
  static std::byte* allocate(std::vector<AlignedBytes>& owner, uint64_t bytes) { return owner.emplace_back(bytes).data(); }

  explicit Loaded(const AlignedBytes& file) : program(Program::open(file.span()).value()) {
    const OpTable* table = &builtin_ops();
    const Span<const OpTable* const> tables(&table, 1);
    const Needs needs = program.needs(0, tables).value();
    Memory m;
    m.arena = {allocate(memory, needs.arena), needs.arena};
    m.state = {allocate(memory, needs.state), needs.state};
    for (uint32_t p = 0; p < program.pool_count(); ++p)
      pools.push_back({allocate(memory, program.pool_bytes(0, p)), program.pool_bytes(0, p)});
    m.pools = {pools.data(), pools.size()};
    m.worker_scratch = {allocate(memory, needs.worker_scratch), needs.worker_scratch};
    EXPECT_EQ(program.init_state(m.state), Error::Ok);
    const Result<Method*> loaded = Method::load(program, 0, tables, {}, m, Hooks{}, &fault);
    EXPECT_TRUE(loaded.ok()) << static_cast<int>(loaded.error()) << " at " << fault.instruction;
    method = loaded.value();
  }

  Program program;
  std::vector<AlignedBytes> memory;
  std::vector<Span<std::byte>> pools;
  Fault fault;
  Method* method = nullptr;
};

}  // namespace etc::compile
