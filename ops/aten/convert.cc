// Conversions between etc and ATen; see convert.h.
#include "convert.h"

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>

namespace etc::aten {
namespace {

using c10::TypeKind;

c10::IntArrayRef ints(const int64_t* data, uint32_t rank) { return {data, rank}; }

// PyTorch's own numbers of the enumerations reach us as schema defaults, which are slots; the .pt2's as what the model gave.
bool is_default(OpContext ctx, uint32_t i) { return ctx.operand(i).kind == OperandKind::IntSlot; }

c10::IValue memory_format_of(int64_t stated) {
  switch (stated) {  // as torch/_export/serde numbers them
    case 2: return static_cast<int64_t>(c10::MemoryFormat::ChannelsLast);
    case 3: return static_cast<int64_t>(c10::MemoryFormat::ChannelsLast3d);
    case 4: return static_cast<int64_t>(c10::MemoryFormat::Preserve);
    default: return static_cast<int64_t>(c10::MemoryFormat::Contiguous);
  }
}

c10::IValue number_of(OpContext ctx, uint32_t i) {
  switch (ctx.operand(i).kind) {
    case OperandKind::Bool: return ctx.boolean(i);
    case OperandKind::Real:
    case OperandKind::RealSlot: return ctx.real(i);
    default: return ctx.integer(i);
  }
}

std::string text_of(OpContext ctx, uint32_t i) {
  const Span<const char> text = ctx.string(i);
  return {text.data, text.size};
}

c10::IValue list_of(OpContext ctx, uint32_t i, TypeKind element, bool optional_elements, at::Tensor (*tensor)(const Tensor&)) {
  switch (element) {
    case TypeKind::TensorType: {
      const Tensors given = ctx.tensors(i);
      c10::List<at::Tensor> list;
      c10::List<std::optional<at::Tensor>> optional_list;
      for (uint32_t k = 0; k < given.size; ++k) {
        std::optional<at::Tensor> t = given.has(k) ? std::optional(tensor(given[k])) : std::nullopt;
        optional_elements ? optional_list.push_back(std::move(t)) : list.push_back(*t);
      }
      return optional_elements ? c10::IValue(std::move(optional_list)) : c10::IValue(std::move(list));
    }
    case TypeKind::FloatType: {
      const Reals given = ctx.reals(i);
      return std::vector<double>(given.data, given.data + given.size);
    }
    case TypeKind::BoolType: {
      c10::List<bool> list;
      for (uint32_t k = 0; k < ctx.ints(i).size; ++k) list.push_back(ctx.ints(i)[k] != 0);
      return list;
    }
    case TypeKind::IntType:
    case TypeKind::SymIntType: {
      const Ints given = ctx.ints(i);
      return std::vector<int64_t>(given.data, given.data + given.size);
    }
    default: TORCH_CHECK(false, "a list of ", typeKindToString(element), " is not supported");
  }
}

}  // namespace

at::ScalarType scalar_type_of(DType dtype) {
  using at::ScalarType;
  constexpr ScalarType kTypes[kDTypeCount] = {ScalarType::Bool,   ScalarType::Byte,   ScalarType::Char,          ScalarType::Short,
                                              ScalarType::Int,    ScalarType::Long,   ScalarType::Half,          ScalarType::BFloat16,
                                              ScalarType::Float,  ScalarType::Double, ScalarType::Float8_e4m3fn, ScalarType::Float8_e5m2,
                                              ScalarType::UInt16, ScalarType::UInt32, ScalarType::UInt64};
  return kTypes[static_cast<uint32_t>(dtype)];
}

DType dtype_of(at::ScalarType type) {
  for (uint32_t d = 0; d < kDTypeCount; ++d)
    if (scalar_type_of(static_cast<DType>(d)) == type) return static_cast<DType>(d);
  TORCH_CHECK(false, "etc has no dtype ", type);
}

at::Tensor wrap(const Tensor& t) {
  const auto options = at::TensorOptions().dtype(scalar_type_of(t.dtype)).device(at::kCPU);
  return at::from_blob(
      t.data, ints(t.sizes, t.rank), ints(t.strides, t.rank), [](void*) {}, options, at::Device(at::kCPU));
}

at::Tensor describe(const Tensor& t) {
  return at::empty_strided(ints(t.sizes, t.rank), ints(t.strides, t.rank),
                           at::TensorOptions().dtype(scalar_type_of(t.dtype)).device(at::kMeta));
}

c10::IValue argument_of(OpContext ctx, uint32_t i, const c10::Argument& parameter, at::Tensor (*tensor)(const Tensor&)) {
  if (!ctx.has(i)) return {};
  const c10::TypePtr& real = parameter.real_type();
  const c10::Type* type = real.get();
  if (const auto* optional = type->castRaw<c10::OptionalType>()) type = optional->getElementType().get();
  if (const auto* list = type->castRaw<c10::ListType>()) {
    const c10::Type* element = list->getElementType().get();
    const auto* optional = element->castRaw<c10::OptionalType>();
    return list_of(ctx, i, optional ? optional->getElementType()->kind() : element->kind(), optional != nullptr, tensor);
  }
  switch (type->kind()) {
    case TypeKind::TensorType: return tensor(ctx.tensor(i));
    case TypeKind::ScalarTypeType:
      return is_default(ctx, i) ? ctx.integer(i) : static_cast<int64_t>(scalar_type_of(static_cast<DType>(ctx.integer(i))));
    case TypeKind::MemoryFormatType: return is_default(ctx, i) ? c10::IValue(ctx.integer(i)) : memory_format_of(ctx.integer(i));
    case TypeKind::LayoutType: return static_cast<int64_t>(c10::Layout::Strided);  // the compiler takes no other
    case TypeKind::DeviceObjType: return c10::Device(at::kCPU);                    // as all tensors are
    case TypeKind::StringType: return text_of(ctx, i);
    case TypeKind::BoolType: return ctx.boolean(i);
    case TypeKind::FloatType: return ctx.real(i);
    case TypeKind::IntType:
    case TypeKind::SymIntType: return ctx.integer(i);
    case TypeKind::NumberType: return number_of(ctx, i);
    default: TORCH_CHECK(false, "an argument of type ", type->str(), " is not supported");
  }
}

std::vector<at::Tensor> results_on(const torch::jit::Stack& stack) {
  std::vector<at::Tensor> results;
  for (const c10::IValue& value : stack) {
    if (value.isTensor()) {
      if (value.toTensor().defined()) results.push_back(value.toTensor());
    } else if (value.isTensorList()) {
      for (const at::Tensor& t : value.toTensorVector()) results.push_back(t);
    } else {
      TORCH_CHECK(false, "gives a ", value.tagKind(), ", which is no tensor");
    }
  }
  return results;
}

}  // namespace etc::aten
