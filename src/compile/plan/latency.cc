// Planning for latency; see latency.h.
#include "plan/latency.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "emit/message.h"
#include "ir/error.h"
#include "plan/assign.h"
#include "plan/dependencies.h"
#include "plan/schedule.h"

namespace etc::compile {
namespace {

template <class F>
void for_each_value(const PlannedInstruction& i, F f) {
  for (const PlannedArgument& a : i.args) {
    if (auto* v = std::get_if<ValueId>(&a); v && v->index != ValueId::kNone) f(v->index);
    if (auto* list = std::get_if<std::vector<ValueId>>(&a))
      for (const ValueId v : *list)
        if (v.index != ValueId::kNone) f(v.index);
  }
  for (const uint32_t r : i.results) f(r);
  if (i.scratch != ValueId::kNone) f(i.scratch);
}

bool is_contraction(const std::string& op) {
  for (const char* part : {"linear", "conv", "mm", "matmul", "attention", "lstm", "gru", "rnn", "cdist"})
    if (op.find(part) != op.npos) return true;
  return false;
}

// In nanoseconds, roughly: some to begin, then bytes moved or products summed. Of matrices M×K, K×N and M×N the root of the product of
// their sizes is M·K·N.
uint64_t cost_of(const MemoryPlan& m, const PlannedInstruction& i) {
  constexpr uint64_t kBegin = 200, kBytesPerNs = 8;
  constexpr double kProductsPerNs = 16;
  uint64_t bytes = 0;
  double product = 1;  // rounded alike on every machine, as its root is
  for_each_value(i, [&](uint32_t v) {
    bytes += static_cast<uint64_t>(m.values[v].type.bytes());
    product *= static_cast<double>(std::max<int64_t>(m.values[v].type.numel(), 1));
  });
  const double products = std::min(std::sqrt(product) / kProductsPerNs, 1e15);
  return kBegin + bytes / kBytesPerNs + (is_contraction(i.op) ? static_cast<uint64_t>(products) : 0);
}

// Dependencies of data alone: every buffer in bytes of its own.
std::vector<Successors> data_successors(ProgramPlan plan) {
  for (MemoryPlan& m : plan.methods) {
    uint64_t offset = 0;
    for (Buffer& b : m.buffers) {
      b.pool = 0, b.offset = offset;
      offset += b.bytes;
    }
  }
  std::vector<Successors> result;
  with_message(plan, [&](schema::Program::Reader program) {
    for (uint32_t m = 0; m < plan.methods.size(); ++m) result.push_back(successors_of(program, m));
  });
  return result;
}

class Reordering {
 public:
  Reordering(const MemoryPlan& before, const Successors& successors, uint32_t workers) : before_(before), plan_(before) {
    std::vector<uint64_t> cost;
    for (const PlannedInstruction& i : before.instructions) cost.push_back(cost_of(before, i));
    for (const PlannedBlock& block : before.blocks)
      reorder(block, schedule(successors, cost, block.first, block.first + block.count, workers));
  }
  MemoryPlan take() { return std::move(plan_); }

 private:
  void reorder(const PlannedBlock& block, const std::vector<TimeSpan>& times) {
    std::vector<uint32_t> order(times.size());  // the instruction of the block that comes in each place
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return times[a].start < times[b].start; });
    // Of each place the last one that begins before it ends.
    std::vector<uint64_t> starts;
    for (const uint32_t i : order) starts.push_back(times[i].start);
    std::vector<Buffer> lives = before_.buffers;
    for (Buffer& b : lives) b.first = INT64_MAX, b.last = INT64_MIN;
    for (size_t place = 0; place < order.size(); ++place) {
      const PlannedInstruction& instruction = before_.instructions[block.first + order[place]];
      plan_.instructions[block.first + place] = instruction;
      const auto begun = std::lower_bound(starts.begin(), starts.end(), times[order[place]].end) - starts.begin() - 1;
      for_each_value(instruction, [&](uint32_t v) {
        if (before_.values[v].location.kind != Location::Kind::Buffer) return;
        Buffer& b = lives[before_.values[v].location.index];
        b.first = std::min(b.first, static_cast<int64_t>(block.first + place));
        b.last = std::max(b.last, static_cast<int64_t>(block.first) + begun);
      });
    }
    for (size_t b = 0; b < lives.size(); ++b)
      if (lives[b].last >= 0) extend(before_.buffers[b], lives[b], plan_.buffers[b]);  // else nothing of the block uses it
  }

  // In straight code a buffer lives as the schedule says, but what the caller fills from the beginning, what it reads to the end. Around
  // jumps it lives at least as before: only that knows which loop it must outlive.
  void extend(const Buffer& before, const Buffer& scheduled, Buffer& after) const {
    const bool is_straight = before_.blocks.size() == 1;
    const auto end = static_cast<int64_t>(before_.instructions.size());
    after.first = is_straight && before.first >= 0 ? scheduled.first : std::min(after.first, scheduled.first);
    after.last = is_straight && before.last < end ? scheduled.last : std::max(after.last, scheduled.last);
  }

  const MemoryPlan& before_;
  MemoryPlan plan_;
};

uint64_t bytes_of(const MemoryPlan& m) {
  uint64_t bytes = 0;
  for (const PlannedPool& p : m.pools) bytes += p.bytes;
  return bytes;
}

}  // namespace

void plan_for_latency(ProgramPlan& plan, const PlanOptions& options) {
  constexpr uint64_t kMostGrowth = 2;
  const std::vector<Successors> successors = data_successors(plan);
  for (size_t m = 0; m < plan.methods.size(); ++m) {
    for (const uint32_t workers : {8, 4, 2}) {
      ProgramPlan tried;
      tried.methods = {Reordering(plan.methods[m], successors[m], workers).take()};
      try {
        plan_memory(tried, options);
      } catch (const CompileError& e) {
        if (e.code() != kBadInput) throw;  // a planner that answers wrongly
        continue;                          // the pools are too small for so much at once
      }
      if (bytes_of(tried.methods[0]) > kMostGrowth * bytes_of(plan.methods[m])) continue;
      plan.methods[m] = std::move(tried.methods[0]);
      break;
    }
  }
}

}  // namespace etc::compile
