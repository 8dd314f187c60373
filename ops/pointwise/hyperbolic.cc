// aten::sinh, cosh, tanh and their inverses.
#include "ops/pointwise/elementary.h"

namespace etc {
ETC_ELEMENTARY_OP(sinh)
ETC_ELEMENTARY_OP(cosh)
ETC_ELEMENTARY_OP(tanh)
ETC_ELEMENTARY_OP(asinh)
ETC_ELEMENTARY_OP(acosh)
ETC_ELEMENTARY_OP(atanh)
}  // namespace etc
