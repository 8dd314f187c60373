// The backends that a program may call: from files, linked in, and found by name.
#pragma once

#include <string>
#include <vector>

#include "etc/program.h"

namespace etc::run {

// Tables from `libraries`, then those that are linked in, then, for what the program still lacks, those of modules libetc-NAME.so that lie
// where `make install` or the build puts them. host::UserError (kEnvironment) for a library that gives no table of this ABI. Libraries
// stay loaded until the process ends.
std::vector<const DelegateTable*> find_backends(const Program& program, const std::vector<std::string>& libraries);

}  // namespace etc::run
