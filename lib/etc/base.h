// The vocabulary that everything shares: errors, results, spans and element types.
// No heap, no exceptions, no RTTI; C++17.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace etc {

// Who can act on it decides the value: BadProgram, WrongVersion, WrongTarget – the maker of the file; MissingOp, OutOfMemory –
// the integrator; BadArgument, BadShape, BadValue, OutOfBudget, Cancelled – the caller of this run; DelegateFailed – the backend.
enum class Error : uint8_t {
  Ok,
  BadProgram,
  WrongVersion,
  WrongTarget,
  MissingOp,
  OutOfMemory,
  BadArgument,
  BadShape,
  BadValue,
  OutOfBudget,
  Cancelled,
  DelegateFailed,
};

// Where a call failed. `instruction` and `operand` are indices into the method; kNowhere when they do not apply.
struct Fault {
  static constexpr uint32_t kNowhere = 0xffffffffu;
  Error error = Error::Ok;
  uint32_t instruction = kNowhere;
  uint32_t operand = kNowhere;
};

// A value or the error that stands in its place. T must be default constructible; it stays default on error.
template <class T>
class Result {
 public:
  Result(T value) : value_(static_cast<T&&>(value)) {}
  Result(Error error) : error_(error) {}
  bool ok() const { return error_ == Error::Ok; }
  Error error() const { return error_; }
  T& value() { return value_; }
  const T& value() const { return value_; }
  T* operator->() { return &value_; }
  T& operator*() { return value_; }

 private:
  T value_{};
  Error error_ = Error::Ok;
};

#define ETC_TRY(expression)                                                                        \
  do {                                                                                             \
    if (::etc::Error etc_error_ = (expression); etc_error_ != ::etc::Error::Ok) return etc_error_; \
  } while (0)

// A borrowed run of elements; the owner outlives it.
template <class T>
struct Span {
  T* data = nullptr;
  size_t size = 0;
  constexpr Span() = default;
  constexpr Span(T* d, size_t n) : data(d), size(n) {}
  template <size_t N>
  constexpr Span(T (&array)[N]) : data(array), size(N) {}
  template <class U, class = decltype(static_cast<T*>(static_cast<U*>(nullptr)))>
  constexpr Span(const Span<U>& other) : data(other.data), size(other.size) {}
  constexpr T& operator[](size_t i) const { return data[i]; }
  constexpr T* begin() const { return data; }
  constexpr T* end() const { return data + size; }
  constexpr bool empty() const { return size == 0; }
};

// Element types, numbered as in the file. The names are those of literals and reports.
enum class DType : uint8_t { Bool, U8, I8, I16, I32, I64, F16, BF16, F32, F64, F8E4M3FN, F8E5M2, U16, U32, U64 };
constexpr uint32_t kDTypeCount = 15;
constexpr uint32_t kMaxRank = 16;

constexpr bool is_valid(DType t) { return static_cast<uint32_t>(t) < kDTypeCount; }
constexpr uint8_t kElementBytes[kDTypeCount] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 1, 1, 2, 4, 8};
constexpr uint32_t size_in_bytes(DType t) { return kElementBytes[static_cast<uint32_t>(t)]; }
constexpr bool is_floating(DType t) { return t >= DType::F16 && t <= DType::F8E5M2; }
constexpr bool is_signed(DType t) { return t >= DType::I8 && t <= DType::F8E5M2; }
constexpr const char* name_of(DType t) {
  constexpr const char* kNames[kDTypeCount] = {"bool", "u8",  "i8",       "i16",    "i32", "i64", "f16", "bf16",
                                               "f32",  "f64", "f8e4m3fn", "f8e5m2", "u16", "u32", "u64"};
  return kNames[static_cast<uint32_t>(t)];
}

// Checked arithmetic for sizes from outside: false on overflow or on a negative operand.
inline bool checked_multiply(int64_t a, int64_t b, int64_t* product) { return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, product); }
inline bool checked_add(int64_t a, int64_t b, int64_t* sum) { return a >= 0 && b >= 0 && !__builtin_add_overflow(a, b, sum); }

}  // namespace etc
