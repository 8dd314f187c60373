// Backends from libraries; see backends.h.
#include "backends.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "backends/delegates.h"
#include "host/error.h"

namespace etc::run {
namespace {

using host::UserError;

const DelegateTable* load_backend(const std::string& path) {
  // A bare name would be searched for in the system's folders; the user means a file.
  const std::string file = path.find('/') == path.npos ? "./" + path : path;
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw UserError(path + ": cannot be loaded: " + dlerror(), host::kEnvironment);
  using EtcDelegate = const DelegateTable* (*)();
  const auto etc_delegate = reinterpret_cast<EtcDelegate>(dlsym(library, "etc_delegate"));
  const DelegateTable* table = etc_delegate ? etc_delegate() : nullptr;
  if (!table)
    throw UserError(path + ": gives no backend; export extern \"C\" const etc::DelegateTable* etc_delegate()", host::kEnvironment);
  if (table->abi != DelegateTable::kAbi)
    throw UserError(path + ": is built for backend ABI " + std::to_string(table->abi) + ", this is " + std::to_string(DelegateTable::kAbi) +
                        "; build it again",
                    host::kEnvironment);
  return table;
}

// The name comes from a file: it must not lead anywhere else.
bool is_plain(const std::string& name) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_word);
}

std::string folder_of_this_program() {
  char path[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  const std::string all(path, n > 0 ? static_cast<size_t>(n) : 0);
  return all.substr(0, all.rfind('/') + 1);
}

// Beside the installed program, and in the build's folder.
std::string module_of(const std::string& name) {
  const std::string here = folder_of_this_program();
  for (const char* folder : {ETC_MODULE_FOLDER "/", "../../backends/"})
    if (const std::string path = here + folder + "libetc-" + name + ".so"; access(path.c_str(), R_OK) == 0) return path;
  return "";
}

}  // namespace

std::vector<const DelegateTable*> find_backends(const Program& program, const std::vector<std::string>& libraries) {
  std::vector<const DelegateTable*> tables;
  for (const std::string& library : libraries) tables.push_back(load_backend(library));
  for (const DelegateTable* table : builtin_delegates()) tables.push_back(table);
  for (uint32_t d = 0; d < program.delegate_count(); ++d) {
    const Text text = program.delegate_name(d);
    const std::string name(text.data, text.size);
    if (!is_plain(name) || program.find_delegate(d, {tables.data(), tables.size()})) continue;
    if (const std::string path = module_of(name); !path.empty()) tables.push_back(load_backend(path));
  }
  return tables;
}

}  // namespace etc::run
