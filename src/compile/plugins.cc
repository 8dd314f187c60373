// Loading of plugins with dlopen.
#include "plugins.h"

#include <dlfcn.h>

#include <cstring>

#include "ir/error.h"

namespace etc::compile {

void load_plugin(const std::string& path, Plugin* plugin) {
  // A bare name would be searched for in the system's folders; the user means a file. Lazily: a library of another build may lack symbols,
  // and shall be refused for what it is.
  const std::string file = path.find('/') == path.npos ? "./" + path : path;
  void* library = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (!library) throw CompileError(path + ": cannot be loaded: " + dlerror(), kEnvironment);
  const auto build = reinterpret_cast<const char* (*)()>(dlsym(library, "etc_plugin_build"));
  const auto enter = reinterpret_cast<void (*)(Plugin&)>(dlsym(library, "etc_plugin_register"));
  if (!build || !enter) throw CompileError(path + ": is no compiler plugin; it must say ETC_COMPILER_PLUGIN", kEnvironment);
  if (std::strcmp(build(), ETC_BUILD_ID) != 0)
    throw CompileError(
        path + ": is built for " + build() + ", this is " + ETC_BUILD_ID + "; build it again with the headers of this etc-compile",
        kEnvironment);
  enter(*plugin);
}

}  // namespace etc::compile
