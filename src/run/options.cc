// The command line of etc-run. A change here changes man/etc-run.1.
#include "options.h"

#include <CLI/CLI.hpp>

#include <charconv>
#include <iostream>

#include "host/error.h"

namespace etc::run {

std::optional<Options> parse_options(int argc, char** argv) {
  Options o;
  std::string format = "text";
  double rtol = 0, atol = 0;
  CLI::App app("Runs a program that etc-compile made.", "etc-run");
  app.set_version_flag("--version", "etc-run " ETC_VERSION);
  app.add_option("PROGRAM", o.session.program, "Program file (.etc)")->required();
  app.add_option("INPUT", o.inputs,
                 "[NAME=]INPUT: an .npy or .npz file (./ forces a file), a literal 2x3xf32=1,2,3,4,5,6, =random:SEED or =zeros");
  app.add_option("-o,--output", o.output, "Write outputs, and inputs that the program changed, to this .npz instead of printing them")
      ->type_name("FILE.npz");
  app.add_option("--method", o.session.method, "Method to run; needed when there are several and none is called forward")
      ->type_name("NAME");
  app.add_option("--expect", o.expect, "Compare the outputs with these arrays; exit 1 when they differ")->type_name("FILE.npz");
  auto* rtol_option = app.add_option("--rtol", rtol, "Relative tolerance of --expect; default: by dtype, as torch.testing.assert_close")
                          ->check(CLI::NonNegativeNumber)
                          ->type_name("R");
  auto* atol_option = app.add_option("--atol", atol, "Absolute tolerance of --expect")->check(CLI::NonNegativeNumber)->type_name("A");
  app.add_option("--repeat", o.repeat, "Run N times and report the time of a run: min, median, p90, p99, and of loading")
      ->check(CLI::Range(1u, 1000000000u))
      ->type_name("N");
  app.add_option("--warmup", o.warmup, "Run N times before that, not timed")->check(CLI::Range(0u, 1000000000u))->type_name("N");
  app.add_option("--threads", o.session.threads, "Threads, inside of ops or with --async; default: all cores. Results do not depend on it")
      ->check(CLI::Range(1u, 1024u))
      ->type_name("N");
  app.add_flag("--async", o.session.async, "Run instructions side by side that do not wait for each other");
  app.add_option("--max-instructions", o.max_instructions, "Stop a run after N instructions, with an error")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX))
      ->type_name("N");
  app.add_option("--ops", o.session.op_libraries, "Ops from a library that exports etc_ops; asked before the built-in ones")
      ->allow_extra_args(false)
      ->type_name("FILE.so");
  app.add_option("--profile", o.profile,
                 "Write when each instruction ran to this file, for Perfetto or chrome://tracing, and a table to stderr")
      ->type_name("TRACE.json");
  app.add_option("--dump-value", o.dump_values, "Print or write this value too, as it is right after it has been made")
      ->allow_extra_args(false)
      ->type_name("NAME");
  app.add_option("--compare-with", o.compare_with, "Find the first value that departs from the array of its name; exit 1 when there is one")
      ->type_name("FILE.npz");
  app.add_option("--backend", o.session.backend_libraries, "A backend from a library that exports etc_delegate; asked before the others")
      ->allow_extra_args(false)
      ->type_name("FILE.so");
  app.add_option("--load-state", o.load_state, "State to begin with; states that it does not hold begin as the model was exported")
      ->type_name("FILE.npz");
  app.add_option("--save-state", o.save_state, "Write the state after the last run")->type_name("FILE.npz");
  app.add_option("--seed", o.seed, "Seed of the random numbers that the program draws; default: as the state says, 0 at first")
      ->check([](const std::string& word) {  // CLI11 takes what does not fit for something else
        uint64_t seed;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seed);
        return error == std::errc() && end == word.data() + word.size() ? "" : word + " is no number from 0 to 2^64-1";
      })
      ->type_name("N");
  app.add_option("--format", format, "Of what is printed on stdout: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    app.exit(e, std::cout, std::cerr);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    throw host::UserError(std::string(e.what()) + "; see etc-run --help", host::kUsage);
  }
  if (*rtol_option) o.rtol = rtol;
  if (*atol_option) o.atol = atol;
  if ((o.rtol || o.atol) && o.expect.empty() && o.compare_with.empty())
    throw host::UserError("--rtol and --atol go with --expect or --compare-with; see etc-run --help", host::kUsage);
  if (o.session.async && (!o.dump_values.empty() || !o.compare_with.empty()))
    throw host::UserError("--dump-value and --compare-with look at one instruction after the other; leave --async out", host::kUsage);
  o.json = format == "json";
  return o;
}

}  // namespace etc::run
