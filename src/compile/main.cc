// etc-compile: reads what torch.export.save writes, writes one program file.
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>

#include "emit/c_source.h"
#include "host/output.h"
#include "ir/error.h"
#include "options.h"
#include "pipeline.h"
#include "progress.h"
#include "report.h"

namespace etc::compile {
namespace {

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw CompileError(std::string("cannot write to standard output: ") + std::strerror(errno), kEnvironment);
}

CompileReport compile_to_file(const Options& o) {
  const auto start = std::chrono::steady_clock::now();
  Progress progress;
  CompileReport report;
  const Listener listener = {[&](const std::string& stage) { progress.stage(stage); }, print};
  const AlignedBytes file = compile(o.compile, listener, &report);
  progress.stage("writing " + o.output);
  host::OutputFile output(o.output);
  if (o.c_name.empty())
    output.write(file.data(), file.size());
  else
    write_c_source(file.span(), o.c_name, [&](std::string_view text) { output.write(text); });
  output.commit();
  report.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return report;
}

int run(const Options& o) {
  const CompileReport report = compile_to_file(o);
  for (const std::string& w : report.warnings) std::fprintf(stderr, "etc-compile: warning: %s\n", w.c_str());
  if (o.time_passes)
    for (const PassTimes& t : report.times) std::fprintf(stderr, "%10.3f ms  %s\n", t.milliseconds, t.name.c_str());
  if (o.explain_partition && !o.json) print(partition_text(report.partition));
  if (o.json)
    print(json_of(o, report));
  else
    std::fprintf(stderr, "%s\n", line_of(o, report).c_str());
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
    const auto options = compile::parse_options(argc, argv);
    return options ? compile::run(*options) : compile::kOk;
  } catch (const host::UserError& e) {
    return compile::report_failure(e.what(), e.code());
  } catch (const std::bad_alloc&) {
    return compile::report_failure("out of memory", compile::kEnvironment);
  } catch (const std::exception& e) {
    return compile::report_failure(std::string("internal error: ") + e.what() + "; this is a bug in etc: please report it",
                                   compile::kInternal);
  }
}
