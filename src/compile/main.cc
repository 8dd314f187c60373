// etc-compile: reads what torch.export.save writes, writes one program file.
#include <CLI/CLI.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <new>

#include "host/output.h"
#include "ir/error.h"
#include "pipeline.h"

namespace etc::compile {
namespace {

struct Options {
  CompileOptions compile;
  std::string output, cpu = "native", format = "text";
  bool time_passes = false;
};

[[noreturn]] void usage(const std::string& what) { throw CompileError(what + "; see etc-compile --help", kUsage); }

std::string list_of_passes() {
  std::string all = "Passes, in order:\n";
  for (const Pass& p : all_passes()) {
    std::string name = p.name;
    name.resize(std::max<size_t>(name.size() + 2, 22), ' ');
    all += "  " + name + p.summary + (p.optional ? "" : " (always runs)") + "\n";
  }
  return all;
}

void check_pass_names(const Options& o) {
  auto find = [](const std::string& name) -> const Pass* {
    for (const Pass& p : all_passes())
      if (name == p.name) return &p;
    return nullptr;
  };
  for (const std::string& name : o.compile.disabled_passes) {
    const Pass* pass = find(name);
    if (!pass) usage("--disable-pass: there is no pass " + name);
    if (!pass->optional) usage("--disable-pass: " + name + " is needed to make a program");
  }
  const std::string& stage = o.compile.dump_ir;
  if (!stage.empty() && stage != "all" && stage != "import" && !find(stage)) usage("--dump-ir: there is no stage " + stage);
}

// False after --help or --version.
bool parse(int argc, char** argv, Options* o) {
  CLI::App app("Compiles a PyTorch program (.pt2, what torch.export.save writes) to a program file for etc-run.", "etc-compile");
  std::vector<std::string> models, methods, disabled;
  app.set_version_flag("--version", "etc-compile " ETC_VERSION);
  app.footer(list_of_passes());
  app.add_option("MODEL", models, "Model file (.pt2), compiled as method forward; an archive of several models gives each under its own name")->expected(0, 1);
  app.add_option("-o,--output", o->output, "Program file to write; default: the first model's name with .etc, in the current directory")->type_name("PROGRAM.etc");
  app.add_option("--method", methods, "A further method and the model file that it comes from; methods share weights and state")->allow_extra_args(false)->type_name("NAME=FILE");
  app.add_option("--cpu", o->cpu, "CPU to pack for: native or generic. Programs of this version are the same for both")->check(CLI::IsMember({"native", "generic"}))->type_name("CPU");
  app.add_option("--disable-pass", disabled, "Leave an optional pass out")->allow_extra_args(false)->type_name("NAME");
  app.add_option("--dump-ir", o->compile.dump_ir, "Print the IR on stderr after a stage: import or a pass; without a name, after all")->expected(0, 1)->default_str("all")->type_name("STAGE");
  app.add_flag("--time-passes", o->time_passes, "Print on stderr how long each stage took");
  app.add_flag("--strip", o->compile.strip, "Leave out the names of nodes, modules and source lines");
  app.add_option("--format", o->format, "Of the report: text, one line on stderr, or json on stdout")->check(CLI::IsMember({"text", "json"}))->type_name("FORMAT");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e, std::cout, std::cerr);
    return false;
  } catch (const CLI::ParseError& e) {
    usage(e.what());
  }
  if (app.count("--dump-ir") && o->compile.dump_ir.empty()) o->compile.dump_ir = "all";
  for (const std::string& m : models) o->compile.files.push_back({"", m});
  for (const std::string& m : methods) {
    const size_t at = m.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == m.size()) usage("--method takes NAME=FILE, not " + m);
    o->compile.files.push_back({m.substr(0, at), m.substr(at + 1)});
  }
  if (o->compile.files.empty()) usage("name a model file");
  o->compile.disabled_passes.insert(disabled.begin(), disabled.end());
  check_pass_names(*o);
  if (o->output.empty()) {
    std::filesystem::path name = std::filesystem::path(o->compile.files[0].path).filename();
    o->output = name.replace_extension(".etc").string();
  }
  return true;
}

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (unsigned char c : text) {
    char escape[8];
    if (c == '"' || c == '\\') quoted += {'\\', static_cast<char>(c)};
    else if (c < 0x20) std::snprintf(escape, sizeof escape, "\\u%04x", c), quoted += escape;
    else quoted += static_cast<char>(c);
  }
  return quoted + "\"";
}

std::string json_of(const Options& o, const CompileReport& r, double milliseconds) {
  auto number = [](double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", x);
    return std::string(text);
  };
  std::string all = "{\"schema_version\":1,\"program\":" + json_text(o.output) + ",\"cpu\":\"generic\",\"file_bytes\":" + std::to_string(r.file_bytes) +
                    ",\"weight_bytes\":" + std::to_string(r.weight_bytes) + ",\"state_bytes\":" + std::to_string(r.state_bytes) + ",\"methods\":[";
  for (size_t m = 0; m < r.methods.size(); ++m) {
    all += std::string(m ? "," : "") + "{\"name\":" + json_text(r.methods[m].name) + ",\"instructions\":" + std::to_string(r.methods[m].instructions) + ",\"pools\":[";
    for (size_t p = 0; p < r.methods[m].pools.size(); ++p) {
      const CompileReport::Pool& pool = r.methods[m].pools[p];
      all += std::string(p ? "," : "") + "{\"name\":" + json_text(pool.name) + ",\"bytes\":" + std::to_string(pool.bytes) + ",\"lower_bound\":" + std::to_string(pool.lower_bound) + "}";
    }
    all += "]}";
  }
  all += "],\"warnings\":[";
  for (size_t i = 0; i < r.warnings.size(); ++i) all += (i ? "," : "") + json_text(r.warnings[i]);
  all += "],\"stages\":[";
  for (size_t i = 0; i < r.times.size(); ++i) all += std::string(i ? "," : "") + "{\"name\":" + json_text(r.times[i].name) + ",\"milliseconds\":" + number(r.times[i].milliseconds) + "}";
  return all + "],\"milliseconds\":" + number(milliseconds) + "}\n";
}

std::string bytes_text(uint64_t bytes) {
  char text[32];
  if (bytes < 10000) std::snprintf(text, sizeof text, "%llu bytes", static_cast<unsigned long long>(bytes));
  else if (bytes < 10'000'000) std::snprintf(text, sizeof text, "%.1f kB", static_cast<double>(bytes) / 1e3);
  else std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

// "digits.etc: 19.9 kB, weights 14.2 kB, pool main 8448 bytes (lower bound 8448), 9 instructions, 0.02 s"
std::string line_of(const Options& o, const CompileReport& r, double milliseconds) {
  std::string line = o.output + ": " + bytes_text(r.file_bytes) + ", weights " + bytes_text(r.weight_bytes);
  if (r.state_bytes) line += ", state " + bytes_text(r.state_bytes);
  for (const CompileReport::Method& m : r.methods) {
    if (r.methods.size() > 1) line += "; method " + m.name;
    for (const CompileReport::Pool& p : m.pools) line += ", pool " + p.name + " " + std::to_string(p.bytes) + " bytes (lower bound " + std::to_string(p.lower_bound) + ")";
    line += ", " + std::to_string(m.instructions) + " instructions";
  }
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, ", %.2f s", milliseconds / 1e3);
  return line + seconds;
}

int run(const Options& o) {
  const auto start = std::chrono::steady_clock::now();
  CompileReport report;
  const AlignedBytes file = compile(o.compile, &report);
  host::OutputFile output(o.output);
  output.write(file.data(), file.size());
  output.commit();
  const double milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

  for (const std::string& w : report.warnings) std::fprintf(stderr, "etc-compile: warning: %s\n", w.c_str());
  if (o.time_passes)
    for (const PassTimes& t : report.times) std::fprintf(stderr, "%10.3f ms  %s\n", t.milliseconds, t.name.c_str());
  if (o.format == "text") {
    std::fprintf(stderr, "%s\n", line_of(o, report, milliseconds).c_str());
    return kOk;
  }
  const std::string json = json_of(o, report, milliseconds);
  if (std::fwrite(json.data(), 1, json.size(), stdout) != json.size() || std::fflush(stdout) != 0)
    throw CompileError(std::string("cannot write to standard output: ") + std::strerror(errno), kEnvironment);
  return kOk;
}

int report_failure(const std::string& what, int code) {
  std::fprintf(stderr, "etc-compile: %s\n", what.c_str());
  return code;
}

}  // namespace
}  // namespace etc::compile

int main(int argc, char** argv) {
  using namespace etc;
  try {
    compile::Options options;
    return compile::parse(argc, argv, &options) ? compile::run(options) : compile::kOk;
  } catch (const host::UserError& e) {
    return compile::report_failure(e.what(), e.code());
  } catch (const std::bad_alloc&) {
    return compile::report_failure("out of memory", compile::kEnvironment);
  } catch (const std::exception& e) {
    return compile::report_failure(std::string("internal error: ") + e.what() + "; please report it", compile::kInternal);
  }
}
