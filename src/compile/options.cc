// The command line of etc-compile. A change here changes man/etc-compile.1 and the completions.
#include "options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iostream>

#include "cpu.h"
#include "emit/c_source.h"
#include "ir/error.h"
#include "plugins.h"
#include "memory_options.h"

namespace etc::compile {
namespace {

[[noreturn]] void usage(const std::string& what) { throw CompileError(what + "; see etc-compile --help", kUsage); }

// Each pass once, in the order of the first run.
std::vector<Pass> distinct_passes(const std::vector<Pass>& passes) {
  std::vector<Pass> list;
  for (const Pass& p : passes)
    if (std::none_of(list.begin(), list.end(), [&](const Pass& q) { return std::string(p.name) == q.name; })) list.push_back(p);
  return list;
}

// `text` in a column of its own.
std::string help_line(std::string name, const std::string& text) {
  name.resize(std::max<size_t>(name.size() + 2, 20), ' ');
  return "  " + name + text + "\n";
}

std::string list_of_passes() {
  std::string all = "Passes, in order:\n";
  for (const Pass& p : distinct_passes(all_passes()))
    all += help_line(p.name, std::string(p.summary) + (p.optional ? "" : " (always runs)"));
  return all;
}

std::string list_of_backends() {
  std::string all = "Backends:\n";
  for (const Backend* b : builtin_backends()) all += help_line(b->name, b->summary);
  return all;
}

std::vector<const Backend*> find_backends(const std::vector<std::string>& names, const std::vector<const Backend*>& all) {
  std::vector<const Backend*> found;
  for (const std::string& name : names) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const Backend* b) { return name == b->name; });
    if (at == all.end()) usage("--backend: there is no backend " + name);
    if (std::find(found.begin(), found.end(), *at) != found.end()) usage("--backend: " + name + " is there twice");
    found.push_back(*at);
  }
  return found;
}

void check_pass_names(const CompileOptions& o) {
  const std::vector<Pass> passes = distinct_passes(o.passes);
  auto find = [&](const std::string& name) {
    return std::find_if(passes.begin(), passes.end(), [&](const Pass& p) { return name == p.name; });
  };
  for (const std::string& name : o.disabled_passes) {
    const auto pass = find(name);
    if (pass == passes.end()) usage("--disable-pass: there is no pass " + name);
    if (!pass->optional) usage("--disable-pass: " + name + " is needed to make a program");
  }
  const std::string& stage = o.dump_ir;
  if (!stage.empty() && stage != "all" && stage != "import" && find(stage) == passes.end()) usage("--dump-ir: there is no stage " + stage);
}

// What plugins add, with the planners and backends of this build before it.
Plugin load_plugins(const std::vector<std::string>& files) {
  Plugin all;
  all.planners = builtin_planners();
  all.backends = builtin_backends();
  for (const std::string& file : files) load_plugin(file, &all);
  return all;
}

std::vector<MethodFile> method_files(const std::string& model, const std::vector<std::string>& methods) {
  std::vector<MethodFile> files;
  if (!model.empty()) files.push_back({"", model});
  for (const std::string& m : methods) {
    const size_t at = m.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == m.size()) usage("--method takes NAME=FILE, not " + m);
    files.push_back({m.substr(0, at), m.substr(at + 1)});
  }
  if (files.empty()) usage("name a model file");
  return files;
}

MaxDims parse_max_dims(const std::vector<std::string>& words) {
  MaxDims bounds;
  for (const std::string& word : words) {
    const size_t at = word.rfind('=');
    int64_t n = 0;
    const char* end = word.data() + word.size();
    const bool is_number = at != std::string::npos && std::from_chars(word.data() + at + 1, end, n).ptr == end && at + 1 < word.size();
    if (!is_number || at == 0 || n < 1) usage("--max-dim takes INPUT.AXIS=N or SYMBOL=N with a positive number, not " + word);
    if (!bounds.emplace(word.substr(0, at), n).second) usage("--max-dim: two bounds of " + word.substr(0, at));
  }
  return bounds;
}

DType precision_option(const std::string& word, const std::string& cpu) {
  const DType dtype = word == "bf16" ? DType::BF16 : word == "f16" ? DType::F16 : DType::F32;
  if (dtype != DType::F32 && cpu == "generic")
    usage("--precision " + word + " is for kernels over packed weights, which programs for --cpu generic do without");
  return dtype;
}

// "some/net.pt2" → "net.etc"
std::string default_output(const std::string& model, const std::string& ending) {
  std::filesystem::path name = std::filesystem::path(model).filename();
  return (name.extension() == ".pt2" ? name.replace_extension(ending) : name += ending).string();
}

std::string c_name(const std::string& wanted, const std::string& output) {
  if (!wanted.empty() && !is_c_name(wanted)) usage("--symbol: " + wanted + " is no name in C and C++");
  return wanted.empty() ? c_name_of(output) : wanted;
}

void refuse_overwriting_input(const Options& o) {
  std::error_code none;  // files that do not exist are not the same
  for (const MethodFile& f : o.compile.files)
    if (std::filesystem::equivalent(f.path, o.output, none)) usage("the output " + o.output + " is the model itself");
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options o;
  std::string model, cpu = "native", precision = "f32", format = "text", optimize_for = "memory", emit = "etc", symbol;
  std::vector<std::string> methods, plugins, disabled, backends, max_dims;
  std::string planner = "search";
  std::vector<std::string> pools;
  unsigned planner_timeout_s = 60;
  CLI::App app("Compiles a PyTorch program (.pt2, what torch.export.save writes) to a program file for etc-run.", "etc-compile");
  app.set_version_flag("--version", "etc-compile " ETC_VERSION);
  app.footer(list_of_backends() + "\n" + list_of_passes());
  app.add_option("MODEL", model,
                 "Model file (.pt2), compiled as method forward; an archive of several models gives each under its own name")
      ->type_name("");
  app.add_option("-o,--output", o.output, "Program file to write; default: the model's name with .etc, in the current directory")
      ->type_name("PROGRAM.etc");
  app.add_option("--method", methods, "A further method and the model file that it comes from; methods share weights and state")
      ->allow_extra_args(false)
      ->type_name("NAME=FILE");
  app.add_option(
         "--cpu", cpu,
         "CPU to compile for: native (this one), x86-64 to x86-64-v4 or armv8-a, with fast kernels over packed weights; or generic: "
         "portable kernels alone, on every target the same bits")
      ->check(CLI::IsMember(cpu_names()))
      ->type_name("CPU");
  app.add_option("--precision", precision,
                 "Of the weights of linear layers, convolutions and LSTMs: f32 (the default), or bf16 or f16, half the bytes to read, "
                 "rounded; sums "
                 "stay f32")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}))
      ->type_name("DTYPE");
  app.add_option("--pool", pools, "A pool of memory, fastest first, in bytes or with K, M or G; without a size it has no limit")
      ->allow_extra_args(false)
      ->type_name("NAME[=SIZE]");
  app.add_option("--optimize-for", optimize_for,
                 "memory (the default), or latency: instructions that could run side by side share fewer bytes, and weights may grow "
                 "for faster convolutions")
      ->check(CLI::IsMember({"latency", "memory"}))
      ->type_name("GOAL");
  app.add_option("--max-dim", max_dims,
                 "Largest size of an input along an axis, or of a symbol that data decide; for sizes that export left open")
      ->allow_extra_args(false)
      ->type_name("INPUT.AXIS=N");
  app.add_option("--planner", planner, "Who decides where values lie: search (the default), greedy, no-reuse, or exec:CMD, any program")
      ->type_name("NAME|exec:CMD");
  app.add_option("--planner-timeout", planner_timeout_s, "Seconds that exec:CMD has for one pool; default: 60")
      ->check(CLI::Range(1u, 86400u))
      ->type_name("SECONDS");
  app.add_option("--backend", backends, "Give what it takes to this backend; several by preference. The rest stays with etc's own kernels")
      ->allow_extra_args(false)
      ->type_name("NAME");
  app.add_flag("--explain-partition", o.explain_partition,
               "Print on stdout what each backend got, and for each node that none took the reasons; with --format json in the report");
  app.add_option("--disable-pass", disabled, "Leave an optional pass out")->allow_extra_args(false)->type_name("NAME");
  app.add_option(
         "--external", o.compile.external,
         "Leave PyTorch's ops of these names, 'aten::fft_*' say, to a table of ops at run time, also those that etc has kernels for")
      ->allow_extra_args(false)
      ->type_name("PATTERN");
  app.add_option("--plugin", plugins,
                 "A library that adds passes, planners and backends (docs/compiler-passes.md); only for this very build")
      ->allow_extra_args(false)
      ->type_name("FILE.so");
  app.add_flag("--dump-ir", o.compile.dump_ir, "Print the IR on stdout after the stage import or a pass; without a name, after all of them")
      ->type_name("[=STAGE]");
  app.add_flag("--time-passes", o.time_passes, "Print on stderr how long each stage took");
  app.add_option("--emit", emit, "What to write: etc, a program file, or c, its bytes as an array in C to link into a program")
      ->check(CLI::IsMember({"etc", "c"}))
      ->type_name("KIND");
  app.add_option("--symbol", symbol, "Name of the array of --emit c; default: the output's name without .c")->type_name("NAME");
  app.add_flag("--strip", o.compile.strip, "Leave out the names of nodes, modules and source lines");
  app.add_option("--format", format, "Of the report: text, one line on stderr, or json on stdout")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e, std::cout, std::cerr);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    usage(e.what());
  }
  if (o.compile.dump_ir == "true") o.compile.dump_ir = "all";  // what CLI11 makes of a flag without a value
  o.json = format == "json";
  o.compile.plan.for_latency = optimize_for == "latency";
  o.compile.cpu = resolve_cpu(cpu);
  o.compile.precision = precision_option(precision, o.compile.cpu);
  o.compile.files = method_files(model, methods);
  o.compile.disabled_passes.insert(disabled.begin(), disabled.end());
  if (o.explain_partition && backends.empty()) usage("--explain-partition goes with --backend");
  const Plugin extended = load_plugins(plugins);
  o.compile.passes = passes_with(extended.passes);
  o.compile.backends = find_backends(backends, extended.backends);
  check_pass_names(o.compile);
  o.compile.max_dims = parse_max_dims(max_dims);
  o.compile.plan.pools = pool_options(pools);
  o.compile.plan.planner = planner_option(planner, extended.planners, planner_timeout_s);
  if (o.json && !o.compile.dump_ir.empty()) usage("--dump-ir and --format json both print on stdout");
  if (!symbol.empty() && emit != "c") usage("--symbol goes with --emit c");
  if (o.output.empty()) o.output = default_output(o.compile.files[0].path, "." + emit);
  if (emit == "c") o.c_name = c_name(symbol, o.output);
  refuse_overwriting_input(o);
  return o;
}

}  // namespace etc::compile
