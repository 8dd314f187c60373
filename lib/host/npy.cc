// NumPy's array format: a magic, a header that is a Python dictionary in text, and the elements.
//
//   \x93NUMPY  major minor  length (2 bytes, from version 2 on 4)  {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }…\n  elements
#include "host/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "host/error.h"

namespace etc::host {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeader = 1 << 16;

struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<int64_t> sizes;
};

// Reads the dictionary: strings, True and False, tuples of integers, and nothing else.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  std::optional<Header> parse() {
    Header header;
    int seen = 0;
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      const auto key = string();
      if (!key || !take(':')) return std::nullopt;
      if (*key == "descr") {
        if (peek() == '[') throw "has a structured dtype";
        const auto value = string();
        if (!value) return std::nullopt;
        header.descr = *value;
        seen |= 1;
      } else if (*key == "fortran_order") {
        header.fortran_order = word("True");
        if (!header.fortran_order && !word("False")) return std::nullopt;
        seen |= 2;
      } else if (*key == "shape") {
        if (!tuple(&header.sizes)) return std::nullopt;
        seen |= 4;
      } else {
        return std::nullopt;
      }
      if (!take(',') && peek() != '}') return std::nullopt;
    }
    skip_space();
    if (!text_.empty() || seen != 7) return std::nullopt;
    return header;
  }

 private:
  void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n\t"), text_.size())); }
  char peek() {
    skip_space();
    return text_.empty() ? '\0' : text_[0];
  }
  bool take(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view w) {
    skip_space();
    if (text_.substr(0, w.size()) != w) return false;
    text_.remove_prefix(w.size());
    return true;
  }
  std::optional<std::string> string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const size_t end = text_.find(quote, 1);
    if (end == text_.npos) return std::nullopt;
    std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }
  bool tuple(std::vector<int64_t>* values) {
    if (!take('(')) return false;
    while (!take(')')) {
      skip_space();
      int64_t value;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (error != std::errc() || value < 0) return false;
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      word("L");  // Python 2 wrote long integers so
      values->push_back(value);
      if (!take(',') && peek() != ')') return false;
    }
    return true;
  }

  std::string_view text_;
};

struct Code {
  const char* text;
  DType dtype;
};
constexpr Code kCodes[] = {{"b1", DType::Bool}, {"u1", DType::U8},  {"i1", DType::I8},   {"i2", DType::I16}, {"i4", DType::I32},
                           {"i8", DType::I64},  {"f2", DType::F16}, {"V2", DType::BF16}, {"f4", DType::F32}, {"f8", DType::F64},
                           {"u2", DType::U16},  {"u4", DType::U32}, {"u8", DType::U64},  {"V1", DType::U8},  {"f1", DType::U8}};

const char* code_of(DType dtype) {
  if (dtype == DType::F8E4M3FN || dtype == DType::F8E5M2) return "u1";
  for (const Code& code : kCodes)
    if (code.dtype == dtype) return code.text;
  return nullptr;
}

// Why an element type is refused, or null.
const char* refused_kind(std::string_view descr) {
  const char kind = descr.size() > 1 ? descr[1] : '\0';
  if (kind == 'O') return "holds Python objects, which are pickled, and pickles are never read; save an array of numbers";
  if (kind == 'c') return "holds complex numbers, which are not supported; save real and imaginary parts";
  if (kind == 'U' || kind == 'S') return "holds strings; save an array of numbers";
  return nullptr;
}

void swap_bytes(std::vector<std::byte>* bytes, size_t width) {
  for (size_t at = 0; at + width <= bytes->size(); at += width) std::reverse(bytes->begin() + at, bytes->begin() + at + width);
}

std::vector<std::byte> to_row_major(const std::vector<std::byte>& from, const std::vector<int64_t>& sizes, size_t width) {
  std::vector<std::byte> to(from.size());
  std::vector<int64_t> index(sizes.size(), 0), strides(sizes.size());
  int64_t stride = 1;
  for (size_t d = 0; d < sizes.size(); ++d) strides[d] = stride, stride *= sizes[d];
  for (size_t at = 0; at < to.size(); at += width) {
    int64_t source = 0;
    for (size_t d = 0; d < sizes.size(); ++d) source += index[d] * strides[d];
    std::memcpy(&to[at], &from[static_cast<size_t>(source) * width], width);
    for (size_t d = sizes.size(); d-- > 0;) {
      if (++index[d] < sizes[d]) break;
      index[d] = 0;
    }
  }
  return to;
}

}  // namespace

int64_t Array::numel() const {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  return n;
}

bool is_bits_of(DType given, DType wanted) {
  if (given == wanted) return true;
  if (wanted == DType::BF16) return given == DType::U16;
  return given == DType::U8 && (wanted == DType::F8E4M3FN || wanted == DType::F8E5M2);
}

Array parse_npy(const std::byte* data, uint64_t size, const std::string& place) {
  const auto fail = [&](const std::string& what) { throw UserError(place + ": " + what, kBadInput); };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.substr(0, kMagic.size()) != kMagic || size < 10) fail("is no NumPy array file; write it with numpy.save or numpy.savez");
  const uint8_t major = static_cast<uint8_t>(text[6]);
  if (major < 1 || major > 3) fail("has array format version " + std::to_string(major) + "; 1 to 3 are supported");
  const size_t prefix = major == 1 ? 10 : 12;
  uint32_t length = 0;
  if (size >= prefix) std::memcpy(&length, data + 8, prefix - 8);
  if (size < prefix || length > kMaxHeader || length > size - prefix) fail("has a damaged header");

  std::optional<Header> header;
  try {
    header = HeaderParser(text.substr(prefix, length)).parse();
  } catch (const char* what) {
    fail(std::string(what) + "; save each field as an array of its own");
  }
  if (!header) fail("has a damaged header");
  const std::string& descr = header->descr;
  if (const char* why = refused_kind(descr)) fail(why);
  const Code* code =
      std::find_if(std::begin(kCodes), std::end(kCodes), [&](const Code& c) { return descr.size() > 1 && descr.substr(1) == c.text; });
  if (code == std::end(kCodes) || std::strchr("<>|=", descr[0]) == nullptr)
    fail("has elements of type '" + descr.substr(0, 40) + "', which are not supported");
  if (header->sizes.size() > kMaxRank)
    fail("has " + std::to_string(header->sizes.size()) + " dimensions; at most " + std::to_string(kMaxRank) + " are supported");

  Array array;
  array.dtype = code->dtype;
  array.sizes = std::move(header->sizes);
  const size_t width = size_in_bytes(array.dtype);
  int64_t bytes = static_cast<int64_t>(width);
  if (std::find(array.sizes.begin(), array.sizes.end(), 0) != array.sizes.end()) bytes = 0;
  for (int64_t n : array.sizes)
    if (bytes != 0 && !checked_multiply(bytes, n, &bytes)) fail("has a shape that no memory can hold");
  const uint64_t have = size - prefix - length;
  if (have != static_cast<uint64_t>(bytes))
    fail("holds " + std::to_string(have) + " bytes of elements where its shape needs " + std::to_string(bytes) + "; the file is damaged");
  array.bytes.assign(data + prefix + length, data + size);
  if (descr[0] == '>') swap_bytes(&array.bytes, width);
  if (header->fortran_order && array.sizes.size() > 1) array.bytes = to_row_major(array.bytes, array.sizes, width);
  return array;
}

std::string npy_bytes(const Array& array) {
  std::string shape;
  for (int64_t n : array.sizes) shape += std::to_string(n) + (array.sizes.size() == 1 ? "," : ", ");
  if (array.sizes.size() > 1) shape.resize(shape.size() - 2);
  const char* code = code_of(array.dtype);
  const char* order = array.dtype == DType::BF16 || size_in_bytes(array.dtype) == 1 ? "|" : "<";
  std::string header = "{'descr': '" + std::string(order) + code + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header += std::string(64 - (10 + header.size() + 1) % 64, ' ') + '\n';
  const auto length = static_cast<uint16_t>(header.size());
  std::string file(kMagic);
  file += {'\1', '\0', static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  file += header;
  file.append(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
  return file;
}

}  // namespace etc::host
