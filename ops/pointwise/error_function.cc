// aten::erf, erfc.
#include "ops/pointwise/elementary.h"

namespace etc {
ETC_ELEMENTARY_OP(erf)
ETC_ELEMENTARY_OP(erfc)
}  // namespace etc
