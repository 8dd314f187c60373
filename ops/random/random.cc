// etc::random – draws random numbers: floats are uniform in [0, 1), integers over all that they can be. `state` is {key, counter}; the new
// one has moved on by the blocks that this draw took, so who draws next from it gets other numbers.
#include "ops/parallel.h"
#include "ops/pointwise.h"
#include "ops/random/philox.h"

namespace etc {
namespace {

enum : uint32_t { kState, kSize, kDType, kNext, kValues };

Error infer(InferContext& ctx) noexcept {
  const Meta state = ctx.meta(kState);
  if (state.dtype != DType::I64) return Error::BadArgument;
  if (state.rank != 1 || state.sizes[0] != 2) return Error::BadShape;
  const int64_t dtype = ctx.integer(kDType);
  if (dtype < 0 || dtype >= static_cast<int64_t>(kDTypeCount)) return Error::BadArgument;
  if (!is_computing_float(static_cast<DType>(dtype)) && static_cast<DType>(dtype) != DType::I64) return Error::BadArgument;
  const Ints sizes = ctx.ints(kSize);
  if (sizes.size > kMaxRank) return Error::BadShape;
  Meta values;
  values.dtype = static_cast<DType>(dtype);
  values.rank = static_cast<uint8_t>(sizes.size);
  int64_t count = 1;
  for (uint32_t d = 0; d < sizes.size; ++d) {
    values.sizes[d] = sizes[d];
    if (sizes[d] < 0 || !checked_multiply(count, sizes[d], &count)) return Error::BadShape;
  }
  ETC_TRY(ctx.set_result(0, state));
  return ctx.set_result(1, values);
}

// A number has as many random bits as its significand has room for: more could round up to 1. It takes a word of its block; a double and
// an integer take two.
template <class T>
constexpr int kDigits = 24;
template <>
constexpr int kDigits<Half> = 11;
template <>
constexpr int kDigits<BFloat16> = 8;

template <class T>
constexpr int64_t kWords = sizeof(T) == 8 ? 2 : 1;

uint64_t two_words(const uint32_t* words) { return words[0] | uint64_t{words[1]} << 32; }
void draw(const uint32_t* words, int64_t* out) { *out = static_cast<int64_t>(two_words(words)); }
void draw(const uint32_t* words, double* out) { *out = static_cast<double>(two_words(words) >> 11) * 0x1p-53; }
template <class T>
void draw(const uint32_t* words, T* out) {
  store(out, static_cast<float>(words[0] >> (32 - kDigits<T>)) * (1.0f / static_cast<float>(1u << kDigits<T>)));
}

template <class T>
struct Random {
  static constexpr int64_t kBlock = 4 / kWords<T>;

  static Error run(OpContext ctx) noexcept {
    const Tensor& values = ctx.tensor(kValues);
    const int64_t* state = ctx.tensor(kState).as<int64_t>();
    const auto key = static_cast<uint64_t>(state[0]), counter = static_cast<uint64_t>(state[1]);
    const int64_t n = values.numel(), blocks = n / kBlock + (n % kBlock != 0);
    const Pieces pieces(blocks, 1024, 256);
    parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
      for (int64_t block = pieces.begin(piece); block < pieces.end(piece); ++block) {
        const uint64_t at = counter + static_cast<uint64_t>(block);
        const PhiloxBlock bits = philox({{static_cast<uint32_t>(at), static_cast<uint32_t>(at >> 32), 0, 0}},
                                        {{static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)}});
        const int64_t first = block * kBlock, count = n - first < kBlock ? n - first : kBlock;
        for (int64_t i = 0; i < count; ++i) draw(bits.words + i * kWords<T>, values.as<T>() + first + i);
      }
    });
    int64_t* next = ctx.tensor(kNext).as<int64_t>();  // may lie where `state` lies
    next[0] = static_cast<int64_t>(key);
    next[1] = static_cast<int64_t>(counter + static_cast<uint64_t>(blocks));
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept {
  if (!are_contiguous(ctx, kState, 1) || !are_contiguous(ctx, kNext, 2)) return nullptr;
  return kernel_for<Random>(ctx.tensor(kValues).dtype, Types<float, double, Half, BFloat16, int64_t>{});
}

}  // namespace

ETC_OP(random, "etc::random(Tensor state, SymInt[] size, *, ScalarType dtype) -> (Tensor state, Tensor values)", infer, select,
       {Promotion::None, 1});
}  // namespace etc
