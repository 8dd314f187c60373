// etc-inspect: shows what is in a program file, where everything lies, and whether the plan is right.
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <new>

#include "host/error.h"
#include "host/output.h"
#include "reports.h"

namespace etc::inspect {
namespace {

using host::UserError;

struct Options {
  std::vector<std::string> programs, diff;
  std::string solve, output, abi, format = "text";
  uint64_t capacity = UINT64_MAX;
  bool io = false, plan = false, graph = false, ops = false, size = false, verify = false;
};

// False after --help or --version.
bool parse(int argc, char** argv, Options* o) {
  CLI::App app("Shows a program that etc-compile made. Without an option: a summary.", "etc-inspect");
  app.set_version_flag("--version", "etc-inspect " ETC_VERSION);
  app.add_option("PROGRAM", o->programs, "Program file (.etc); --ops takes several");
  app.add_flag("--io", o->io, "Inputs, outputs and states");
  app.add_flag("--plan", o->plan, "Every value with pool, offset, bytes, lifetime and source; the peak and the lower bound");
  app.add_flag("--graph", o->graph, "The instructions");
  app.add_flag("--ops", o->ops, "The ops and their dtypes, over all programs");
  app.add_flag("--size", o->size, "The exact bytes that a run needs");
  app.add_option("--abi", o->abi, "Machine that --size is for: lp64 (64 bits) or ilp32 (32 bits); default: this one")
      ->check(CLI::IsMember({"lp64", "ilp32"}))
      ->type_name("ABI");
  app.add_flag("--verify", o->verify, "Prove that the plan is right; exit 1 when it is not");
  app.add_option("--diff", o->diff, "What two programs do differently; exit 1 when they differ")->expected(2)->type_name("A.etc B.etc");
  app.add_option("--solve", o->solve, "Pack the lifetimes of a CSV file (id,lower,upper,size); exit 1 when they do not fit")
      ->type_name("PROBLEM.csv");
  app.add_option("--capacity", o->capacity, "Bytes for --solve; default: as few as possible")->type_name("BYTES");
  app.add_option("--format", o->format, "text or json; for --plan also svg or html")
      ->check(CLI::IsMember({"text", "json", "svg", "html"}))
      ->type_name("FORMAT");
  app.add_option("-o,--output", o->output, "Write the report to this file")->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e, std::cout, std::cerr);
    return false;
  } catch (const CLI::ParseError& e) {
    throw UserError(std::string(e.what()) + "; see etc-inspect --help", host::kUsage);
  }
  const int reports = o->io + o->plan + o->graph + o->ops + o->size + o->verify + !o->diff.empty() + !o->solve.empty();
  auto usage = [](const std::string& what) { throw UserError(what + "; see etc-inspect --help", host::kUsage); };
  if (reports > 1) usage("one report at a time");
  if (o->programs.empty() && o->diff.empty() && o->solve.empty()) usage("name a program file");
  if (!o->programs.empty() && (!o->diff.empty() || !o->solve.empty())) usage("--diff and --solve name their own files");
  if (o->programs.size() > 1 && !o->ops) usage("only --ops takes several programs");
  if (o->capacity != UINT64_MAX && o->solve.empty()) usage("--capacity goes with --solve");
  if (!o->abi.empty() && !o->size) usage("--abi goes with --size");
  if ((o->format == "svg" || o->format == "html") && !o->plan) usage("--format " + o->format + " is for --plan");
  if (!o->solve.empty() && o->format != "text") usage("--solve answers in CSV");
  return true;
}

Verdict report(const Options& o) {
  const Format format = o.format == "json"   ? Format::Json
                        : o.format == "svg"  ? Format::Svg
                        : o.format == "html" ? Format::Html
                                             : Format::Text;
  if (!o.solve.empty()) return solve_report(o.solve, o.capacity);
  if (!o.diff.empty()) return diff_report(OpenProgram(o.diff[0]), OpenProgram(o.diff[1]), format);
  std::vector<std::unique_ptr<OpenProgram>> programs;
  std::vector<const OpenProgram*> list;
  for (const std::string& path : o.programs) list.push_back(programs.emplace_back(std::make_unique<OpenProgram>(path)).get());
  const OpenProgram& program = *list[0];
  if (o.verify) return verify_report(program, format);
  if (o.io) return {io_report(program, format)};
  if (o.plan) return {format == Format::Svg || format == Format::Html ? plan_picture(program, format) : plan_report(program, format)};
  if (o.graph) return {graph_report(program, format)};
  if (o.ops) return {ops_report(list, format)};
  if (o.size) return {size_report(program, o.abi, format)};
  return {summary(program, format)};
}

int run(const Options& o) {
  const Verdict verdict = report(o);
  if (!o.output.empty()) {
    host::write_file(o.output, verdict.text);
  } else if (std::fwrite(verdict.text.data(), 1, verdict.text.size(), stdout) != verdict.text.size() || std::fflush(stdout) != 0) {
    throw UserError(std::string("cannot write to standard output: ") + std::strerror(errno), host::kEnvironment);
  }
  return verdict.yes ? host::kOk : host::kDiffers;
}

int report_failure(const std::string& what, int code) {
  std::fprintf(stderr, "etc-inspect: %s\n", what.c_str());
  return code;
}

}  // namespace
}  // namespace etc::inspect

int main(int argc, char** argv) {
  using namespace etc;
  try {
    inspect::Options options;
    return inspect::parse(argc, argv, &options) ? inspect::run(options) : host::kOk;
  } catch (const host::UserError& e) {
    return inspect::report_failure(e.what(), e.code());
  } catch (const std::bad_alloc&) {
    return inspect::report_failure("out of memory", host::kEnvironment);
  } catch (const std::exception& e) {
    return inspect::report_failure(std::string("internal error: ") + e.what() + "; please report it", host::kInternal);
  }
}
