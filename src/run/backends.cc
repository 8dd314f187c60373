// Backends from libraries; see backends.h.
#include "backends.h"

#include <unistd.h>

#include <algorithm>
#include <climits>

#include "backends/delegates.h"
#include "library.h"

namespace etc::run {
namespace {

constexpr LibraryTable kBackend = {"etc_delegate", "DelegateTable", "backend", "backend"};

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
  for (const std::string& library : libraries) tables.push_back(table_of_library<DelegateTable>(library, kBackend));
  for (const DelegateTable* table : builtin_delegates()) tables.push_back(table);
  for (uint32_t d = 0; d < program.delegate_count(); ++d) {
    const Text text = program.delegate_name(d);
    const std::string name(text.data, text.size);
    if (!is_plain(name) || program.find_delegate(d, {tables.data(), tables.size()})) continue;
    if (const std::string path = module_of(name); !path.empty()) tables.push_back(table_of_library<DelegateTable>(path, kBackend));
  }
  return tables;
}

}  // namespace etc::run
