// The list of checks; see suite.h.
#include "suite.h"

#include <algorithm>
#include <cstring>

namespace etc::conformance {
namespace {

std::string check_table(const DelegateTable& t) {
  constexpr uint32_t kKnown = DelegateTable::kDynamicSizes | DelegateTable::kAllocates | DelegateTable::kAllocatesInExecute;
  if (t.abi != DelegateTable::kAbi) return "is of another ABI";
  if (!t.name || !*t.name) return "has no name";
  for (const char* c = t.name; *c; ++c)
    if (!std::strchr("abcdefghijklmnopqrstuvwxyz0123456789_", *c)) return "its name has other characters than a-z, 0-9 and _";
  if (!t.init) return "has no init";
  if (!t.execute && !(t.start && t.finish)) return "has neither execute nor start and finish";
  if (t.flags & ~kKnown) return "has flags that mean nothing";
  return "";
}

struct Check {
  const char* name;
  std::string (*run)(const Subject&, const Case&);
};
constexpr Check kChecks[] = {{"answers", check_answers},         {"instances", check_instances},
                             {"threads", check_threads},         {"places", check_places},
                             {"varying sizes", check_varying},   {"failed init", check_failed_init},
                             {"failed run", check_failed_run},   {"heap", check_heap},
                             {"no memory", check_no_memory},     {"dynamic sizes", check_sizes},
                             {"wrong operands", check_operands}, {"damaged blobs", check_blobs}};

}  // namespace

bool run_suite(const Subject& subject, const std::function<void(const Finding&)>& tell) {
  const std::string fault = check_table(*subject.table);
  tell({"table", fault});
  if (!fault.empty()) return false;
  bool passed = true;
  for (const Case& c : subject.cases) {
    for (const Check& check : kChecks) {
      if (std::find(subject.skipped.begin(), subject.skipped.end(), check.name) != subject.skipped.end()) continue;
      const Finding finding{c.name + ": " + check.name, check.run(subject, c)};
      passed = passed && finding.fault.empty();
      tell(finding);
      if (check.run == check_answers && !finding.fault.empty()) break;  // the others need them
    }
  }
  return passed;
}

}  // namespace etc::conformance
