// Builder's constants: numbers as 0-d tensors and back.
#include <cmath>
#include <limits>

#include "ir/builder.h"
#include "ir/views.h"
#include "ops/dispatch.h"

namespace etc::compile {
namespace {

DType natural_dtype(const Argument& number) {
  if (std::holds_alternative<bool>(number)) return DType::Bool;
  if (is_int(number)) return DType::I64;
  if (std::holds_alternative<double>(number) || std::holds_alternative<SymReal>(number)) return DType::F32;  // PyTorch's default dtype
  throw InternalError("a number was expected, not " + to_string(number));
}

double as_double(const Argument& number) {
  if (auto* b = std::get_if<bool>(&number)) return *b;
  if (auto* i = std::get_if<int64_t>(&number)) return static_cast<double>(*i);
  return std::get<double>(number);
}

int64_t as_integer(const Argument& number) {
  if (auto* b = std::get_if<bool>(&number)) return *b;
  if (auto* i = std::get_if<int64_t>(&number)) return *i;
  const double d = std::get<double>(number);
  constexpr double kLimit = 9223372036854775808.0;
  if (std::isnan(d) || d < -kLimit || d >= kLimit) return std::numeric_limits<int64_t>::min();  // what x86 converts to
  return static_cast<int64_t>(d);
}

template <class T>
void write(const Argument& number, std::byte* to) {
  T element;
  if constexpr (std::is_same_v<T, bool>) {
    element = as_double(number) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    element = static_cast<T>(as_integer(number));
  } else {
    element = static_cast<T>(static_cast<ComputeType<T>>(as_double(number)));
  }
  std::memcpy(to, &element, sizeof(T));
}

template <class T>
Argument read(const std::byte* from) {
  T element;
  std::memcpy(&element, from, sizeof(T));
  if constexpr (std::is_same_v<T, bool>) {
    return element;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<int64_t>(element);
  } else {
    return static_cast<double>(static_cast<ComputeType<T>>(element));
  }
}

using EveryType = Types<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, Half, BFloat16, float, double, Float8E4M3FN, Float8E5M2, uint16_t,
                        uint32_t, uint64_t>;

template <class F, class... Ts>
void with_type(DType dtype, Types<Ts...>, F f) {
  (void)((dtype == DTypeOf<Ts>::value && (f(Ts{}), true)) || ...);
}

}  // namespace

Value* Builder::constant(const std::string& name, TensorType type, ConstantData data) {
  return graph_.add_constant(name, std::move(type), std::move(data));
}

Value* Builder::scalar(DType dtype, const Argument& number) {
  natural_dtype(number);  // throws when it is none
  if (std::holds_alternative<SymInt>(number)) return cast(op("etc::integer", {number}), dtype);
  if (std::holds_alternative<SymReal>(number)) return cast(op("etc::real", {number}), dtype);
  std::byte bytes[8] = {};
  with_type(dtype, EveryType(), [&](auto element) { write<decltype(element)>(number, bytes); });
  return constant("number", TensorType(dtype, {}), ConstantData::copy_of(bytes, size_in_bytes(dtype)));
}

Value* Builder::full(DType dtype, const Sizes& sizes, const Argument& number) { return expand(scalar(dtype, number), sizes); }

std::optional<Argument> Builder::number_in(Value* v) const {
  if (v->type.numel() != 1) return std::nullopt;
  const Value* root = root_of(v);
  if (root->kind != Value::Kind::Constant) return std::nullopt;
  const SymInt offset = view_offset(v);
  if (!offset.is_fixed()) return std::nullopt;
  std::optional<Argument> number;
  with_type(v->type.dtype, EveryType(), [&](auto element) {
    number = read<decltype(element)>(root->constant.data + static_cast<int64_t>(offset) * static_cast<int64_t>(sizeof(element)));
  });
  return number;
}

Value* Builder::cast(Value* v, DType dtype) {
  if (wrapped_.count(v)) return scalar(dtype, *number_in(v));
  if (v->type.dtype == dtype) return v;
  if (std::optional<Argument> number = number_in(v)) return reshape(scalar(dtype, *number), v->type.sizes);
  const bool is_number = running_numbers_.erase(v) > 0;  // it is settled now, or this would ask for it again
  Value* result = op("etc::cast", {v, static_cast<int64_t>(dtype)});
  if (is_number) running_numbers_.insert(v);
  return result;
}

Argument Builder::item(Value* v, int64_t lower, int64_t upper) {
  if (std::optional<Argument> number = number_in(v)) return *number;
  if (v->type.numel() != 1) throw CompileError("the number in " + to_string(v->type) + ", which has not one element");
  v = reshape(v, {});
  const DType dtype = v->type.dtype;
  const bool is_real = is_floating(dtype);
  // What eval reads: bool, i32, i64, f32 and f64.
  if (is_real && dtype != DType::F32 && dtype != DType::F64) v = cast(v, DType::F64);
  if (!is_real && dtype != DType::Bool && dtype != DType::I32 && dtype != DType::I64) v = cast(v, DType::I64);
  if (dtype == DType::Bool) lower = 0, upper = 1;
  const SymbolRef symbol = new_symbol(is_real ? "r" : "n", lower, upper, is_real);
  Argument number;
  if (is_real)
    number = SymReal(sym_symbol(symbol));
  else
    number = SymInt(symbol);
  graph_.insert_node(at_, "etc::item", {v, number}, {}, source_, name_);
  return number;
}

void Builder::check(const SymInt& condition, const std::string& what) {
  if (condition == 1) return;
  if (condition == 0) throw CompileError(what);
  graph_.insert_node(at_, "etc::check", {condition, what}, {}, source_, name_);
}

Value* Builder::wrap(const Argument& number) {
  if (std::holds_alternative<SymInt>(number) || std::holds_alternative<SymReal>(number)) {
    Value* v = op(std::holds_alternative<SymInt>(number) ? "etc::integer" : "etc::real", {number});
    running_numbers_.insert(v);
    return v;
  }
  const DType dtype = natural_dtype(number);
  auto value = std::make_unique<Value>();
  value->kind = Value::Kind::Constant;
  value->name = to_string(number);
  value->type = TensorType(dtype, {});
  // A Python float keeps its 64 bits until an operation decides its dtype.
  if (auto* d = std::get_if<double>(&number)) {
    value->type.dtype = DType::F64;
    value->constant = ConstantData::copy_of(d, sizeof *d);
  } else if (auto* i = std::get_if<int64_t>(&number)) {
    value->constant = ConstantData::copy_of(i, sizeof *i);
  } else {
    value->constant = ConstantData::copy_of(&std::get<bool>(number), 1);
  }
  Value* v = value.get();
  wrapped_.emplace(v, std::move(value));
  return v;
}

Value* Builder::settled(Value* v) {
  if (running_numbers_.count(v)) return v->type.dtype == DType::F64 ? cast(v, DType::F32) : v;
  if (!is_wrapped(v)) return v;
  const Argument number = *number_in(v);
  return scalar(natural_dtype(number), number);
}

}  // namespace etc::compile
