// The eval instruction: computes slots, the sizes and numbers that are known only at run time, by postfix code.
//
// Each operand is one step on a stack of integers (int64) and reals (double):
//   Int, IntSlot, Real, RealSlot   push that number
//   Tensor                         pushes the element of a 0-d value: bool, i32 and i64 as an integer, f32 and f64 as a real
//   Code                           `count` is an EvalCode, `index` its slot or value, else 0
// The types and the depth of the stack at every step are verified when the program is opened; the stack is empty at the end.
#pragma once

#include "format.h"

namespace etc {

// What each takes from the stack (the last is the top) and leaves there: i an integer, r a real.
enum class EvalCode : uint16_t {
  StoreInt,    // i →        slots[index] becomes it
  StoreReal,   // r →
  StoreValue,  // i or r →   the 0-d value `index` becomes it: a bool (not 0) or i64 from i, an f64 from r
  Check,       // i →        BadShape when it is 0
  Add,         // i i → i    BadShape when the result of any of these does not fit
  Sub,
  Mul,
  FloorDiv,  // as Python's, BadShape for a divisor of 0
  Mod,       // as Python's: the sign of the divisor
  Pow,       // BadShape for a negative exponent
  Min,
  Max,
  Shl,  // BadShape unless 0 <= count < 64
  Shr,
  And,  // bitwise; logical on 0 and 1
  Or,
  Xor,
  Equal,  // i i → i    0 or 1
  Less,
  LessEqual,
  Not,      // i → i      1 for 0, else 0
  Select,   // i i i → i  the first when the last is not 0, else the second
  ToReal,   // i → r
  RealAdd,  // r r → r
  RealSub,
  RealMul,
  RealDiv,
  RealEqual,  // r r → i
  RealLess,
  RealLessEqual,
  Trunc,  // r → i      BadShape when the result does not fit
  Floor,
  Ceil,
  Round,  // half to even
};
constexpr uint32_t kEvalCodeCount = 34;
constexpr uint32_t kEvalDepth = 16;  // at most

// True when the code of an eval instruction is sound: operand indices have been verified.
bool verify_eval(Span<const format::OperandRecord> code, Span<const format::Value> values, uint32_t slots) noexcept;

// The kernel of an eval instruction. `prepared` of the instruction is the number of its operands.
Error run_eval(OpContext ctx) noexcept;

}  // namespace etc
