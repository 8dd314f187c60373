// etc-backend-test: the conformance suite over a backend's library.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "backends/delegates.h"
#include "suite.h"

namespace etc::conformance {
namespace {

constexpr const char* kUsage =
    "usage: etc-backend-test BACKEND.so|NAME PROGRAM.etc BASELINE.etc [PROGRAM.etc BASELINE.etc]... [--rtol R] [--atol A]\n"
    "                        [--skip CHECK]...\n"
    "PROGRAM.etc is a model compiled with --backend, BASELINE.etc the same one without. Exit 1 when the backend does not conform.\n";

[[noreturn]] void stop(const std::string& what, int code) {
  std::fprintf(stderr, "etc-backend-test: %s\n", what.c_str());
  std::exit(code);
}

const DelegateTable* find_table(const std::string& name) {
  for (const DelegateTable* t : builtin_delegates())
    if (name == t->name) return t;
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) stop(dlerror(), 4);
  const auto etc_delegate = reinterpret_cast<const DelegateTable* (*)()>(dlsym(library, "etc_delegate"));
  if (!etc_delegate || !etc_delegate()) stop(name + ": gives no backend", 4);
  return etc_delegate();
}

std::vector<std::byte> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) stop(path + ": cannot be read", 4);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  return {data, data + bytes.size()};
}

int run(int argc, char** argv) {
  Subject subject;
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if ((word == "--rtol" || word == "--atol") && i + 1 < argc)
      (word == "--rtol" ? subject.rtol : subject.atol) = std::atof(argv[++i]);
    else if (word == "--skip" && i + 1 < argc)
      subject.skipped.push_back(argv[++i]);
    else
      words.push_back(word);
  }
  if (words.size() < 3 || words.size() % 2 == 0) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  subject.table = find_table(words[0]);
  for (size_t i = 1; i < words.size(); i += 2)
    subject.cases.push_back({words[i].substr(words[i].rfind('/') + 1), read(words[i]), read(words[i + 1])});
  const bool passed = run_suite(subject, [](const Finding& f) {
    std::printf("%s %s%s%s\n", f.fault.empty() ? "ok  " : "FAIL", f.check.c_str(), f.fault.empty() ? "" : ": ", f.fault.c_str());
    std::fflush(stdout);
  });
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace etc::conformance

int main(int argc, char** argv) { return etc::conformance::run(argc, argv); }
