// The kernels for x86-64 with AVX2 and FMA.
#include "ops/cpu/kernels.h"
#include "ops/cpu/target.h"

#if defined(__x86_64__)
ETC_TARGET_BEGIN("avx2,fma")
#define ETC_CPU_LANES 8
#define ETC_CPU_NAMESPACE avx2
#include "ops/cpu/kernels.inc"
namespace etc::cpu {
constexpr Kernels kAvx2Kernels = {6,
                                  16,
                                  avx2::multiply<6, 2>,
                                  avx2::depthwise,
                                  avx2::winograd_input,
                                  avx2::winograd_output,
                                  avx2::exponentials,
                                  avx2::dots,
                                  avx2::layer_norm,
                                  avx2::rms_norm,
                                  avx2::lstm};
}
ETC_TARGET_END
#endif
