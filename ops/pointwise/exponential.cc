// aten::exp, exp2, expm1, log, log2, log10, log1p, sigmoid.
#include "ops/pointwise/elementary.h"

namespace etc {
ETC_ELEMENTARY_OP(exp)
ETC_ELEMENTARY_OP(exp2)
ETC_ELEMENTARY_OP(expm1)
ETC_ELEMENTARY_OP(log)
ETC_ELEMENTARY_OP(log2)
ETC_ELEMENTARY_OP(log10)
ETC_ELEMENTARY_OP(log1p)
ETC_ELEMENTARY_OP(sigmoid)
}  // namespace etc
