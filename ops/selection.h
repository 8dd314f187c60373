// Which dtypes this build wants kernels for. A full build: all. A selective one (-Dops=…): what the list says of the ops in each file.
#pragma once

#include "etc/base.h"
#ifdef ETC_SELECTION
#include ETC_SELECTION  // made by select_ops.py: etc::selection::kFiles, a mask of dtypes for each file of ops, and kAll, their union
#endif

namespace etc {

constexpr uint32_t mask_of(DType t) { return 1u << static_cast<uint32_t>(t); }

#ifdef ETC_SELECTION
namespace selection {
// True when `path`, less its ".cc", ends with `name`.
constexpr bool is_file(const char* path, const char* name) {
  size_t p = 0, n = 0;
  while (path[p]) ++p;
  while (name[n]) ++n;
  if (p < n + 3) return false;
  for (size_t i = 0; i < n; ++i)
    if (path[p - 3 - n + i] != name[i]) return false;
  return true;
}
constexpr uint32_t dtypes_for(const char* path) {
  for (const File& f : kFiles)
    if (is_file(path, f.name)) return f.dtypes;
  return kAll;  // a helper of several ops
}
}  // namespace selection
// __BASE_FILE__, the file that is compiled: each has its own dtypes although all share the headers.
constexpr uint32_t kSelectedDTypes = selection::dtypes_for(__BASE_FILE__);
#else
constexpr uint32_t kSelectedDTypes = 0xffffffffu;
#endif

constexpr bool is_selected(DType t, uint32_t wanted = kSelectedDTypes) { return (wanted & mask_of(t)) != 0; }

}  // namespace etc
