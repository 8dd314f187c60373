// Runs a program serially, then in random orders that its dependencies allow, on one thread, and compares every bit of outputs and state.
//
//   random_orders ORDERS PROGRAM.etc [INPUT]...        exit 0: all equal; 1: they differ; else as etc-run
#include <cstdio>
#include <cstdlib>
#include <random>

#include "host/dependencies.h"
#include "host/error.h"
#include "host/method_steps.h"
#include "session.h"

namespace etc::run {
namespace {

// What a run leaves behind.
std::vector<host::NamedArray> everything(const Session& session) {
  std::vector<host::NamedArray> all = session.results();
  for (size_t i = 0; i < session.states().size(); ++i) all.emplace_back("state " + session.states()[i].name, session.state(i));
  return all;
}

class RandomOrder {
 public:
  RandomOrder(const Session::Loaded& s, const host::Dependencies& d) : session_(s), dependencies_(d) {}

  // How many times there was a choice.
  Result<uint64_t> run(uint32_t seed) {
    std::mt19937 random(seed);
    choices_ = 0;
    Method& method = session_.method;
    const auto blocks = ProgramAccess::root(session_.program).methods()[session_.index].blocks();
    method.begin();
    while (MethodSteps::block(method) != MethodSteps::kDone) {
      const format::Block& block = blocks[MethodSteps::block(method)];
      ETC_TRY(run_block(block, random));
      ETC_TRY(MethodSteps::end_block(method, block));
    }
    return choices_;
  }

 private:
  Error run_block(const format::Block& block, std::mt19937& random) {
    std::vector<uint32_t> waits = dependencies_.waits_for, ready;
    for (uint32_t i = block.first; i < block.first + block.count; ++i)
      if (waits[i] == 0) ready.push_back(i);
    Frame frame = MethodSteps::frame(session_.method);
    while (!ready.empty()) {
      choices_ += ready.size() > 1;
      std::swap(ready[random() % ready.size()], ready.back());
      const uint32_t i = ready.back();
      ready.pop_back();
      const Instr& instruction = MethodSteps::instruction(session_.method, i);
      ETC_TRY(instruction.run({&frame, &instruction}));
      for (const uint32_t s : dependencies_.after(i))
        if (--waits[s] == 0) ready.push_back(s);
    }
    return Error::Ok;
  }

  Session::Loaded session_;
  const host::Dependencies& dependencies_;
  uint64_t choices_ = 0;
};

int compare_orders(uint32_t orders, const std::string& program, const std::vector<std::string>& words) {
  SessionOptions options;
  options.program = program;
  options.threads = 1;
  Session session(options);
  const std::vector<host::Array> inputs = read_inputs(words, session.inputs(), program);
  std::vector<host::Array> state;
  for (size_t i = 0; i < session.states().size(); ++i) state.push_back(session.state(i));
  session.set_inputs(inputs);
  session.run(0);
  const std::vector<host::NamedArray> expected = everything(session);

  const Session::Loaded loaded = session.loaded();
  const host::Accesses accesses(loaded.program, loaded.index, loaded.tables);
  const auto dependencies = host::dependencies_of(loaded.program, loaded.index, accesses, nullptr);
  if (!dependencies.ok()) return std::fprintf(stderr, "%s: conflicts are not ordered\n", program.c_str()), 1;
  RandomOrder random(loaded, dependencies.value());
  uint64_t choices = 0;
  for (uint32_t seed = 0; seed < orders; ++seed) {
    for (size_t i = 0; i < state.size(); ++i) session.set_state(i, state[i]);
    session.set_inputs(inputs);
    const auto chosen = random.run(seed);
    if (!chosen.ok()) return std::fprintf(stderr, "%s: order %u fails\n", program.c_str(), seed), 1;
    choices += chosen.value();
    const std::vector<host::NamedArray> results = everything(session);
    for (size_t i = 0; i < expected.size(); ++i)
      if (results[i].second.sizes != expected[i].second.sizes || results[i].second.bytes != expected[i].second.bytes)
        return std::fprintf(stderr, "%s: order %u: %s differs\n", program.c_str(), seed, expected[i].first.c_str()), 1;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(choices));
  return 0;
}

}  // namespace
}  // namespace etc::run

int main(int argc, char** argv) {
  try {
    return etc::run::compare_orders(static_cast<uint32_t>(std::atoi(argv[1])), argv[2], {argv + 3, argv + argc});
  } catch (const etc::host::UserError& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return e.code();
  }
}
