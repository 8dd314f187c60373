// The kernels for x86-64 with AVX-512 (F, DQ, BW, VL).
#include "ops/cpu/kernels.h"
#include "ops/cpu/target.h"

#if defined(__x86_64__)
ETC_TARGET_BEGIN("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c")
#define ETC_CPU_LANES 16
#define ETC_CPU_NAMESPACE avx512
#include "ops/cpu/kernels.inc"
namespace etc::cpu {
constexpr Kernels kAvx512Kernels = avx512::kKernels<6, 4, 2, 7, 14>;
}
ETC_TARGET_END
#endif
