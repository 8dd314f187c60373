// What this machine can do: prints GFLOP/s of fp32 multiply-adds from registers and GB/s read from memory, each the best of some tries.
//
//   bench-limits THREADS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
#if defined(__x86_64__)
#define ETC_BENCH_VECTOR "x"
#else
#define ETC_BENCH_VECTOR "w"  // Arm
#endif
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));
constexpr int kChains = 10;  // hides the latency of two units, and stays in 16 registers

template <class F>
double seconds(F f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// One multiply and one add for each lane, chain and round.
void multiply_add(int rounds) {
  Vector sum[kChains], factor = {}, term = {};
  for (int lane = 0; lane < kLanes; ++lane) factor[lane] = 0.5f, term[lane] = static_cast<float>(lane);
#pragma GCC unroll 16
  for (Vector& s : sum) {
    s = term;
    asm volatile("" : "+" ETC_BENCH_VECTOR(s));  // for all the compiler knows, no two chains are the same
  }
  asm volatile("" : "+m"(factor), "+m"(term));
  const Vector f = factor, t = term;
  for (int i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (Vector& s : sum) s = s * f + t;
  }
#pragma GCC unroll 16
  for (Vector& s : sum) asm volatile("" : : ETC_BENCH_VECTOR(s));
}

void read(const char* data, size_t bytes) {
  Vector sum[4] = {};
  for (size_t at = 0; at + sizeof sum <= bytes; at += sizeof sum) {
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      Vector part;
      std::memcpy(&part, data + at + i * sizeof part, sizeof part);
      sum[i] += part;
    }
  }
#pragma GCC unroll 4
  for (Vector& s : sum) asm volatile("" : : ETC_BENCH_VECTOR(s));
}

void on_threads(int threads, const std::function<void(int)>& f) {
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(f, t);
  f(0);
  for (std::thread& t : others) t.join();
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  constexpr int kTries = 8, kRounds = 2000000;
  constexpr size_t kBytes = size_t{512} << 20;
  double compute = 1e9, memory = 1e9;
  for (int i = 0; i < kTries; ++i) compute = std::min(compute, seconds([&] { on_threads(threads, [](int) { multiply_add(kRounds); }); }));
  std::vector<char> data(kBytes, 1);
  const size_t share = kBytes / static_cast<size_t>(threads);
  for (int i = 0; i < kTries; ++i)
    memory =
        std::min(memory, seconds([&] { on_threads(threads, [&](int t) { read(data.data() + share * static_cast<size_t>(t), share); }); }));
  std::printf("{\"gflops\": %.2f, \"gbytes\": %.2f}\n", 2.0 * threads * kRounds * kChains * kLanes / compute / 1e9,
              static_cast<double>(share) * threads / memory / 1e9);
}
