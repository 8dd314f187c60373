// The corpus, compiled in this process; see models.h.
#include "models.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "host/error.h"

namespace etc::testing {
namespace {

namespace fs = std::filesystem;

void add(const fs::path& path, std::vector<CompiledModel>* models) try {
  compile::CompileOptions options;
  options.files.push_back({"", path.string()});
  compile::CompileReport report;
  const compile::Listener silent = {[](const std::string&) {}, [](const std::string&) {}};
  CompiledModel model{path.stem().string(), compile::compile(options, silent, &report), {}, {}};
  model.report = std::move(report);
  fs::path arrays = path.parent_path() / (model.name.substr(0, model.name.find('.')) + ".npz");
  if (fs::exists(arrays)) model.arrays = host::read_arrays(arrays.string());
  models->push_back(std::move(model));
} catch (const host::UserError&) {
  // What etc-compile refuses is for tests/corpus to judge.
}

}  // namespace

const std::vector<CompiledModel>& compiled_models() {
  static const std::vector<CompiledModel> models = [] {
    std::vector<CompiledModel> all;
    add(DIGITS_PT2, &all);
    const char* folder = std::getenv("ETC_CORPUS");
    if (!folder || !fs::is_directory(folder)) return all;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".pt2") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) add(path, &all);
    return all;
  }();
  return models;
}

}  // namespace etc::testing
