// For tests: a program file from a graph in the text form of the IR, which needs no model file and no Python.
//   make-program GRAPH.ir PROGRAM.etc [BACKEND]...
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "emit/emit.h"
#include "ir/error.h"
#include "ir/text.h"
#include "partition/partition.h"
#include "passes/pass.h"
#include "plan/assign.h"
#include "plan/check.h"
#include "plan/lower.h"

extern const etc::compile::Backend negate_backend;  // of examples/backend

namespace etc::compile {
namespace {

// Constants that the text gives as a hash, which reads back as zeros: numbers of both signs, small, all different.
void fill_constants(Graph& graph) {
  uint32_t n = 1;
  for (Value* v : graph.constants()) {
    std::vector<float> numbers(static_cast<size_t>(v->type.numel()));
    if (v->type.dtype != DType::F32 ||
        std::any_of(v->constant.data, v->constant.data + v->constant.bytes, [](std::byte b) { return b != std::byte{0}; }))
      continue;
    for (float& x : numbers) x = static_cast<float>((n = n * 1664525u + 1013904223u) >> 16) / 65536.0f - 0.5f;
    v->constant = ConstantData::copy_of(numbers.data(), numbers.size() * sizeof(float));
  }
}

void make(const std::string& from, const std::string& to, const std::vector<std::string>& names) {
  std::ifstream file(from);
  Model model;
  model.methods.push_back(parse_graph(std::string(std::istreambuf_iterator<char>(file), {})));
  fill_constants(model.methods[0]);
  std::vector<const Backend*> backends;
  std::vector<const Backend*> known = builtin_backends();
  known.push_back(&negate_backend);
  for (const std::string& name : names)
    for (const Backend* b : known)
      if (name == b->name) backends.push_back(b);
  if (backends.size() != names.size()) throw CompileError("no such backend");
  PartitionReport report;
  run_passes(model.methods[0], all_passes(), {}, nullptr, nullptr, nullptr,
             {.partition = [&](Graph& g) { return partition(g, backends, &report); }});
  if (!backends.empty() && report.delegates.empty()) throw CompileError("the backend takes nothing of " + from);
  ProgramPlan plan = lower(model);
  plan_memory(plan, {});
  const AlignedBytes bytes = emit(plan);
  for (const PlanFault& f : check_plan(bytes.span())) throw CompileError("wrong plan: " + f.message);
  std::ofstream(to, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace
}  // namespace etc::compile

int main(int argc, char** argv) {
  try {
    if (argc < 3) return 2;
    etc::compile::make(argv[1], argv[2], {argv + 3, argv + argc});
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "make-program: %s: %s\n", argv[1], e.what());
    return 1;
  }
}
