// Random numbers and what is made from them. All come from Builder::draw: uniform floats in [0, 1), and integers over all 64 bits. The
// distributions are PyTorch's, the numbers are not.
#include <cmath>
#include <numbers>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

Term uniform(Builder& b, DType dtype, const Sizes& sizes) { return term(b, b.draw(dtype, sizes)); }

// Box and Muller: a random radius and a random angle make a normal number. 1 - u is exact, and never 0.
Term normal(Builder& b, DType dtype, const Sizes& sizes) {
  Sizes pairs = sizes;
  pairs.insert(pairs.begin(), 2);
  const Term u = uniform(b, opmath(dtype), pairs);
  const Term radius = sqrt(log(Term(1) - select(u, 0, 0)) * -2.0);
  return radius * apply("aten::cos", {select(u, 0, 1) * (2 * std::numbers::pi)});
}

// With mean 1. Never 0, where one would divide by it: u = 0 stands for half a step of u.
Term exponential(Builder& b, DType dtype, const Sizes& sizes) {
  const DType t = opmath(dtype);
  return maximum(-log(Term(1) - uniform(b, t, sizes)), t == DType::F64 ? 0x1p-54 : 0x1p-25);
}

double probability(const Call& c, size_t i) {
  const double p = c.real(i);
  if (!(p >= 0 && p <= 1)) throw CompileError("a probability of " + to_string(c.args[i]) + " is not in [0, 1]");
  return p;
}
// True with a probability that is a number or a tensor.
Term happens(Builder& b, const Sizes& sizes, double p) { return lt(uniform(b, DType::F32, sizes), p); }
Term happens(Builder& b, const Sizes& sizes, const Term& p) { return lt(uniform(b, opmath(p->type.dtype), sizes), widen(p)); }

// Integers in [low, high).
Term integers(Builder& b, const Sizes& sizes, const SymInt& low, const SymInt& high) {
  if (provably_less_equal(high, low)) throw CompileError("no integer is in [" + to_string(low) + ", " + to_string(high) + ")");
  const Term in_range = apply("aten::remainder.Scalar", {term(b, b.draw(DType::I64, sizes)), Term(high - low)});
  return low == 0 ? in_range : in_range + Term(low);
}

// What the result is: sizes, and the dtype that the call asks for.
TensorType by_size(const Call& c, size_t sizes, size_t dtype, DType otherwise) {
  return TensorType(dtype_of(c, dtype, otherwise), c.syms(sizes));
}
TensorType like(const Call& c, size_t dtype) {
  const TensorType& type = c.tensor(0)->type;
  return TensorType(c.dtype_or(dtype, type.dtype), type.sizes);
}
const TensorType& self(const Call& c) { return c.tensor(0)->type; }

Results uniform_in(Builder& b, const Call& c) {                    // self, from, to
  const Term u = widen(uniform(b, self(c).dtype, self(c).sizes));  // of its dtype's digits, or it could become `to`
  return {cast(u * (c.real(2) - c.real(1)) + c.real(1), self(c).dtype)};
}

Results normal_with(Builder& b, const TensorType& type, const Term& mean, const Term& deviation) {
  return {cast(normal(b, type.dtype, type.sizes) * deviation + mean, type.dtype)};
}
Results normal_of(Builder& b, const TensorType& type) { return {cast(normal(b, type.dtype, type.sizes), type.dtype)}; }
Results normal_tensors(Builder& b, const Call& c) {
  const Term mean = term(b, c, 0), deviation = term(b, c, 1);
  return normal_with(b, TensorType(mean->type.dtype, broadcast(mean->type.sizes, deviation->type.sizes)), widen(mean), widen(deviation));
}
Results log_normal(Builder& b, const Call& c) {
  return {cast(exp(normal(b, self(c).dtype, self(c).sizes) * c.real(2) + c.real(1)), self(c).dtype)};
}
Results exponential_of(Builder& b, const Call& c) {
  return {cast(exponential(b, self(c).dtype, self(c).sizes) / c.real(1), self(c).dtype)};
}
Results cauchy(Builder& b, const Call& c) {  // self, median, sigma
  const Term angle = (uniform(b, opmath(self(c).dtype), self(c).sizes) - 0.5) * std::numbers::pi;
  return {cast(apply("aten::tan", {angle}) * c.real(2) + c.real(1), self(c).dtype)};
}
// The first success: how many times an exponential time outlasts one trial's.
Results geometric(Builder& b, const Call& c) {
  const double p = probability(c, 1);
  if (p == 0 || p == 1) throw CompileError("a geometric distribution of probability " + to_string(c.args[1]));
  return {cast(apply("aten::ceil", {exponential(b, self(c).dtype, self(c).sizes) / -std::log1p(-p)}), self(c).dtype)};
}

Results integers_of(Builder& b, const TensorType& type, const SymInt& low, const SymInt& high) {
  return {cast(integers(b, type.sizes, low, high), type.dtype)};
}
// The largest number that random_ gives: the largest integer, or the last of those that a float counts one by one.
int64_t last_random(DType dtype) {
  switch (dtype) {
    case DType::Bool: return 1;
    case DType::U8: return UINT8_MAX;
    case DType::I8: return INT8_MAX;
    case DType::I16: return INT16_MAX;
    case DType::I32: return INT32_MAX;
    case DType::F16: return 1 << 11;
    case DType::BF16: return 1 << 8;
    case DType::F32: return 1 << 24;
    case DType::F64: return int64_t{1} << 53;
    default: return INT64_MAX - 1;  // what is below has to have an end
  }
}
Results random_from(Builder& b, const Call& c) {  // self, from, to
  if (c.has(2)) return integers_of(b, self(c), c.integer(1), c.integer(2));
  int64_t end = last_random(self(c).dtype) + 1;
  if (c.integer(1) < 0 && end == INT64_MAX) end += c.integer(1);  // as many as there are numbers for
  return integers_of(b, self(c), c.integer(1), end);
}

Results permutation(Builder& b, const Call& c) {  // n, dtype
  return {b.cast(b.op("aten::argsort", {b.draw(DType::I64, {c.sym(0)})}), dtype_of(c, 1, DType::I64))};
}

// Categories by their weights, in the last dimension.
Results multinomial(Builder& b, const Call& c) {  // self, num_samples, replacement
  const Term weights = widen(term(b, c, 0));
  const SymInt count = c.sym(1);
  if (!c.boolean(2)) {
    // A race: who has the larger weight is likely to have the smaller time, and the first ones win.
    const Term pace = weights / exponential(b, weights->type.dtype, weights->type.sizes);
    return {b.call("aten::topk", {pace.value(), count, int64_t{-1}})[1]};
  }
  const Term sums = apply("aten::cumsum", {weights}, {int64_t{-1}});
  const SymInt categories = size_of(sums, -1);
  Sizes sizes = sums->type.sizes;
  sizes.back() = count;
  const Term at = uniform(b, sums->type.dtype, sizes) * slice(sums, -1, categories - 1, categories);
  return {b.op("aten::searchsorted.Tensor", {sums.value(), at.value(), false, true})};
}

// --- dropout ---

struct Dropout {
  bool features;  // whole channels
  bool alpha;     // what is dropped becomes what keeps mean and variance of a SELU's results
};
template <Dropout kind>
Results dropout(Builder& b, const Call& c) {  // input, p, train
  const double p = probability(c, 1);
  const Term x = term(b, c, 0);
  if (!c.boolean(2) || p == 0) return {x};
  if (p == 1) return {x * 0.0};
  Sizes sizes = x->type.sizes;
  if (kind.features && sizes.size() < 2) throw CompileError("drops features of a tensor that has no dimension for them");
  if (kind.features) std::fill(sizes.begin() + 2, sizes.end(), 1);
  const Term kept = cast(happens(b, sizes, 1 - p), x->type.dtype);
  if (!kind.alpha) return {x * (kept / (1 - p))};
  constexpr double kAlpha = 1.7580993408473766;  // as PyTorch has it
  const double scale = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  return {x * (kept * scale) + ((kept - 1) * (kAlpha * scale) + kAlpha * scale * p)};
}
Results native_dropout(Builder& b, const Call& c) {  // input, p, train
  const double p = probability(c, 1);
  const Term x = term(b, c, 0);
  if (c.has(2) && !c.boolean(2)) return {x, full(b, DType::Bool, x->type.sizes, true)};
  const Term kept = happens(b, x->type.sizes, 1 - p);
  return {x * cast(kept, x->type.dtype) * (p == 1 ? 0 : 1 / (1 - p)), kept};
}

#define ETC_LIKE ", *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None"
}  // namespace

std::vector<Decomposition> random_decompositions() {
  return {
      {"aten::rand(SymInt[] size" ETC_LIKE ") -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         const TensorType type = by_size(c, 0, 1, DType::F32);
         return {b.draw(type.dtype, type.sizes)};
       }},
      {"aten::rand_like(Tensor self" ETC_LIKE ", MemoryFormat? memory_format=None) -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         const TensorType type = like(c, 1);
         return {b.draw(type.dtype, type.sizes)};
       }},
      {"aten::uniform(Tensor self, float from=0., float to=1., *, Generator? generator=None) -> Tensor", uniform_in},

      {"aten::randn(SymInt[] size" ETC_LIKE ") -> Tensor",
       [](Builder& b, const Call& c) { return normal_of(b, by_size(c, 0, 1, DType::F32)); }},
      {"aten::randn_like(Tensor self" ETC_LIKE ", MemoryFormat? memory_format=None) -> Tensor",
       [](Builder& b, const Call& c) { return normal_of(b, like(c, 1)); }},
      {"aten::normal_functional(Tensor self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) { return normal_with(b, self(c), c.real(1), c.real(2)); }},
      {"aten::normal.Tensor_float(Tensor mean, float std=1., *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) { return normal_with(b, self(c), widen(term(b, c, 0)), c.real(1)); }},
      {"aten::normal.float_Tensor(float mean, Tensor std, *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) { return normal_with(b, c.tensor(1)->type, c.real(0), widen(term(b, c, 1))); }},
      {"aten::normal.Tensor_Tensor(Tensor mean, Tensor std, *, Generator? generator=None) -> Tensor", normal_tensors},
      {"aten::normal.float_float(float mean, float std, SymInt[] size, *, Generator? generator=None, ScalarType? dtype=None, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       [](Builder& b, const Call& c) { return normal_with(b, by_size(c, 2, 4, DType::F32), c.real(0), c.real(1)); }},
      {"aten::log_normal(Tensor self, float mean=1., float std=2., *, Generator? generator=None) -> Tensor", log_normal},
      {"aten::exponential(Tensor self, float lambd=1., *, Generator? generator=None) -> Tensor", exponential_of},
      {"aten::cauchy(Tensor self, float median=0., float sigma=1., *, Generator? generator=None) -> Tensor", cauchy},
      {"aten::geometric(Tensor self, float p, *, Generator? generator=None) -> Tensor", geometric},

      {"aten::randint(SymInt high, SymInt[] size, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       [](Builder& b, const Call& c) { return integers_of(b, by_size(c, 1, 2, DType::I64), 0, c.sym(0)); }},
      {"aten::randint.low(SymInt low, SymInt high, SymInt[] size, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, "
       "bool? pin_memory=None) -> Tensor",
       [](Builder& b, const Call& c) { return integers_of(b, by_size(c, 2, 3, DType::I64), c.sym(0), c.sym(1)); }},
      {"aten::randint_like(Tensor self, SymInt high" ETC_LIKE ", MemoryFormat? memory_format=None) -> Tensor",
       [](Builder& b, const Call& c) { return integers_of(b, like(c, 2), 0, c.sym(1)); }},
      {"aten::randint_like.low_dtype(Tensor self, SymInt low, SymInt high" ETC_LIKE ", MemoryFormat? memory_format=None) -> Tensor",
       [](Builder& b, const Call& c) { return integers_of(b, like(c, 3), c.sym(1), c.sym(2)); }},
      {"aten::random.from(Tensor self, int from, int? to, *, Generator? generator=None) -> Tensor", random_from},
      {"aten::random.to(Tensor self, int to, *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) { return integers_of(b, self(c), 0, c.integer(1)); }},
      {"aten::random(Tensor self, *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) { return integers_of(b, self(c), 0, last_random(self(c).dtype) + 1); }},
      {"aten::randperm(SymInt n, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       permutation},

      {"aten::bernoulli(Tensor self, *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {cast(happens(b, self(c).sizes, term(b, c, 0)), self(c).dtype)}; }},
      {"aten::bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {cast(happens(b, self(c).sizes, probability(c, 1)), self(c).dtype)}; }},
      // bernoulli_.float, which has a default that bernoulli.p has not.
      {"etc::bernoulli(Tensor self, float p=0.5, *, Generator? generator=None) -> Tensor", same_as<"aten::bernoulli.p">},
      {"aten::bernoulli.Tensor(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {cast(happens(b, self(c).sizes, term(b, c, 1)), self(c).dtype)}; }},
      {"aten::multinomial(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor", multinomial},

      {"aten::dropout(Tensor input, float p, bool train) -> Tensor", dropout<Dropout{false, false}>},
      {"aten::feature_dropout(Tensor input, float p, bool train) -> Tensor", dropout<Dropout{true, false}>},
      {"aten::alpha_dropout(Tensor input, float p, bool train) -> Tensor", dropout<Dropout{false, true}>},
      {"aten::feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor", dropout<Dropout{true, true}>},
      {"aten::native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)", native_dropout},
  };
}

#undef ETC_LIKE
}  // namespace etc::compile
