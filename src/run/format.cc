// Tensors and reports as text.
#include "format.h"

#include <charconv>
#include <cmath>

#include "element.h"

namespace etc::run {
namespace {

constexpr int64_t kSummaryThreshold = 1000, kEdge = 3;

template <class T>
std::string number_text(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) return "nan";
      if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    }
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
    return error == std::errc() ? std::string(text, end) : "?";
  }
}

// Prints dimension `d` of the array, whose part starts at element `first`. Columns are as wide as the widest shown text.
class ValuePrinter {
 public:
  explicit ValuePrinter(const host::Array& array) : array_(array), summary_(array.numel() > kSummaryThreshold) {
    print(0, 0);  // measures
    text_.clear();
    printing_ = true;
    print(0, 0);
  }
  std::string take() { return std::move(text_); }

 private:
  void print(size_t d, int64_t first) {
    if (d == array_.sizes.size()) {
      const std::string text = element_text(array_, static_cast<size_t>(first));
      width_ = std::max(width_, text.size());
      if (printing_) text_ += (d ? std::string(width_ - text.size(), ' ') : "") + text;
      return;
    }
    int64_t stride = 1;
    for (size_t e = d + 1; e < array_.sizes.size(); ++e) stride *= array_.sizes[e];
    const int64_t n = array_.sizes[d];
    const bool last = d + 1 == array_.sizes.size(), cut = summary_ && n > 2 * kEdge;
    text_ += '[';
    size_t in_line = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (i > 0) separate(d, last, &in_line);
      if (cut && i == kEdge) {
        text_ += "...";
        i = n - kEdge - 1;
        continue;
      }
      print(d + 1, first + i * stride);
    }
    text_ += ']';
  }
  void separate(size_t d, bool last, size_t* in_line) {
    text_ += ',';
    const bool full = last && (*in_line += width_ + 2) + width_ > 100;
    if (!last || full) {
      text_ += '\n' + std::string(d + 1, ' ');
      *in_line = 0;
    } else {
      text_ += ' ';
    }
  }

  const host::Array& array_;
  const bool summary_;
  bool printing_ = false;
  size_t width_ = 0;
  std::string text_;
};

}  // namespace

std::string element_text(const host::Array& array, size_t i) {
  return with_type(array.dtype, [&](auto t) { return number_text(element<decltype(t)>(array.bytes.data(), i)); });
}

std::string shape_text(const std::vector<int64_t>& sizes) {
  std::string text = "[";
  for (size_t d = 0; d < sizes.size(); ++d) text += (d ? ", " : "") + std::to_string(sizes[d]);
  return text + "]";
}

std::string type_text(DType dtype, const std::vector<int64_t>& sizes) {
  std::string text;
  for (int64_t n : sizes) text += std::to_string(n) + "x";
  return text + name_of(dtype);
}

std::string values_text(const host::Array& array) {
  if (array.numel() == 0) return "[]";
  return ValuePrinter(array).take();
}

std::string json_number(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  return number_text(value);
}

std::string json_values(const host::Array& array) {
  std::string text = "[";
  with_type(array.dtype, [&](auto t) {
    for (int64_t i = 0; i < array.numel(); ++i) {
      const auto value = element<decltype(t)>(array.bytes.data(), static_cast<size_t>(i));
      if (i) text += ',';
      if constexpr (std::is_floating_point_v<decltype(value)>)
        text += std::isfinite(value) ? number_text(value) : json_number(static_cast<double>(value));
      else
        text += number_text(value);
    }
  });
  return text + "]";
}

std::string json_sizes(const std::vector<int64_t>& sizes) {
  std::string text = "[";
  for (size_t d = 0; d < sizes.size(); ++d) text += (d ? "," : "") + std::to_string(sizes[d]);
  return text + "]";
}

}  // namespace etc::run
