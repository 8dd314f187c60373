// Probing of infer; see probe.h.
#include "ir/probe.h"

#include <algorithm>
#include <set>

#include "ir/error.h"
#include "ir/one_op.h"

namespace etc::compile {
namespace {

constexpr int kProbes = 12;
constexpr int64_t kSpread = 1000;  // tried above the lower bound when there is no upper one

using Symbols = std::map<std::string, SymbolRef>;

void collect(const Argument& a, Symbols& symbols) {
  auto add = [&](const SymbolRef& s) { symbols.emplace(s->name, s); };
  for_each_symbol(a, add);
  if (auto* v = std::get_if<Value*>(&a); v && *v) for_each_symbol((*v)->type, add);
  if (auto* list = std::get_if<Values>(&a))
    for (const Value* v : *list)
      if (v) for_each_symbol(v->type, add);
}

// Number `probe` for the symbol at `position` among all: ends for probes 1 and 2, else spread by different steps for each.
int64_t number_for(const Symbol& s, int probe, size_t position) {
  const int64_t lower = s.lower == kNoLower ? 0 : s.lower;
  const int64_t upper = s.upper == kNoUpper ? (lower > kNoUpper - kSpread ? lower : lower + kSpread) : s.upper;
  if (probe == 1) return upper;
  if (probe == 2) return lower;
  const auto width = static_cast<uint64_t>(upper - lower) + 1;
  constexpr uint64_t kSteps[] = {37, 53, 71, 97, 131, 173};
  const uint64_t at = probe == 0 ? width / 2 + position : (static_cast<uint64_t>(probe) * kSteps[position % 6] + position * 7 + width / 3);
  return lower + static_cast<int64_t>(at % width);
}

std::vector<Assignment> assignments(const Symbols& symbols) {
  if (symbols.empty()) return {Assignment()};
  std::vector<Assignment> all;
  for (int probe = 0; probe < kProbes; ++probe) {
    Assignment a;
    size_t position = 0;
    for (const auto& [name, s] : symbols) {
      if (s->is_real)
        a.reals[name] = 0.5 + probe;
      else
        a.integers[name] = number_for(*s, probe, position);
      ++position;
    }
    all.push_back(std::move(a));
  }
  return all;
}

bool is_possible(const TensorType& type, const Assignment& a) {
  for (const SymInt& s : type.sizes) {
    const std::optional<int64_t> n = s.evaluate(a);
    if (!n || *n < 0) return false;
  }
  return true;
}

bool is_possible(const std::vector<Argument>& args, const Assignment& a) {
  for (const Argument& arg : args) {
    if (auto* v = std::get_if<Value*>(&arg); v && *v && !is_possible((*v)->type, a)) return false;
    if (auto* list = std::get_if<Values>(&arg))
      for (const Value* v : *list)
        if (v && !is_possible(v->type, a)) return false;
  }
  return true;
}

// One size of a result, as seen in every probe.
class Match {
 public:
  Match(const std::vector<Assignment>& probes, std::vector<int64_t> seen) : probes_(probes), seen_(std::move(seen)) {}

  bool operator()(const SymInt& candidate) const {
    for (size_t i = 0; i < probes_.size(); ++i)
      if (candidate.evaluate(probes_[i]) != seen_[i]) return false;
    return true;
  }
  // (x * times + c) // by for a small `by`, with the one c that all probes allow.
  std::optional<SymInt> affine(const SymInt& x) const {
    for (int64_t times : {1, 2, 3, 4, 8}) {
      for (int64_t by = 1; by <= 16; ++by) {
        int64_t least = INT64_MIN / 4, most = INT64_MAX / 4;
        for (size_t i = 0; i < probes_.size(); ++i) {
          const std::optional<int64_t> n = x.evaluate(probes_[i]);
          if (!n || std::abs(*n) > (int64_t{1} << 40) || std::abs(seen_[i]) > (int64_t{1} << 40)) return std::nullopt;
          least = std::max(least, seen_[i] * by - *n * times);
          most = std::min(most, seen_[i] * by + by - 1 - *n * times);
        }
        if (least == most || (least < most && by > 1)) return floor_div(x * times + least, by);
      }
    }
    return std::nullopt;
  }

 private:
  const std::vector<Assignment>& probes_;
  std::vector<int64_t> seen_;
};

// What a size of a result may be, the likeliest first.
Sizes candidates_of(const std::vector<Argument>& args, const Sizes& hints) {
  Sizes candidates = hints;
  for (const Argument& a : args) {
    if (auto* v = std::get_if<Value*>(&a); v && *v) {
      candidates.insert(candidates.end(), (*v)->type.sizes.begin(), (*v)->type.sizes.end());
    } else if (is_int(a)) {
      candidates.push_back(sym_of(a));
    } else if (is_ints(a)) {
      const Sizes list = syms_of(a);
      candidates.insert(candidates.end(), list.begin(), list.end());
    } else if (auto* list = std::get_if<Values>(&a); list && !list->empty() && list->front()) {
      for (size_t d = 0; d < list->front()->type.sizes.size(); ++d) {
        SymInt sum = 0;
        for (const Value* v : *list)
          if (v && d < v->type.sizes.size()) sum += v->type.sizes[d];
        candidates.push_back(std::move(sum));
        candidates.push_back(list->front()->type.sizes[d]);
      }
    }
  }
  return candidates;
}

SymInt find_size(const Match& match, const Sizes& candidates, int64_t first, const char* op) {
  if (match(SymInt(first))) return first;
  for (const SymInt& c : candidates)
    if (match(c)) return c;
  for (const SymInt& c : candidates)
    if (const std::optional<SymInt> fit = match.affine(c)) return *fit;
  for (const SymInt& a : candidates)
    for (const SymInt& b : candidates)
      for (const SymInt& c : {a + b, a * b, a - b})
        if (match(c)) return c;
  throw CompileError(std::string(op) + " gives a size that etc cannot express by the sizes of its arguments; give them fixed sizes at export");
}

}  // namespace

std::vector<Assignment> probes_of(const std::vector<Argument>& args, const std::vector<TensorType>& results) {
  Symbols symbols;
  for (const Argument& a : args) collect(a, symbols);
  for (const TensorType& t : results) for_each_symbol(t, [&](const SymbolRef& s) { symbols.emplace(s->name, s); });
  std::vector<Assignment> probes = assignments(symbols);
  std::erase_if(probes, [&](const Assignment& a) {
    return !is_possible(args, a) || !std::all_of(results.begin(), results.end(), [&](const TensorType& t) { return is_possible(t, a); });
  });
  if (probes.empty()) throw CompileError("no sizes within the ranges of the dimensions fit; the ranges contradict the program");
  return probes;
}

std::vector<Assignment> probes_of(const Sizes& numbers) {
  Symbols symbols;
  for (const SymInt& n : numbers)
    if (!n.is_fixed()) for_each_symbol(n.node(), [&](const SymbolRef& s) { symbols.emplace(s->name, s); });
  return assignments(symbols);
}

bool seem_equal(const SymInt& a, const SymInt& b) {
  if (a == b) return true;
  if (a.is_fixed() && b.is_fixed()) return false;
  bool tried = false;
  for (const Assignment& p : probes_of(Sizes{a, b})) {
    const std::optional<int64_t> x = a.evaluate(p), y = b.evaluate(p);
    if (x && y && *x < 0 && *y < 0) continue;
    if (x != y) return false;
    tried = true;
  }
  return tried;
}

Error infer_symbolic(const Op& op, const std::vector<Argument>& args, const Sizes& hints, std::vector<TensorType>* results) {
  Symbols symbols;
  for (const Argument& a : args) collect(a, symbols);
  if (symbols.empty()) return OneOp(op, args).infer(results);
  std::vector<Assignment> probes, tried = probes_of(args);
  std::vector<std::vector<TensorType>> seen;
  Error refused = Error::Ok;
  for (Assignment& p : tried) {
    std::vector<TensorType> types;
    const Error e = OneOp(op, args, &p).infer(&types);
    if (e != Error::Ok) {  // sizes that do not fit each other, in an expression whose symbols depend on each other
      refused = e;
      continue;
    }
    probes.push_back(std::move(p));
    seen.push_back(std::move(types));
  }
  if (seen.size() < std::min<size_t>(tried.size(), 3)) return refused;
  const Sizes candidates = candidates_of(args, hints);
  results->clear();
  for (size_t r = 0; r < seen[0].size(); ++r) {
    Sizes sizes;
    for (size_t d = 0; d < seen[0][r].sizes.size(); ++d) {
      std::vector<int64_t> numbers;
      for (const std::vector<TensorType>& types : seen) {
        if (types[r].sizes.size() != seen[0][r].sizes.size()) throw CompileError(std::string(op.schema) + ": the rank of the result depends on sizes");
        numbers.push_back(types[r].sizes[d]);
      }
      const int64_t first = numbers[0];
      sizes.push_back(find_size(Match(probes, std::move(numbers)), candidates, first, op.schema));
    }
    results->emplace_back(seen[0][r].dtype, std::move(sizes));
  }
  return Error::Ok;
}

uint64_t most_scratch_bytes(const Op& op, const std::vector<Argument>& args, const std::vector<TensorType>& results) {
  if (!op.scratch_bytes) return 0;
  uint64_t most = 0;
  for (const Assignment& symbols : probes_of(args, results)) {
    OneOp one(op, args, &symbols);
    one.set_results(results);
    most = std::max(most, one.scratch_bytes());
  }
  return most;
}

}  // namespace etc::compile
