// PyTorch's dtype numbers in JSON, their names and ours.
#include "import/exported.h"

namespace etc::compile::exported {
namespace {

struct Entry {
  ScalarType number;
  const char* name;
  std::optional<DType> dtype;
};

constexpr Entry kScalarTypes[] = {
    {1, "uint8", DType::U8},
    {2, "int8", DType::I8},
    {3, "int16", DType::I16},
    {4, "int32", DType::I32},
    {5, "int64", DType::I64},
    {6, "float16", DType::F16},
    {7, "float32", DType::F32},
    {8, "float64", DType::F64},
    {9, "complex32", {}},
    {10, "complex64", {}},
    {11, "complex128", {}},
    {12, "bool", DType::Bool},
    {13, "bfloat16", DType::BF16},
    {28, "uint16", DType::U16},
    {29, "float8_e4m3fn", DType::F8E4M3FN},
    {30, "float8_e5m2", DType::F8E5M2},
    {31, "float8_e4m3fnuz", {}},
    {32, "float8_e5m2fnuz", {}},
    {33, "float8_e8m0fnu", {}},
    {34, "uint32", DType::U32},
    {35, "uint64", DType::U64},
};

const Entry* find(ScalarType number) {
  for (const Entry& e : kScalarTypes)
    if (e.number == number) return &e;
  return nullptr;
}

}  // namespace

std::string scalar_type_name(ScalarType number) {
  const Entry* e = find(number);
  return e ? e->name : "dtype " + std::to_string(number);
}

std::optional<DType> dtype_of(ScalarType number) {
  const Entry* e = find(number);
  return e ? e->dtype : std::nullopt;
}

DType require_dtype(ScalarType number, const std::string& place) {
  if (const auto dtype = dtype_of(number)) return *dtype;
  throw CompileError(place + ": " + scalar_type_name(number) +
                     " is not supported; write this part of the model with real tensors of another dtype");
}

}  // namespace etc::compile::exported
