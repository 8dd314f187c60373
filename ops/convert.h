// Conversion of elements between any two dtypes.
#pragma once

#include <cstddef>

#include "etc/base.h"

namespace etc {

// n elements, steps counted in elements of each side; the two do not overlap. Floats become integers towards zero; what does not fit
// (NaN, infinities and large numbers) becomes what x86 makes of it in PyTorch: the lowest 32- or 64-bit integer, cut to the width.
void convert_row(DType from, const void* source, ptrdiff_t source_step, DType to, void* target, ptrdiff_t target_step, ptrdiff_t n);

}  // namespace etc
