// The run sides of backends that this build links in.
#pragma once

#include "etc/delegate.h"

namespace etc {

Span<const DelegateTable* const> builtin_delegates() noexcept;

}  // namespace etc
