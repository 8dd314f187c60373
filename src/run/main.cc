// etc-run: loads a program, runs it on the given inputs, and shows, compares or times the outputs.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>
#include <optional>

#include "host/error.h"
#include "host/npy.h"
#include "inputs.h"
#include "options.h"
#include "report.h"
#include "session.h"
#include "state_file.h"
#include "watch.h"

namespace etc::run {
namespace {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw host::UserError(std::string("cannot write to standard output: ") + std::strerror(errno), host::kEnvironment);
}

int run(const Options& o) {
  Report report;
  const int64_t start = now_ns();
  Session session(o.session);
  report.times.load_ns = now_ns() - start;
  report.program = o.session.program;
  report.method = session.method_name();
  report.backend_heap_bytes = session.backend_heap_bytes();

  const std::vector<host::Array> inputs = read_inputs(o.inputs, session.inputs(), o.session.program);
  const auto expected = o.expect.empty() ? std::vector<host::NamedArray>() : host::read_arrays(o.expect);
  if (!o.load_state.empty()) load_state(o.load_state, &session);
  if (o.seed) session.seed(*o.seed);

  Watch watch(o, session);
  if (o.json) paint_pools(session.loaded());

  const uint64_t runs = uint64_t{o.warmup} + std::max(o.repeat, 1u);
  for (uint64_t i = 0; i < runs; ++i) {
    session.set_inputs(inputs);
    watch.begin_run(i >= o.warmup);
    const int64_t before = now_ns();
    session.run(o.max_instructions, watch.observer());
    if (i >= o.warmup) report.times.runs_ns.push_back(now_ns() - before);
    watch.end_run();
    if (i == 0) report.results = session.results();
  }
  if (!o.save_state.empty()) save_state(o.save_state, session);
  if (o.json) report.pools = pool_use(session.loaded());

  report.timed = o.repeat > 0;
  report.print_values = o.output.empty() && o.expect.empty() && o.compare_with.empty() && !report.timed;
  if (!o.expect.empty()) compare_results(expected, session.output_count(), o.rtol, o.atol, &report);
  watch.finish(&report);
  if (!o.output.empty()) host::write_npz(o.output, report.results);
  for (const std::string& note : report.notes) std::fprintf(stderr, "etc-run: %s\n", note.c_str());
  if (report.profile && !o.json) std::fputs(text_of(*report.profile).c_str(), stderr);
  print(o.json ? json_of(report) : text_of(report));
  return report.equal() ? host::kOk : host::kDiffers;
}

int report_failure(const std::string& what, int code) {
  std::fprintf(stderr, "etc-run: %s\n", what.c_str());
  return code;
}

}  // namespace
}  // namespace etc::run

int main(int argc, char** argv) {
  using namespace etc;
  try {
    const auto options = run::parse_options(argc, argv);
    return options ? run::run(*options) : host::kOk;
  } catch (const host::UserError& e) {
    return run::report_failure(e.what(), e.code());
  } catch (const std::bad_alloc&) {
    return run::report_failure("out of memory", host::kEnvironment);
  } catch (const std::exception& e) {
    return run::report_failure(std::string("internal error: ") + e.what() + "; please report it", host::kInternal);
  }
}
