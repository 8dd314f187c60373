// The corpus, compiled in this process; see models.h.
#include "models.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cpu.h"
#include "host/error.h"

namespace etc::testing {
namespace {

namespace fs = std::filesystem;

void add(const fs::path& path, const std::string& cpu, std::vector<CompiledModel>* models) try {
  compile::CompileOptions options;
  options.files.push_back({"", path.string()});
  options.cpu = cpu;
  compile::CompileReport report;
  const compile::Listener silent = {[](const std::string&) {}, [](const std::string&) {}};
  CompiledModel model{path.stem().string(), cpu, compile::compile(options, silent, &report), {}, {}};
  model.report = std::move(report);
  fs::path arrays = path.parent_path() / (model.name.substr(0, model.name.find('.')) + ".npz");
  if (fs::exists(arrays)) model.arrays = host::read_arrays(arrays.string());
  model.name += ", cpu " + cpu;
  models->push_back(std::move(model));
} catch (const host::UserError&) {
  // What etc-compile refuses is for tests/corpus to judge.
}

}  // namespace

const std::vector<CompiledModel>& compiled_models() {
  static const std::vector<CompiledModel> models = [] {
    std::vector<CompiledModel> all;
    // The portable kernels, and those of this machine.
    std::vector<std::string> cpus = {"generic"};
    if (const std::string native = compile::resolve_cpu("native"); native != "generic") cpus.push_back(native);
    for (const std::string& cpu : cpus) add(DIGITS_PT2, cpu, &all);
    const char* folder = std::getenv("ETC_CORPUS");
    if (!folder || !fs::is_directory(folder)) return all;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".pt2") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths)
      for (const std::string& cpu : cpus) add(path, cpu, &all);
    return all;
  }();
  return models;
}

}  // namespace etc::testing
