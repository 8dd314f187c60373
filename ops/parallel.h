// Splitting a kernel's work over the caller's threads. How work is split depends on shapes alone, never on how many threads there
// are, so results have the same bits with any number of them; unless any split gives the same bits.
#pragma once

#include "etc/op.h"

namespace etc {

// Threads that share work; 1 without any.
inline int64_t workers_of(const Hooks* hooks) { return hooks && hooks->parallel_for ? hooks->workers : 1; }

// Calls f(i, worker) for every i in [0, count), in any order, on any worker < workers_of(hooks) but never twice at once on the same;
// returns when all are done. Without threads: here, in order.
template <class F>
inline void on_workers(const Hooks* hooks, int64_t count, const F& f) {
  if (count <= 1 || workers_of(hooks) <= 1) {
    for (int64_t i = 0; i < count; ++i) f(i, int64_t{0});
    return;
  }
  hooks->parallel_for(
      hooks->user, static_cast<size_t>(count),
      [](void* argument, size_t index, size_t worker) {
        (*static_cast<const F*>(argument))(static_cast<int64_t>(index), static_cast<int64_t>(worker));
      },
      const_cast<F*>(&f));
}

// The same for whom it does not matter which worker: f(i).
template <class F>
inline void parallel_for(const Hooks* hooks, int64_t count, const F& f) {
  on_workers(hooks, count, [&](int64_t i, int64_t) { f(i); });
}

// Pieces of at least `grain` units each, at most `most` of them: how many, and where piece i begins (piece `count` is the end).
struct Pieces {
  int64_t count, size = 0, longer = 0;  // the first `longer` pieces have a unit more
  Pieces(int64_t total, int64_t grain, int64_t most) {
    count = total / (grain < 1 ? 1 : grain);
    if (count > most) count = most;
    if (count < 1) count = total > 0 ? 1 : 0;
    if (count) size = total / count, longer = total % count;
  }
  int64_t begin(int64_t i) const { return size * i + (i < longer ? i : longer); }
  int64_t end(int64_t i) const { return begin(i + 1); }
};

// Work on items that each need scratch memory of their own: f(slot, item) for every item, never two at once with one slot. Every worker
// has a slot where there are enough, so that who is done can help the others; else every slot has its share of the items, in order.
template <class F>
inline void parallel_slots(const Hooks* hooks, int64_t slots, int64_t items, const F& f) {
  if (slots <= 1) {
    for (int64_t item = 0; item < items; ++item) f(0, item);
  } else if (workers_of(hooks) <= slots) {
    on_workers(hooks, items, [&](int64_t item, int64_t worker) { f(worker, item); });
  } else {
    const Pieces shares(items, 1, slots);
    parallel_for(hooks, shares.count, [&](int64_t slot) {
      for (int64_t item = shares.begin(slot); item < shares.end(slot); ++item) f(slot, item);
    });
  }
}

}  // namespace etc
