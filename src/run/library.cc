// Loading of libraries with dlopen; see library.h.
#include "library.h"

#include <dlfcn.h>

#include "host/error.h"

namespace etc::run {

using host::UserError;

void* function_of_library(const std::string& path, const char* name) {
  // A bare name would be searched for in the system's folders; the user means a file.
  const std::string file = path.find('/') == path.npos ? "./" + path : path;
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw UserError(path + ": cannot be loaded: " + dlerror(), host::kEnvironment);
  return dlsym(library, name);
}

void check_library_table(const std::string& path, const LibraryTable& what, const uint32_t* abi, uint32_t wanted) {
  if (!abi)
    throw UserError(path + ": gives no " + what.name + "; export extern \"C\" const etc::" + what.type + "* " + what.function + "()",
                    host::kEnvironment);
  if (*abi != wanted)
    throw UserError(path + ": is built for " + what.abi_name + " ABI " + std::to_string(*abi) + ", this is " + std::to_string(wanted) +
                        "; build it again",
                    host::kEnvironment);
}

}  // namespace etc::run
