// Elements of every dtype as text.
#include "ir/element_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "ops/number.h"

namespace etc::compile {
namespace {

// Calls f(T{}) with the C++ type of the dtype.
template <class F>
auto with_type(DType dtype, F f) {
  switch (dtype) {
    case DType::Bool: return f(bool{});
    case DType::U8: return f(uint8_t{});
    case DType::I8: return f(int8_t{});
    case DType::I16: return f(int16_t{});
    case DType::I32: return f(int32_t{});
    case DType::I64: return f(int64_t{});
    case DType::F16: return f(Half{});
    case DType::BF16: return f(BFloat16{});
    case DType::F32: return f(float{});
    case DType::F64: return f(double{});
    case DType::F8E4M3FN: return f(Float8E4M3FN{});
    case DType::F8E5M2: return f(Float8E5M2{});
    case DType::U16: return f(uint16_t{});
    case DType::U32: return f(uint32_t{});
    case DType::U64: break;
  }
  return f(uint64_t{});
}

uint64_t bits_of_element(const std::byte* element, uint32_t width) {
  uint64_t bits = 0;
  std::memcpy(&bits, element, width);
  return bits;
}

template <class T>
std::string number_text(T n, int base = 10) {
  char buffer[40];
  if constexpr (std::is_floating_point_v<T>)
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, n).ptr);
  else
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, n, base).ptr);
}

template <class T>
bool read_number(std::string_view text, T* n) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *n);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string element_text(DType dtype, const std::byte* element) {
  return with_type(dtype, [&](auto example) -> std::string {
    using T = decltype(example);
    if constexpr (std::is_same_v<T, bool>) {
      return std::to_integer<int>(*element) ? "true" : "false";
    } else {
      T x;
      std::memcpy(&x, element, sizeof x);
      if constexpr (std::is_integral_v<T>) {
        return number_text(x);
      } else {
        const ComputeType<T> number = load(&x);
        if (!std::isnan(number)) return number_text(number);
        T usual;
        store(&usual, std::numeric_limits<ComputeType<T>>::quiet_NaN());
        if (std::memcmp(&usual, &x, sizeof x) == 0) return "nan";
        return "0x" + number_text(bits_of_element(element, sizeof x), 16);
      }
    }
  });
}

bool parse_element(DType dtype, std::string_view text, std::byte* element) {
  return with_type(dtype, [&](auto example) {
    using T = decltype(example);
    if constexpr (std::is_same_v<T, bool>) {
      *element = std::byte{text == "true"};
      return text == "true" || text == "false";
    } else if constexpr (std::is_integral_v<T>) {
      T x;
      if (!read_number(text, &x)) return false;
      std::memcpy(element, &x, sizeof x);
      return true;
    } else {
      if (text.substr(0, 2) == "0x") {
        uint64_t bits = 0;
        const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), bits, 16);
        if (error != std::errc() || end != text.data() + text.size() || (sizeof(T) < 8 && bits >> (8 * sizeof(T) % 64))) return false;
        std::memcpy(element, &bits, sizeof(T));
        return true;
      }
      ComputeType<T> number;
      if (!read_number(text, &number)) return false;
      T x;
      store(&x, number);
      std::memcpy(element, &x, sizeof x);
      return true;
    }
  });
}

}  // namespace etc::compile
