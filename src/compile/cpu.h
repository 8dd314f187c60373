// Names of CPUs, as --cpu takes and reports them.
#pragma once

#include <string>
#include <vector>

namespace etc::compile {

// What --cpu takes. All but generic have kernels over packed weights, which lie in one form for all of them.
std::vector<std::string> cpu_names();

// "native" becomes the name of the machine's own CPU level; other names stay. Where this build has no packed kernels all are "generic".
std::string resolve_cpu(const std::string& name);

}  // namespace etc::compile
