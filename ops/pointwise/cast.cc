// etc::cast – the same tensor in another dtype.
#include "ops/convert.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  const int64_t dtype = ctx.integer(1);
  if (dtype < 0 || dtype >= static_cast<int64_t>(kDTypeCount)) return Error::BadArgument;
  Meta m = ctx.meta(0);
  m.dtype = static_cast<DType>(dtype);
  return ctx.set_result(0, m);
}

Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(0), &result = ctx.tensor(2);
  const Rows<2> rows = rows_of<2>(result, {&result, &x});
  for_each_row(rows, [&](const ptrdiff_t(&at)[2]) {
    convert_row(x.dtype, x.as<const std::byte>() + at[1] * size_in_bytes(x.dtype), rows.steps[1], result.dtype,
                result.as<std::byte>() + at[0] * size_in_bytes(result.dtype), rows.steps[0], rows.length);
  });
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept { return is_selected(ctx.tensor(0).dtype) && is_selected(ctx.tensor(2).dtype) ? run : nullptr; }

}  // namespace

ETC_OP(cast, "etc::cast(Tensor self, *, ScalarType dtype) -> Tensor", infer, select)
}  // namespace etc
