// The compiler from end to end; read compile(), at the bottom, first.
#include "pipeline.h"

#include <chrono>

#include "import/archive.h"
#include "import/import_graph.h"
#include "ir/error.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "passes/narrow_weights.h"
#include "plan/assign.h"
#include "plan/check.h"
#include "plan/latency.h"
#include "plan/lower.h"

namespace etc::compile {
namespace {

// Announces and times stages.
class Stages {
 public:
  Stages(const Listener& listener, std::vector<PassTimes>* times) : listener_(listener), times_(times) {}
  template <class F>
  auto run(const char* name, F f) {
    listener_.stage(name);
    const auto start = std::chrono::steady_clock::now();
    auto result = f();
    times_->push_back({name, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count()});
    return result;
  }

 private:
  const Listener& listener_;
  std::vector<PassTimes>* times_;
};

// Errors in the model of a file name that file.
template <class F>
auto blaming(const std::string& path, F f) {
  try {
    return f();
  } catch (const CompileError& e) {
    if (std::string(e.what()).rfind(path, 0) == 0) throw;
    throw CompileError(path + ": " + e.what(), e.code());
  }
}

struct Imported {
  Model model;
  std::vector<std::string> paths;  // of each method
};

Graph import_method(Archive& archive, const std::string& model, const std::string& method, const ImportOptions& options) {
  Graph graph = import_graph(
      archive.program(model), [&](const std::string& fqn) { return archive.weight(model, fqn); }, options);
  graph.name = method;
  verify(graph, "import");
  return graph;
}

void refuse_unknown_bounds(const MaxDims& bounds, const BoundUse& use) {
  for (const auto& [name, bound] : bounds) {
    if (use.known.count(name)) continue;
    std::string names;
    for (const std::string& n : use.names) names += (names.empty() ? "" : ", ") + n;
    throw CompileError("--max-dim: the model has no dimension or symbol " + name + "; " +
                           (names.empty() ? "all sizes of its inputs are fixed" : "those that vary are " + names),
                       kUsage);
  }
}

Imported import_files(const std::vector<MethodFile>& files, const ImportOptions& options) {
  Imported imported;
  std::set<std::string> names;
  for (const MethodFile& file : files) {
    Archive archive(file.path);
    const std::vector<std::string>& models = archive.models();
    if (models.size() > 1 && !file.method.empty())
      throw CompileError(file.path + ": holds " + std::to_string(models.size()) +
                             " models, each becomes a method of its own name; give the file without --method",
                         kUsage);
    for (const std::string& name : models) {
      const std::string method = models.size() > 1 ? name : file.method.empty() ? "forward" : file.method;
      if (!names.insert(method).second)
        throw CompileError("two methods are called " + method + "; name them with --method NAME=FILE", kUsage);
      imported.model.methods.push_back(blaming(file.path, [&] { return import_method(archive, name, method, options); }));
      imported.paths.push_back(file.path);
    }
  }
  return imported;
}

// What one method writes, the others must read where it lies. So where there are several, and states, import comes twice.
Imported import_all(const CompileOptions& options, CompileReport* report) {
  BoundUse use;
  ImportOptions once;
  once.warnings = &report->warnings;
  once.max_dims = options.max_dims;
  once.bound_use = &use;
  once.external = options.external;
  Imported imported = import_files(options.files, once);
  refuse_unknown_bounds(options.max_dims, use);
  ImportOptions again;
  again.external = options.external;
  again.max_dims = options.max_dims;
  for (const Graph& graph : imported.model.methods)
    for (const Value* state : graph.states) again.states.insert(state->label);
  return imported.model.methods.size() > 1 && !again.states.empty() ? import_files(options.files, again) : std::move(imported);
}

struct Dump {
  const std::string& wanted;
  const Listener& listener;
  static void after(void* self, const Graph& graph, const char* stage) {
    const Dump& dump = *static_cast<Dump*>(self);
    if (dump.wanted == "all" || dump.wanted == stage) dump.listener.dump("# after " + std::string(stage) + "\n" + print_graph(graph));
  }
};

// Programs for any CPU have no need of what prepares for packed kernels.
std::vector<Pass> passes_for_cpu(const CompileOptions& options) {
  std::vector<Pass> passes = options.passes;
  if (options.cpu == "generic") std::erase_if(passes, [](const Pass& p) { return p.needs_packed_kernels; });
  if (!options.plan.for_latency) std::erase_if(passes, [](const Pass& p) { return p.for_latency; });
  return passes;
}

void optimise(Imported& imported, const CompileOptions& options, const Listener& listener, CompileReport* report) {
  Dump dump{options.dump_ir, listener};
  const std::vector<Pass> passes = passes_for_cpu(options);
  OptionalWork work;
  work.partition = [&](Graph& g) { return partition(g, options.backends, &report->partition); };
  int narrow = 0;
  if (options.precision != DType::F32)
    work.narrow_weights = [&](Graph& g) {
      const int made = narrow_weights(g, options.precision, &report->warnings);
      narrow += made;
      return made > 0;
    };
  for (size_t i = 0; i < imported.paths.size(); ++i) {
    Graph& graph = imported.model.methods[i];
    listener.stage("passes over " + graph.name);
    Dump::after(&dump, graph, "import");
    blaming(imported.paths[i], [&] { run_passes(graph, passes, options.disabled_passes, Dump::after, &dump, &report->times, work); });
  }
  if (work.narrow_weights && narrow == 0)
    report->warnings.push_back(std::string("--precision ") + name_of(options.precision) +
                               " changes nothing: there is no linear layer, convolution or LSTM over packed weights of f32");
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
    for (const PlannedPool& p : m.pools) method.pools.push_back({p.name, p.capacity, p.bytes, p.lower_bound, p.proven_optimal});
    report->methods.push_back(std::move(method));
  }
}

}  // namespace

AlignedBytes compile(const CompileOptions& options, const Listener& listener, CompileReport* report) {
  Stages stages(listener, &report->times);

  Imported imported = stages.run("import", [&] { return import_all(options, report); });
  optimise(imported, options, listener, report);
  ProgramPlan plan = stages.run("lower", [&] { return lower(imported.model, options.plan); });
  stages.run("plan", [&] { return plan_memory(plan, options.plan), 0; });
  if (options.plan.for_latency) stages.run("plan for latency", [&] { return plan_for_latency(plan, options.plan), 0; });
  AlignedBytes file = stages.run("emit", [&] { return emit(plan, {options.strip}); });
  stages.run("check", [&] { return refuse_wrong_plan(file), 0; });

  fill(report, plan, file);
  return file;
}

}  // namespace etc::compile
