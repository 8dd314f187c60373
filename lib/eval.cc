// The eval instruction; see eval.h.
#include "eval.h"

namespace etc {
namespace {

// What a code takes from the stack, all of one type, and leaves there.
struct Effect {
  uint8_t takes, gives;
  bool takes_reals, gives_real;
};

constexpr Effect kStore = {1, 0, false, false}, kStoreReal = {1, 0, true, false}, kUnary = {1, 1, false, false},
                 kBinary = {2, 1, false, false}, kTernary = {3, 1, false, false}, kToReal = {1, 1, false, true},
                 kReals = {2, 1, true, true}, kCompare = {2, 1, true, false}, kRound = {1, 1, true, false};
// In the order of EvalCode; StoreValue depends on the value.
constexpr Effect kEffects[] = {kStore,   kStoreReal, {},       kStore,   kBinary, kBinary, kBinary, kBinary, kBinary,
                               kBinary,  kBinary,    kBinary,  kBinary,  kBinary, kBinary, kBinary, kBinary, kBinary,
                               kBinary,  kBinary,    kUnary,   kTernary, kToReal, kReals,  kReals,  kReals,  kReals,
                               kCompare, kCompare,   kCompare, kRound,   kRound,  kRound,  kRound};
static_assert(sizeof kEffects / sizeof *kEffects == kEvalCodeCount);

bool is_integer(DType t) { return t == DType::Bool || t == DType::I32 || t == DType::I64; }
bool is_real(DType t) { return t == DType::F32 || t == DType::F64; }

// The types on the stack, bit i set when entry i is a real.
struct Stack {
  uint32_t depth = 0, reals = 0;

  bool push(bool real) {
    if (depth == kEvalDepth) return false;
    reals = (reals & ~(1u << depth)) | uint32_t{real} << depth;
    ++depth;
    return true;
  }
  bool pop(bool real) { return depth != 0 && (reals >> --depth & 1) == uint32_t{real}; }
  bool apply(const Effect& effect) {
    for (uint32_t i = 0; i < effect.takes; ++i)
      if (!pop(effect.takes_reals)) return false;
    return effect.gives == 0 || push(effect.gives_real);
  }
};

int64_t load_integer(const Tensor& t) {
  return t.dtype == DType::Bool ? *t.as<uint8_t>() != 0 : t.dtype == DType::I32 ? *t.as<int32_t>() : *t.as<int64_t>();
}

void store_value(const Tensor& t, Slot number) {
  if (t.dtype == DType::Bool)
    *t.as<uint8_t>() = number.integer != 0;
  else
    std::memcpy(t.data, &number, sizeof number);
}

// Out of line: 64-bit products are long on small machines.
[[gnu::noinline]] bool multiply(int64_t* a, int64_t b) { return !__builtin_mul_overflow(*a, b, a); }

bool power(int64_t base, int64_t exponent, int64_t* result) {
  if (exponent < 0) return false;
  *result = 1;
  for (;;) {
    if ((exponent & 1) && !multiply(result, base)) return false;
    exponent >>= 1;
    if (exponent == 0) return true;
    if (!multiply(&base, base)) return false;
  }
}

// Floor of a / b; `floored` is the quotient, or with `modulo` the remainder, which has the sign of b.
bool divide(int64_t a, int64_t b, bool modulo, int64_t* floored) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return false;
  const int64_t quotient = a / b, rest = a % b;
  const bool below = rest != 0 && (rest < 0) != (b < 0);
  *floored = modulo ? rest + (below ? b : 0) : quotient - below;
  return true;
}

bool integer_of(double r, EvalCode rounding, int64_t* result) {
  constexpr double kLimit = 9223372036854775808.0;
  if (!(r >= -kLimit && r < kLimit)) return false;  // NaN neither
  int64_t n = static_cast<int64_t>(r);
  const double rest = r - static_cast<double>(n);  // 0 where doubles have no fraction, so n stays in range
  switch (rounding) {
    case EvalCode::Floor: n -= rest < 0; break;
    case EvalCode::Ceil: n += rest > 0; break;
    case EvalCode::Round:
      if (rest > 0.5 || (rest == 0.5 && (n & 1))) ++n;
      if (rest < -0.5 || (rest == -0.5 && (n & 1))) --n;
      break;
    default: break;
  }
  *result = n;
  return true;
}

// a op b into *a. False when there is no such integer.
bool combine(EvalCode code, int64_t* a, int64_t b) {
  switch (code) {
    case EvalCode::Add: return !__builtin_add_overflow(*a, b, a);
    case EvalCode::Sub: return !__builtin_sub_overflow(*a, b, a);
    case EvalCode::Mul: return multiply(a, b);
    case EvalCode::FloorDiv: return divide(*a, b, false, a);
    case EvalCode::Mod: return divide(*a, b, true, a);
    case EvalCode::Pow: return power(*a, b, a);
    case EvalCode::Min: *a = b < *a ? b : *a; break;
    case EvalCode::Max: *a = b > *a ? b : *a; break;
    case EvalCode::Shl: return b >= 0 && b < 63 && multiply(a, int64_t{1} << b);
    case EvalCode::Shr:
      if (b < 0 || b > 63) return false;
      *a >>= b;
      break;
    case EvalCode::And: *a &= b; break;
    case EvalCode::Or: *a |= b; break;
    case EvalCode::Xor: *a ^= b; break;
    case EvalCode::Equal: *a = *a == b; break;
    case EvalCode::Less: *a = *a < b; break;
    default: *a = *a <= b; break;  // LessEqual
  }
  return true;
}

void combine_reals(EvalCode code, Slot* a, double b) {
  switch (code) {
    case EvalCode::RealAdd: a->real += b; break;
    case EvalCode::RealSub: a->real -= b; break;
    case EvalCode::RealMul: a->real *= b; break;
    case EvalCode::RealDiv: a->real /= b; break;
    case EvalCode::RealEqual: a->integer = a->real == b; break;
    case EvalCode::RealLess: a->integer = a->real < b; break;
    default: a->integer = a->real <= b; break;  // RealLessEqual
  }
}

// Runs one code; `top` points behind the last entry of the stack.
bool run_code(Frame& frame, const Operand& o, Slot*& top) {
  const auto code = static_cast<EvalCode>(o.count);
  const Effect& effect = kEffects[o.count];
  switch (code) {
    case EvalCode::StoreInt:
    case EvalCode::StoreReal: frame.slots[o.index] = *--top; return true;
    case EvalCode::StoreValue: store_value(frame.value(o.index), *--top); return true;
    case EvalCode::Check: return (--top)->integer != 0;
    case EvalCode::Not: top[-1].integer = top[-1].integer == 0; return true;
    case EvalCode::Select:
      top -= 2;
      if (top[1].integer == 0) top[-1] = top[0];
      return true;
    case EvalCode::ToReal: top[-1].real = static_cast<double>(top[-1].integer); return true;
    default: break;
  }
  if (effect.takes == 1) return integer_of(top[-1].real, code, &top[-1].integer);
  --top;
  if (!effect.takes_reals) return combine(code, &top[-1].integer, top->integer);
  combine_reals(code, top - 1, top->real);
  return true;
}

}  // namespace

bool verify_eval(Span<const format::OperandRecord> code, Span<const format::Value> values, uint32_t slots) noexcept {
  Stack stack;
  for (const Operand& o : code) {
    bool sound = false;
    switch (o.kind) {
      case OperandKind::Int:
      case OperandKind::IntSlot: sound = stack.push(false); break;
      case OperandKind::Real:
      case OperandKind::RealSlot: sound = stack.push(true); break;
      case OperandKind::Tensor: {
        const format::Value& v = values[o.index];
        sound = v.rank == 0 && (is_integer(v.dtype) || is_real(v.dtype)) && stack.push(is_real(v.dtype));
        break;
      }
      case OperandKind::Code: {
        const auto step = static_cast<EvalCode>(o.count);
        if (o.count >= kEvalCodeCount) break;
        if (step == EvalCode::StoreValue) {
          if (o.index >= values.size || values[o.index].rank != 0) break;
          const DType t = values[o.index].dtype;
          sound = (t == DType::Bool || t == DType::I64 || t == DType::F64) && stack.pop(t == DType::F64);
          break;
        }
        const bool stores = step == EvalCode::StoreInt || step == EvalCode::StoreReal;
        sound = (!stores || o.index < slots) && stack.apply(kEffects[o.count]);
        break;
      }
      default: break;
    }
    if (!sound) return false;
  }
  return stack.depth == 0;
}

Error run_eval(OpContext ctx) noexcept {
  Slot stack[kEvalDepth];
  Slot* top = stack;
  Frame& frame = *ctx.frame;
  const Operand* o = frame.operands + ctx.instr->first_operand;
  for (const Operand* end = o + ctx.instr->prepared; o != end; ++o) {
    switch (o->kind) {
      case OperandKind::Int: (top++)->integer = frame.ints[o->index]; break;
      case OperandKind::IntSlot: (top++)->integer = frame.slots[o->index].integer; break;
      case OperandKind::Real: (top++)->real = frame.reals[o->index]; break;
      case OperandKind::RealSlot: (top++)->real = frame.slots[o->index].real; break;
      case OperandKind::Tensor: {
        const Tensor t = frame.value(o->index);
        if (t.dtype == DType::F32)
          (top++)->real = *t.as<float>();
        else if (t.dtype == DType::F64)
          (top++)->real = *t.as<double>();
        else
          (top++)->integer = load_integer(t);
        break;
      }
      default:
        if (!run_code(frame, *o, top)) return Error::BadShape;
    }
  }
  return Error::Ok;
}

}  // namespace etc
