// A Scalar argument as the bits of one element: what fill, pad and scatter write without an instance for each dtype.
#include "ops/shape/window.h"

namespace etc {
namespace {

template <class T>
uint64_t bits_of_element(T v) {
  uint64_t bits = 0;
  std::memcpy(&bits, &v, sizeof v);
  return bits;
}

// PyTorch refuses numbers that the dtype cannot hold; here they wrap, and NaN or infinity become zero.
int64_t to_integer(double x) {
  if (!(x >= -9223372036854775808.0 && x < 9223372036854775808.0)) return 0;
  return static_cast<int64_t>(x);
}

}  // namespace

uint64_t element_bits(OpContext ctx, uint32_t argument, DType dtype) {
  const OperandKind kind = ctx.operand(argument).kind;
  const bool is_real = kind == OperandKind::Real || kind == OperandKind::RealSlot;
  const double real = ctx.real(argument);
  const int64_t integer = is_real ? to_integer(real) : ctx.integer(argument);
  switch (dtype) {
    case DType::Bool: return is_real ? real != 0 : integer != 0;
    case DType::F16: return bits_of_element(Half(static_cast<float>(real)));
    case DType::BF16: return bits_of_element(BFloat16(static_cast<float>(real)));
    case DType::F32: return bits_of_element(static_cast<float>(real));
    case DType::F64: return bits_of_element(real);
    case DType::F8E4M3FN: return bits_of_element(Float8E4M3FN(static_cast<float>(real)));
    case DType::F8E5M2: return bits_of_element(Float8E5M2(static_cast<float>(real)));
    default: return static_cast<uint64_t>(integer);
  }
}

}  // namespace etc
