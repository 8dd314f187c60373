// What this build of the core can run beside calls of kernels on fixed sizes: meson's option `core`. A program that needs a part that
// is left out is refused by load with MissingOp.
#pragma once

#ifndef ETC_CORE_DYNAMIC
#define ETC_CORE_DYNAMIC 1  // sizes decided at run time, evals and swaps
#endif
#ifndef ETC_CORE_DELEGATES
#define ETC_CORE_DELEGATES 1  // calls of backends
#endif
#ifndef ETC_CORE_EXTERNAL
#define ETC_CORE_EXTERNAL 1  // calls of external ops, arguments by name; external.h
#endif

namespace etc {

constexpr bool kHasDynamic = ETC_CORE_DYNAMIC != 0;
constexpr bool kHasDelegates = ETC_CORE_DELEGATES != 0;

}  // namespace etc
