// What etc-run keeps of its runs; see watch.h.
#include "watch.h"

#include <algorithm>

#include "capture.h"
#include "host/error.h"
#include "host/output.h"
#include "names.h"

namespace etc::run {
namespace {

using host::UserError;

// Calls all of its observers.
class Observers : public host::Observer {
 public:
  void clear() { all_.clear(); }
  void add(host::Observer* observer) { all_.push_back(observer); }
  bool empty() const { return all_.empty(); }
  void before(uint32_t instruction, uint32_t worker) override {
    for (host::Observer* o : all_) o->before(instruction, worker);
  }
  void after(uint32_t instruction, uint32_t worker) override {
    for (size_t i = all_.size(); i-- > 0;) all_[i]->after(instruction, worker);  // the last to begin is the first to end: times stay narrow
  }

 private:
  std::vector<host::Observer*> all_;
};

}  // namespace

struct Watch::State {
  State(const Options& o, const Session& s)
      : options(o),
        session(s.loaded()),
        accesses(session.program, session.index, session.tables),
        names(names_of(session.file, session.index)) {}

  const Options& options;
  const Session::Loaded session;
  const host::Accesses accesses;
  const MethodNames names;
  std::vector<std::string> dumped;  // names, in the order of the command line; captures in the same order
  std::vector<host::NamedArray> reference;
  std::vector<std::string> unknown;  // names of the reference that the program does not have
  std::unique_ptr<host::Trace> trace;
  std::unique_ptr<Capture> capture;
  Observers observers;
  bool is_captured = false, is_tracing = false;

  void find_values() {
    const ValueFinder finder(session.program, session.index, accesses, names);
    std::vector<uint32_t> values;
    for (const std::string& name : options.dump_values) {
      const auto value = finder.find(name);
      if (!value) throw UserError(options.session.program + ": makes no value '" + name + "'; " + hint(), host::kUsage);
      values.push_back(*value);
      dumped.push_back(name);
    }
    if (!options.compare_with.empty())
      for (host::NamedArray& array : host::read_arrays(options.compare_with)) {
        const auto value = finder.find(array.first);
        if (!value) {
          unknown.push_back(array.first);
          continue;
        }
        values.push_back(*value);
        reference.push_back(std::move(array));
      }
    if (!options.compare_with.empty() && reference.empty())
      throw UserError(
          options.compare_with + ": has no array with the name of a value that " + options.session.program + " makes; " + hint(),
          host::kUsage);
    if (!values.empty()) capture = std::make_unique<Capture>(session.program, session.index, session.method, accesses, std::move(values));
  }
  std::string hint() const {
    return names.values.empty() ? "it has been compiled with --strip, so only inputs and outputs have names"
                                : "etc-inspect --graph lists the names; passes fuse and drop values, which --disable-pass prevents";
  }

  void dump(Report* report) const {
    for (size_t i = 0; i < dumped.size(); ++i)
      if (const auto& c = capture->captured(i))
        report->results.emplace_back(free_name(*report, dumped[i]), c->array);
      else
        report->notes.push_back(dumped[i] + ": the run did not come to where it is made");
  }
  // A dumped value may be called like an output.
  static std::string free_name(const Report& report, const std::string& name) {
    const auto is_taken = [&](const std::string& n) {
      return std::any_of(report.results.begin(), report.results.end(), [&](const auto& r) { return r.first == n; });
    };
    std::string free = name;
    for (int i = 1; is_taken(free); ++i) free = name + "_" + std::to_string(i);
    return free;
  }

  void compare_values(Report* report) const {
    Walk walk;
    std::vector<std::pair<uint64_t, size_t>> order;
    for (size_t i = 0; i < reference.size(); ++i)
      if (const auto& c = capture->captured(dumped.size() + i)) order.emplace_back(c->time, i);
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    walk.unknown = unknown;
    for (const auto& [time, i] : order) {
      const Captured& c = *capture->captured(dumped.size() + i);
      const Comparison comparison = compare(c.array, reference[i].second, options.rtol, options.atol);
      ++walk.compared;
      if (comparison.equal) continue;
      walk.departure = NamedComparison{reference[i].first, comparison};
      walk.place = c.instruction == Fault::kNowhere
                       ? "there before the run"
                       : "instruction " + std::to_string(c.instruction) + " (" + text_of(names.instructions[c.instruction]) + ")";
      break;
    }
    report->walk = std::move(walk);
  }
};

Watch::Watch(const Options& options, const Session& session) {
  if (options.profile.empty() && options.dump_values.empty() && options.compare_with.empty()) return;
  state_ = std::make_unique<State>(options, session);
  state_->find_values();
  if (!options.profile.empty())
    state_->trace = std::make_unique<host::Trace>(state_->session.workers, state_->accesses.instruction_count());
}

Watch::~Watch() = default;

void Watch::begin_run(bool is_timed) {
  if (!state_) return;
  State& s = *state_;
  s.observers.clear();
  s.is_tracing = s.trace && is_timed;
  if (s.capture && !s.is_captured) {
    s.capture->begin_run();
    s.observers.add(s.capture.get());
    s.is_captured = true;
  }
  if (s.is_tracing) {
    s.observers.add(s.trace.get());
    s.trace->begin_run();
  }
}

void Watch::end_run() {
  if (state_ && state_->is_tracing) state_->trace->end_run();
}

host::Observer* Watch::observer() { return state_ && !state_->observers.empty() ? &state_->observers : nullptr; }

void Watch::finish(Report* report) const {
  if (!state_) return;
  const State& s = *state_;
  if (!s.dumped.empty()) s.dump(report);
  if (!s.reference.empty()) s.compare_values(report);
  if (!s.trace) return;
  report->profile = profile_of(*s.trace, s.names.instructions);
  host::write_file(s.options.profile,
                   host::chrome_trace(*s.trace, s.names.instructions, s.session.program, s.session.index, s.session.tables));
}

}  // namespace etc::run
