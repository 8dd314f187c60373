// Loading of plugins.
#pragma once

#include <string>

#include "compiler_plugin.h"

namespace etc::compile {

// Adds what the library at `path` offers. It stays loaded. CompileError (kEnvironment) when it cannot be loaded, is no plugin, or was built
// for another build of the compiler.
void load_plugin(const std::string& path, Plugin* plugin);

}  // namespace etc::compile
