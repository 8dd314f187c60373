// Compiled programs to try: the digit reader, and every model of the corpus that compiles (ETC_CORPUS names its folder); each for any CPU
// and for this one.
#pragma once

#include <string>
#include <vector>

#include "host/npy.h"
#include "pipeline.h"

namespace etc::testing {

struct CompiledModel {
  std::string name;  // with the CPU
  std::string cpu;
  compile::AlignedBytes file;
  compile::CompileReport report;
  std::vector<host::NamedArray> arrays;  // of its first case, as the corpus recorded them
};

const std::vector<CompiledModel>& compiled_models();

}  // namespace etc::testing
