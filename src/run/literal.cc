// Inputs written on the command line.
#include "literal.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "element.h"
#include "format.h"
#include "host/error.h"

namespace etc::run {
namespace {

using host::kUsage;
using host::UserError;

std::optional<DType> dtype_named(std::string_view name) {
  for (uint32_t t = 0; t < kDTypeCount; ++t)
    if (name == name_of(static_cast<DType>(t))) return static_cast<DType>(t);
  return std::nullopt;
}

template <class T>
bool parse_number(std::string_view text, T* value) {
  if constexpr (std::is_same_v<T, bool>) {
    *value = text == "1" || text == "true" || text == "True";
    return *value || text == "0" || text == "false" || text == "False";
  } else {
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return error == std::errc() && end == text.data() + text.size();
  }
}

// SplitMix64: the same seed gives the same input everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Floats in [-1, 1), integers 0 to 9, bools.
  template <class T>
  T draw() {
    if constexpr (std::is_same_v<T, bool>)
      return next() >> 63;
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(static_cast<double>(next() >> 40) / 8388608.0 - 1.0);
    else
      return static_cast<T>(next() % 10);
  }

 private:
  uint64_t state_;
};

uint64_t seed_of(std::string_view values, const std::string& place) {
  if (values == "random") return 0;
  uint64_t seed = 0;
  if (!parse_number(values.substr(7), &seed)) throw UserError(place + ": the seed in '" + std::string(values) + "' is no number", kUsage);
  return seed;
}

template <class T>
void put(std::vector<std::byte>* bytes, size_t i, ComputeType<T> value) {
  const T stored = static_cast<T>(value);
  std::memcpy(bytes->data() + i * sizeof(T), &stored, sizeof(T));
}

template <class T>
void parse_values(std::string_view values, host::Array* array, const std::string& place) {
  const size_t wanted = static_cast<size_t>(array->numel());
  size_t n = 0;
  while (!values.empty()) {
    const size_t comma = values.find(',');
    const std::string_view text = values.substr(0, comma);
    values = comma == values.npos ? std::string_view() : values.substr(comma + 1);
    ComputeType<T> value{};
    if (!parse_number(text, &value))
      throw UserError(place + ": '" + std::string(text.substr(0, 40)) + "' is no value of " + name_of(array->dtype), kUsage);
    if (n < wanted) put<T>(&array->bytes, n, value);
    ++n;
  }
  if (n != wanted)
    throw UserError(
        place + ": " + std::to_string(n) + " values for shape " + shape_text(array->sizes) + ", which takes " + std::to_string(wanted),
        kUsage);
}

}  // namespace

std::optional<Literal> parse_literal(std::string_view word) {
  Literal literal;
  if (!word.empty() && word[0] == '=') {
    literal.values = word.substr(1);
    if (!is_generator(literal.values))
      throw UserError("'" + std::string(word) + "': after a bare '=' comes zeros or random:SEED; values need a shape and dtype before",
                      kUsage);
    return literal;
  }
  std::string_view rest = word;
  const size_t equals = rest.find('=');
  std::string_view spec = rest.substr(0, equals);
  while (true) {
    const size_t x = spec.find('x');
    const std::string_view part = spec.substr(0, x);
    if (const auto dtype = dtype_named(spec)) {
      literal.dtype = dtype;
      break;
    }
    if (x == spec.npos || part.empty() || part.find_first_not_of("0123456789") != part.npos) return std::nullopt;
    int64_t size;
    if (!parse_number(part, &size)) throw UserError("'" + std::string(word.substr(0, 60)) + "': a size is too large", kUsage);
    literal.sizes.push_back(size);
    spec.remove_prefix(x + 1);
  }
  if (equals == rest.npos)
    throw UserError("'" + std::string(word) + "' has no values; write " + std::string(word) + "=1,2,… or =random:SEED or =zeros, or ./" +
                        std::string(word) + " for a file",
                    kUsage);
  if (literal.sizes.size() > kMaxRank) throw UserError("'" + std::string(word.substr(0, 60)) + "' has more than 16 dimensions", kUsage);
  literal.values = rest.substr(equals + 1);
  return literal;
}

bool is_generator(std::string_view values) { return values == "zeros" || values == "random" || values.substr(0, 7) == "random:"; }

host::Array make_array(std::string_view values, DType dtype, const std::vector<int64_t>& sizes, const std::string& place) {
  host::Array array{dtype, sizes, {}};
  int64_t bytes = size_in_bytes(dtype);
  bool empty = false;
  for (int64_t n : sizes) empty = empty || n == 0;
  for (int64_t n : sizes)
    if (!empty && !checked_multiply(bytes, n, &bytes)) throw UserError(place + ": shape " + shape_text(sizes) + " is too large", kUsage);
  array.bytes.resize(empty ? 0 : static_cast<size_t>(bytes));
  if (values == "zeros") return array;
  with_type(dtype, [&](auto t) {
    using T = decltype(t);
    if (!is_generator(values)) return parse_values<T>(values, &array, place);
    Random random(seed_of(values, place));
    for (size_t i = 0; i < static_cast<size_t>(array.numel()); ++i) put<T>(&array.bytes, i, random.draw<ComputeType<T>>());
  });
  return array;
}

}  // namespace etc::run
