// What "native" stands for on this machine.
#include "cpu.h"

#include <utility>

#include "ir/one_op.h"

namespace etc::compile {

std::vector<std::string> cpu_names() { return {"native", "generic", "x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "armv8-a"}; }

std::string resolve_cpu(const std::string& name) {
  if (!find_kernel_op("etc::packed_linear")) return "generic";
  if (name != "native") return name;
#if defined(__x86_64__)
  for (const auto& [level, is_there] :
       {std::pair("x86-64-v4", __builtin_cpu_supports("x86-64-v4")), std::pair("x86-64-v3", __builtin_cpu_supports("x86-64-v3")),
        std::pair("x86-64-v2", __builtin_cpu_supports("x86-64-v2"))})
    if (is_there) return level;
  return "x86-64";
#elif defined(__aarch64__)
  return "armv8-a";
#else
  return "generic";
#endif
}

}  // namespace etc::compile
