// Type promotion as in c10/core/ScalarType.cpp and ATen/native/TypeProperties.cpp.
#include "ir/promote.h"

#include <string>

#include "ir/error.h"

namespace etc::compile {
namespace {

bool is_plain_integer(DType t) { return t >= DType::U8 && t <= DType::I64; }
bool is_plain_float(DType t) { return t >= DType::F16 && t <= DType::F64; }
bool is_wide_unsigned(DType t) { return t >= DType::U16; }

// Whether a float or integer of any width: what category `lower` must exceed.
std::optional<DType> combine(std::optional<DType> higher, std::optional<DType> lower) {
  if (!higher) return lower;
  if (!lower || is_floating(*higher)) return higher;
  if (*higher == DType::Bool || is_floating(*lower)) return promote_types(*higher, *lower);
  return higher;
}

}  // namespace

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::Bool) return b;
  if (b == DType::Bool) return a;
  if (is_plain_float(a) && is_plain_float(b)) {
    if (size_in_bytes(a) == size_in_bytes(b)) return DType::F32;  // f16 and bf16
    return size_in_bytes(a) > size_in_bytes(b) ? a : b;
  }
  const bool a_integer = is_plain_integer(a) || is_wide_unsigned(a), b_integer = is_plain_integer(b) || is_wide_unsigned(b);
  if (is_plain_float(a) && b_integer) return a;
  if (a_integer && is_plain_float(b)) return b;
  if (is_plain_integer(a) && is_plain_integer(b)) {
    if (size_in_bytes(a) == size_in_bytes(b)) return DType::I16;  // u8 and i8
    return size_in_bytes(a) > size_in_bytes(b) ? a : b;
  }
  throw CompileError(std::string("there is no common dtype of ") + name_of(a) + " and " + name_of(b) +
                     "; convert one of them in the model");
}

void ResultType::add(std::optional<DType>& category, DType dtype) { category = category ? promote_types(*category, dtype) : dtype; }

std::optional<DType> ResultType::get() const { return combine(dimensioned_, combine(zero_dim_, number_)); }

}  // namespace etc::compile
