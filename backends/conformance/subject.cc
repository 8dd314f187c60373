// Methods under test; see subject.h.
#include "subject.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>

namespace etc::conformance {
namespace {

constexpr size_t kGuard = 256;
constexpr std::byte kPattern{0xa5};

Guarded copy_of(const std::vector<std::byte>& bytes) {
  Guarded copy(bytes.size());
  std::memcpy(copy.span().data, bytes.data(), bytes.size());
  return copy;
}

const DelegateTable* real = nullptr;
Proxy* between = nullptr;

}  // namespace

void Guarded::Free::operator()(std::byte* p) const { std::free(p); }

Guarded::Guarded(size_t size) : size_(size) {
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, (size + kGuard + kAlignment - 1) / kAlignment * kAlignment)));
  if (!data_) throw std::bad_alloc();
  std::memset(data_.get(), 0, size);
  std::memset(data_.get() + size, static_cast<int>(kPattern), kGuard);
}

bool Guarded::is_intact() const {
  for (size_t i = 0; i < kGuard; ++i)
    if (data_[size_ + i] != kPattern) return false;
  return true;
}

Run::Run(const std::vector<std::byte>& file, const DelegateTable* table, Hooks hooks) : file_(copy_of(file)) {
  const Result<Program> opened = Program::open({file_.span().data, file_.span().size});
  error = opened.error();
  if (error != Error::Ok) return;
  program = opened.value();
  const OpTable* ops[] = {&builtin_ops()};
  const DelegateTable* delegates[] = {table};
  const Span<const DelegateTable* const> tables{delegates, table ? 1u : 0u};
  const Result<Needs> needs = program.needs(0, ops, tables);
  error = needs.error();
  if (error != Error::Ok) return;
  constexpr uint64_t kMost = uint64_t{1} << 32;  // a damaged program may ask for more than there is
  if (needs.value().arena > kMost || program.state_bytes() > kMost) {
    error = Error::OutOfMemory;
    return;
  }
  const auto take = [&](uint64_t bytes) {
    memory_.emplace_back(static_cast<size_t>(bytes));
    return memory_.back().span();
  };
  Memory memory;
  memory.arena = take(needs.value().arena);
  memory.state = take(program.state_bytes());
  memory.worker_scratch = take(needs.value().worker_scratch * hooks.workers);
  std::vector<Span<std::byte>> pools;
  for (uint32_t p = 0; p < program.pool_count(); ++p) pools.push_back(take(program.pool_bytes(0, p)));
  memory.pools = {pools.data(), pools.size()};
  program.init_state(memory.state);
  const Result<Method*> loaded = Method::load(program, 0, ops, tables, memory, hooks, &fault);
  error = loaded.error();
  method = loaded.ok() ? loaded.value() : nullptr;
}

Run::~Run() {
  if (method) method->unload();
}

void Run::fill_inputs(uint32_t seed) {
  std::mt19937 random(seed);
  for (uint32_t i = 0; i < method->input_count(); ++i) {
    const Tensor& t = method->input(i);
    for (int64_t k = 0; k < t.numel(); ++k) {
      const uint32_t r = random();
      if (t.dtype == DType::F32)
        t.as<float>()[k] = static_cast<float>(r % 2001) / 1000.0f - 1.0f;
      else if (t.dtype == DType::I64)
        t.as<int64_t>()[k] = r % 2;
      else
        std::memset(static_cast<std::byte*>(t.data) + k * size_in_bytes(t.dtype), 0, size_in_bytes(t.dtype));
    }
  }
}

Error Run::execute(uint32_t seed, Fault* at) {
  fill_inputs(seed);
  return method->execute(at);
}

Outputs Run::outputs() const {
  Outputs all;
  for (uint32_t i = 0; i < method->output_count(); ++i) {
    const Tensor& t = method->output(i);
    const auto* bytes = static_cast<const std::byte*>(t.data);
    all.emplace_back(bytes, bytes + t.numel() * size_in_bytes(t.dtype));
  }
  return all;
}

bool Run::is_intact() const {
  bool intact = file_.is_intact();
  for (const Guarded& g : memory_) intact = intact && g.is_intact();
  return intact;
}

std::string difference(const Run& of, const Outputs& a, const Outputs& b, const Subject& subject) {
  if (a.size() != b.size()) return "another number of outputs";
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return "output " + std::to_string(i) + " has another size";
    const bool is_f32 = of.method->output(static_cast<uint32_t>(i)).dtype == DType::F32;
    if (!is_f32 && a[i] != b[i]) return "output " + std::to_string(i) + " differs";
    for (size_t k = 0; is_f32 && k < a[i].size() / sizeof(float); ++k) {
      float x, y;
      std::memcpy(&x, a[i].data() + k * sizeof x, sizeof x);
      std::memcpy(&y, b[i].data() + k * sizeof y, sizeof y);
      if (!(std::abs(x - y) <= subject.atol + subject.rtol * std::abs(y)))
        return "output " + std::to_string(i) + "[" + std::to_string(k) + "] is " + std::to_string(x) + ", not " + std::to_string(y);
    }
  }
  return "";
}

DelegateStatus run_to_end(const DelegateTable& table, DelegateContext ctx) {
  if (table.execute) return table.execute(ctx);
  const DelegateStatus started = table.start(ctx);
  return started.error == Error::Ok ? table.finish(ctx) : started;
}

const DelegateTable* proxy_for(const DelegateTable* table, Proxy* proxy) {
  static DelegateTable made;
  real = table;
  between = proxy;
  made = *table;
  made.start = made.finish = nullptr;
  made.init = [](DelegateContext ctx) noexcept {
    const DelegateStatus s = between->init ? between->init(ctx) : real->init(ctx);
    between->inits += s.error == Error::Ok;
    return s;
  };
  made.execute = [](DelegateContext ctx) noexcept { return between->execute ? between->execute(ctx) : run_to_end(*real, ctx); };
  made.destroy = [](DelegateContext ctx) noexcept {
    ++between->destroys;
    if (real->destroy) real->destroy(ctx);
  };
  return &made;
}

}  // namespace etc::conformance
