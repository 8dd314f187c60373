// The thread pool: every index once, by a worker that exists, and the same again and again.
#include "host/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace etc::host {
namespace {

struct Counts {
  explicit Counts(size_t n) : done(n) {}
  std::vector<std::atomic<int>> done;
  std::atomic<size_t> worst_worker{0};
  Hooks hooks;
};

void count(void* argument, size_t index, size_t worker) {
  auto& counts = *static_cast<Counts*>(argument);
  ++counts.done[index];
  size_t worst = counts.worst_worker;
  while (worker > worst && !counts.worst_worker.compare_exchange_weak(worst, worker)) {
  }
}

TEST(ThreadPool, RunsEveryIndexOnce) {
  const ThreadPool pool(4);
  const Hooks hooks = pool.hooks();
  ASSERT_EQ(hooks.workers, 4u);
  for (int round = 0; round < 2000; ++round) {
    Counts counts(static_cast<size_t>(round % 70));
    hooks.parallel_for(hooks.user, counts.done.size(), count, &counts);
    for (const auto& done : counts.done) ASSERT_EQ(done, 1);
    ASSERT_LT(counts.worst_worker, 4u);
  }
}

TEST(ThreadPool, RunsNestedLoopsOnTheSameWorker) {
  const ThreadPool pool(3);
  Counts counts(5 * 7);
  counts.hooks = pool.hooks();
  counts.hooks.parallel_for(
      counts.hooks.user, 5,
      [](void* argument, size_t, size_t worker) {
        struct Inner {
          Counts* counts;
          size_t worker;
          std::atomic<size_t> at{0};
        } inner{static_cast<Counts*>(argument), worker};
        inner.counts->hooks.parallel_for(
            inner.counts->hooks.user, 7,
            [](void* a, size_t index, size_t w) {
              auto& inner = *static_cast<Inner*>(a);
              if (w == inner.worker) count(inner.counts, index, w);
            },
            &inner);
      },
      &counts);
  for (size_t i = 0; i < 7; ++i) EXPECT_EQ(counts.done[i], 5);
}

TEST(ThreadPool, OneWorkerNeedsNoThread) {
  const ThreadPool pool(1);
  EXPECT_EQ(pool.hooks().workers, 1u);
  EXPECT_EQ(pool.hooks().parallel_for, nullptr);
}

}  // namespace
}  // namespace etc::host
