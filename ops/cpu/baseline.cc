// The kernels for what every CPU of the architecture has: SSE2 on x86-64, NEON on Arm64.
#include "ops/cpu/kernels.h"

#define ETC_CPU_LANES 4
#define ETC_CPU_NAMESPACE baseline
#include "ops/cpu/kernels.inc"
namespace etc::cpu {
#if defined(__aarch64__)  // 32 registers
constexpr Kernels kBaselineKernels = {6,
                                      16,
                                      baseline::multiply<6, 4>,
                                      baseline::depthwise,
                                      baseline::winograd_input,
                                      baseline::winograd_output,
                                      baseline::exponentials,
                                      baseline::dots,
                                      baseline::layer_norm,
                                      baseline::rms_norm,
                                      baseline::lstm};
#else
constexpr Kernels kBaselineKernels = {4,
                                      8,
                                      baseline::multiply<4, 2>,
                                      baseline::depthwise,
                                      baseline::winograd_input,
                                      baseline::winograd_output,
                                      baseline::exponentials,
                                      baseline::dots,
                                      baseline::layer_norm,
                                      baseline::rms_norm,
                                      baseline::lstm};
#endif
}  // namespace etc::cpu
