// What etc-run keeps of its runs for --profile, --dump-value and --compare-with.
#pragma once

#include <memory>

#include "etc/host/observer.h"
#include "options.h"
#include "report.h"
#include "session.h"

namespace etc::run {

class Watch {
 public:
  // UserError (kUsage) for names that the program does not have.
  Watch(const Options& options, const Session& session);
  ~Watch();

  // Around each run. Only timed runs are traced; of dumped values the first run's count, as of outputs.
  void begin_run(bool is_timed);
  void end_run();
  // For Session::run of this run; null when nobody looks.
  host::Observer* observer();

  // Writes the trace, and adds to the report what was seen.
  void finish(Report* report) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace etc::run
