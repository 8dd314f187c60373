// Damages program files thousands of times and opens, loads and runs what comes out: fuzz_program COUNT SEED FILE.etc…
// Anything may be refused; nothing may crash, read or write outside of its memory (the sanitizers watch), or take longer than kMostSeconds.
// The damaged file is written to fuzz_program.last before each try, so that a crash can be repeated with COUNT 0 and that file.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "etc/method.h"
#include "host/dependencies.h"

using namespace etc;

namespace {

constexpr double kMostSeconds = 10;
constexpr uint64_t kMostMemory = 256u << 20;  // of any one block; more is refused before it is allocated, as a caller would

using Bytes = std::vector<std::byte>;

struct Aligned {
  explicit Aligned(uint64_t bytes)
      : data(static_cast<std::byte*>(std::aligned_alloc(kAlignment, (bytes + kAlignment) / kAlignment * kAlignment))), size(bytes) {
    std::memset(data, 0, size);
  }
  ~Aligned() { std::free(data); }
  Aligned(const Aligned&) = delete;
  Aligned(Aligned&& other) noexcept : data(std::exchange(other.data, nullptr)), size(other.size) {}
  Span<std::byte> span() const { return {data, size}; }
  std::byte* data;
  uint64_t size;
};

// What happened to the last file, for the closing statistics.
enum Fate { kRefusedAtOpen, kTooLarge, kRefusedAtLoad, kFailed, kRan, kFates };

Fate try_method(const Program& program, uint32_t method) {
  const OpTable* tables[] = {&builtin_ops()};
  Result<Needs> needs = program.needs(method, {tables, 1});
  if (!needs.ok()) return kRefusedAtLoad;
  uint64_t total = needs->arena + needs->state + needs->worker_scratch;
  for (uint32_t i = 0; i < program.pool_count(); ++i) {
    const uint64_t bytes = program.pool_bytes(method, i);
    if (bytes > kMostMemory) return kTooLarge;
    total += bytes;
  }
  if (needs->arena > kMostMemory || needs->state > kMostMemory || needs->worker_scratch > kMostMemory || total > kMostMemory)
    return kTooLarge;
  Aligned arena(needs->arena), state(needs->state), scratch(needs->worker_scratch);
  std::vector<Aligned> pools;
  std::vector<Span<std::byte>> spans;
  for (uint32_t i = 0; i < program.pool_count(); ++i) {
    pools.emplace_back(program.pool_bytes(method, i));
    spans.push_back(pools.back().span());
  }
  if (program.init_state(state.span()) != Error::Ok) return kRefusedAtLoad;
  const Memory memory{arena.span(), {spans.data(), spans.size()}, state.span(), scratch.span()};
  Fault fault;
  Result<Method*> loaded = Method::load(program, method, {tables, 1}, {}, memory, Hooks{}, &fault);
  if (!loaded.ok()) return kRefusedAtLoad;
  // What a scheduler would do first. It may refuse the list; what it accepts counts every instruction that waits.
  const auto dependencies = host::dependencies_of(program, method, host::Accesses(program, method, {tables, 1}), &fault);
  if (dependencies.ok() && dependencies.value().waits_for.size() != program.instruction_count(method)) std::abort();
  for (uint32_t i = 0; i < loaded.value()->input_count(); ++i) {
    const Tensor& t = loaded.value()->input(i);
    if (is_contiguous(t)) std::memset(t.data, 1, static_cast<size_t>(t.numel()) * size_in_bytes(t.dtype));
  }
  return loaded.value()->execute(&fault, 1000) == Error::Ok ? kRan : kFailed;
}

Fate try_file(const Bytes& file) {
  Aligned copy(file.size());  // exactly this long, so that reading behind it is seen
  std::memcpy(copy.data, file.data(), file.size());
  Result<Program> program = Program::open({copy.data, file.size()});
  if (!program.ok()) return kRefusedAtOpen;
  Fate fate = kRan;
  for (uint32_t m = 0; m < program->method_count(); ++m) fate = try_method(*program, m);
  return fate;
}

// The program segment ends where the framing says; damage to constants changes nothing but numbers.
size_t segment_end(const Bytes& file) {
  uint32_t words = 0;
  if (file.size() >= 16) std::memcpy(&words, file.data() + 4, 4);
  const size_t end = 16 + static_cast<size_t>(words) * 8;
  return end < file.size() ? end : file.size();
}

void damage(Bytes& file, std::mt19937_64& random) {
  const size_t end = segment_end(file);
  const uint64_t interesting[] = {0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 1ull << 32, 1ull << 62, ~0ull, 1ull << 63};
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int c = 0; c < changes; ++c) {
    const size_t at = random() % (random() % 8 ? end : file.size());
    switch (random() % 6) {
      case 0: file[at] ^= std::byte(1u << (random() % 8)); break;
      case 1: file[at] = std::byte(random()); break;
      case 2: {  // a whole field
        const size_t width = size_t{1} << (random() % 4), start = at / width * width;
        const uint64_t value = interesting[random() % (sizeof interesting / 8)];
        if (start + width <= file.size()) std::memcpy(&file[start], &value, width);
        break;
      }
      case 3: {  // a little more or less
        uint32_t word;
        const size_t start = at / 4 * 4;
        if (start + 4 > file.size()) break;
        std::memcpy(&word, &file[start], 4);
        word += static_cast<uint32_t>(random() % 9) - 4;
        std::memcpy(&file[start], &word, 4);
        break;
      }
      case 4: {  // one word over another
        const size_t from = random() % end / 8 * 8, to = at / 8 * 8;
        if (from + 8 <= file.size() && to + 8 <= file.size()) std::memmove(&file[to], &file[from], 8);
        break;
      }
      default: file.resize(random() % 16 ? at + 1 : file.size() + random() % 64); return;
    }
  }
}

Bytes read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> text((std::istreambuf_iterator<char>(in)), {});
  if (!in && text.empty()) {
    std::fprintf(stderr, "fuzz_program: cannot read %s\n", path);
    std::exit(4);
  }
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: fuzz_program COUNT SEED FILE.etc...\n");
    return 2;
  }
  const long count = std::atol(argv[1]);
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  std::vector<Bytes> files;
  for (int i = 3; i < argc; ++i) files.push_back(read_file(argv[i]));
  long fates[kFates] = {};
  for (const Bytes& file : files)
    if (const Fate fate = try_file(file); count && fate != kRan && fate != kFailed) {  // inputs of ones may be no valid indices
      std::fprintf(stderr, "fuzz_program: an undamaged file does not load (%d)\n", fate);
      return 1;
    }
  double slowest = 0;
  for (long n = 0; n < count; ++n) {
    Bytes file = files[static_cast<size_t>(n) % files.size()];
    damage(file, random);
    std::ofstream("fuzz_program.last", std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    const auto start = std::chrono::steady_clock::now();
    ++fates[try_file(file)];
    slowest = std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (slowest > kMostSeconds) {
      std::fprintf(stderr, "fuzz_program: try %ld took %.1f s; the file is fuzz_program.last\n", n, slowest);
      return 1;
    }
  }
  std::remove("fuzz_program.last");
  std::printf(
      "%ld damaged files: %ld refused when opened, %ld when loaded, %ld want over 256 MiB, %ld failed in a run, %ld ran; slowest %.3f s\n",
      count, fates[kRefusedAtOpen], fates[kRefusedAtLoad], fates[kTooLarge], fates[kFailed], fates[kRan], slowest);
  return 0;
}
