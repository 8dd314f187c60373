// Names of CPUs, as --cpu takes and reports them.
#pragma once

#include <string>

namespace etc::compile {

// "native" becomes the name of the machine's own CPU level; other names stay.
std::string resolve_cpu(const std::string& name);

}  // namespace etc::compile
