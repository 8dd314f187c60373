// The kernels for what every CPU of the architecture has: SSE2 on x86-64, NEON on Arm64.
#include "ops/cpu/kernels.h"
#include "ops/cpu/target.h"

#define ETC_CPU_LANES 4
#define ETC_CPU_NAMESPACE baseline
#include "ops/cpu/kernels.inc"
namespace etc::cpu {
#if defined(__aarch64__)  // 32 registers
constexpr Kernels kBaselineKernels = baseline::kKernels<6, 4, 2, 7>;
#else
constexpr Kernels kBaselineKernels = baseline::kKernels<4, 2, 1, 4>;
#endif
}  // namespace etc::cpu
