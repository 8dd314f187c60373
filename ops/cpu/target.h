// How a file of kernels is compiled for one kind of CPU: avx512.cc and its siblings set ETC_CPU_LANES and ETC_CPU_NAMESPACE, switch the
// instruction set on behind the last ordinary header, and include the kernels. Inline functions of ordinary headers stay code for any CPU.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__clang__)
#define ETC_PRAGMA(text) _Pragma(#text)
#define ETC_TARGET_BEGIN(features) ETC_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define ETC_TARGET_END _Pragma("clang attribute pop")
#else
#define ETC_PRAGMA(text) _Pragma(#text)
#define ETC_TARGET_BEGIN(features) _Pragma("GCC push_options") ETC_PRAGMA(GCC target(features))
#define ETC_TARGET_END _Pragma("GCC pop_options")
#endif
