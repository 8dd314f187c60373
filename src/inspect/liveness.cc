#include "liveness.h"

#include <algorithm>

#include "etc/program.h"

namespace etc::inspect {
namespace {

uint64_t rounded(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// What was there before a loop and is used in it lives until its end. Loops end in a jump back; inner ones come first.
void extend_over_loops(const Method& method, std::vector<Lifetime>* lives) {
  for (size_t b = 0; b < method.blocks.size(); ++b) {
    const Block& block = method.blocks[b];
    if (block.end == Block::End::Return || block.target > b) continue;
    const int64_t first = method.blocks[block.target].first, last = int64_t{block.first} + block.count - 1;
    for (Lifetime& life : *lives)
      if (life.first < first && life.last >= first && life.last < last) life.last = last;
  }
}

// Roots share bytes when one was written in place of another; those bytes count once.
void find_peak(const Method& method, const std::vector<Lifetime>& roots, uint32_t pool, PoolUse* use) {
  std::vector<uint32_t> by_offset;
  for (uint32_t v = 0; v < method.values.size(); ++v)
    if (method.values[v].root == v && method.values[v].storage == Storage::Pool && method.values[v].pool == pool && method.values[v].bytes)
      by_offset.push_back(v);
  std::stable_sort(by_offset.begin(), by_offset.end(),
                   [&](uint32_t a, uint32_t b) { return method.values[a].offset < method.values[b].offset; });
  const auto end = static_cast<int64_t>(method.instructions.size());
  for (int64_t at = -1; at <= end; ++at) {
    uint64_t live = 0, covered = 0;
    std::vector<uint32_t> here;
    for (uint32_t v : by_offset) {
      if (roots[v].first > at || roots[v].last < at) continue;
      const uint64_t from = std::max(method.values[v].offset, covered), to = method.values[v].offset + rounded(method.values[v].bytes);
      if (to > from) live += to - from;
      covered = std::max(covered, to);
      here.push_back(v);
    }
    if (live > use->live || at == -1) {
      use->live = live;
      use->peak_at = at;
      use->live_at_peak = std::move(here);
    }
  }
}

}  // namespace

Liveness liveness_of(const Method& method) {
  Liveness result;
  const auto end = static_cast<int64_t>(method.instructions.size());
  std::vector<Lifetime>& lives = result.values;
  lives.assign(method.values.size(), Lifetime{end + 1, -2, -1});
  auto touch = [&](uint32_t v, int64_t at) {
    for (uint32_t id : {v, method.values[v].root}) {
      lives[id].first = std::min(lives[id].first, at);
      lives[id].last = std::max(lives[id].last, at);
    }
  };
  for (const Port& p : method.inputs) touch(p.value, -1);
  for (int64_t i = 0; i < end; ++i) {
    const Instruction& in = method.instructions[static_cast<size_t>(i)];
    for (uint32_t v : in.reads) touch(v, i);
    for (uint32_t v : in.writes) {
      touch(v, i);
      lives[v].source = lives[method.values[v].root].source = in.source;
    }
    if (in.scratch != kNoValue) {
      touch(in.scratch, i);
      lives[in.scratch].source = in.source;
    }
  }
  for (const Block& b : method.blocks)
    if (b.end == Block::End::JumpIfFalse) touch(b.value, int64_t{b.first} + b.count - 1);
  extend_over_loops(method, &lives);
  for (const Port& p : method.outputs) touch(p.value, end);
  for (const Update& u : method.updates) touch(u.value, end);
  for (uint32_t v = 0; v < lives.size(); ++v) {
    if (lives[v].last == -2) lives[v] = {-1, -1, -1};  // nothing uses it
    const Value& value = method.values[v];
    if (value.storage != Storage::Pool) lives[v].first = -1, lives[v].last = end;
    // A value whose bytes only a window's user reads lives at least as long as it is named; windows get their root's source.
    if (lives[v].source < 0) lives[v].source = lives[value.root].source;
  }
  result.pools.resize(method.pool_bytes.size());
  for (uint32_t p = 0; p < result.pools.size(); ++p) {
    result.pools[p].bytes = method.pool_bytes[p];
    find_peak(method, lives, p, &result.pools[p]);
  }
  return result;
}

}  // namespace etc::inspect
