// The kernels for x86-64 with AVX2, FMA and F16C.
#include "ops/cpu/kernels.h"
#include "ops/cpu/target.h"

#if defined(__x86_64__)
ETC_TARGET_BEGIN("avx2,fma,f16c")
#define ETC_CPU_LANES 8
#define ETC_CPU_NAMESPACE avx2
#include "ops/cpu/kernels.inc"
namespace etc::cpu {
constexpr Kernels kAvx2Kernels = avx2::kKernels<6, 2, 1, 7>;
}
ETC_TARGET_END
#endif
