// The compiler from end to end; read this first.
#include "pipeline.h"

#include <chrono>
#include <cstdio>

#include "import/archive.h"
#include "import/import_graph.h"
#include "ir/error.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "plan/assign.h"
#include "plan/check.h"
#include "plan/lower.h"

namespace etc::compile {
namespace {

// Times a stage and adds it to the report.
class Clock {
 public:
  explicit Clock(std::vector<PassTimes>* times) : times_(times) {}
  template <class F>
  auto stage(const char* name, F f) {
    const auto start = std::chrono::steady_clock::now();
    auto result = f();
    times_->push_back({name, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count()});
    return result;
  }

 private:
  std::vector<PassTimes>* times_;
};

struct Dump {
  const std::string& wanted;
  static void after(void* self, const Graph& graph, const char* stage) {
    const std::string& wanted = static_cast<Dump*>(self)->wanted;
    if (wanted != "all" && wanted != stage) return;
    const std::string text = print_graph(graph);
    std::fprintf(stderr, "// %s after %s\n%s", graph.name.c_str(), stage, text.c_str());
  }
};

Graph import_method(Archive& archive, const std::string& model, const std::string& method, CompileReport* report) {
  Graph graph = import_graph(
      archive.program(model), [&](const std::string& fqn) { return archive.weight(model, fqn); }, {&report->warnings});
  graph.name = method;
  verify(graph, "import");
  return graph;
}

Model import_files(const CompileOptions& options, CompileReport* report) {
  Model model;
  std::set<std::string> names;
  auto add = [&](Graph graph) {
    if (!names.insert(graph.name).second) throw CompileError("two methods are called " + graph.name + "; name them with --method NAME=FILE", kUsage);
    model.methods.push_back(std::move(graph));
  };
  for (const MethodFile& file : options.files) {
    Archive archive(file.path);
    const std::vector<std::string>& models = archive.models();
    if (models.size() > 1 && !file.method.empty())
      throw CompileError(file.path + ": holds " + std::to_string(models.size()) + " models, each becomes a method of its own name; give the file without --method", kUsage);
    try {
      for (const std::string& name : models) add(import_method(archive, name, models.size() > 1 ? name : file.method.empty() ? "forward" : file.method, report));
    } catch (const CompileError& e) {
      if (std::string(e.what()).rfind(file.path, 0) == 0) throw;
      throw CompileError(file.path + ": " + e.what(), e.code());
    }
  }
  return model;
}

void refuse_wrong_plan(const AlignedBytes& file) {
  const std::vector<PlanFault> faults = check_plan(file.span());
  if (faults.empty()) return;
  const PlanFault& f = faults[0];
  throw InternalError("the plan is wrong: method " + f.method + ", instruction " + std::to_string(f.instruction) + ": " + f.message);
}

void fill(CompileReport* report, const ProgramPlan& plan, const AlignedBytes& file) {
  report->file_bytes = file.size();
  report->weight_bytes = plan.constant_bytes;
  report->state_bytes = plan.state_bytes;
  for (const MemoryPlan& m : plan.methods) {
    CompileReport::Method method{m.method, m.instructions.size(), {}};
    for (const PlannedPool& p : m.pools) method.pools.push_back({p.name, p.bytes, p.lower_bound});
    report->methods.push_back(std::move(method));
  }
}

}  // namespace

AlignedBytes compile(const CompileOptions& options, CompileReport* report) {
  Clock clock(&report->times);
  Dump dump{options.dump_ir};

  Model model = clock.stage("import", [&] { return import_files(options, report); });
  for (Graph& graph : model.methods) {
    Dump::after(&dump, graph, "import");
    run_passes(graph, options.disabled_passes, Dump::after, &dump, &report->times);
  }
  ProgramPlan plan = clock.stage("lower", [&] { return lower(model, options.plan); });
  clock.stage("plan", [&] { return plan_memory(plan, options.plan), 0; });
  AlignedBytes file = clock.stage("emit", [&] { return emit(plan, {options.strip}); });
  clock.stage("check", [&] { return refuse_wrong_plan(file), 0; });

  fill(report, plan, file);
  return file;
}

}  // namespace etc::compile
