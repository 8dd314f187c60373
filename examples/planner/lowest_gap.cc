// A memory planner of our own in C++: what lives longest first, each at the lowest place where it meets nothing that is placed already.
//   c++ -O2 -shared -fPIC lowest_gap.cc $(pkg-config --cflags etc-compile) -o lowest_gap.so
//   etc-compile --plugin ./lowest_gap.so --planner lowest-gap model.pt2
#include <algorithm>
#include <vector>

#include "compiler_plugin.h"

namespace {

using namespace etc::compile;

bool meet(const Interval& a, const Interval& b) {
  return a.lower < b.upper && b.lower < a.upper && a.offset < b.offset + b.size && b.offset < a.offset + a.size;
}

void lowest_gap(PlannerProblem& problem) {
  std::vector<Interval*> order;
  for (Interval& b : problem.buffers) order.push_back(&b);
  std::stable_sort(order.begin(), order.end(),
                   [](const Interval* a, const Interval* b) { return a->upper - a->lower > b->upper - b->lower; });
  for (auto buffer = order.begin(); buffer != order.end(); ++buffer) {
    (*buffer)->offset = 0;
    const auto in_the_way = [&] {
      return std::find_if(order.begin(), buffer, [&](const Interval* other) { return meet(*other, **buffer); });
    };
    for (auto other = in_the_way(); other != buffer; other = in_the_way()) (*buffer)->offset = (*other)->offset + (*other)->size;
  }
}

}  // namespace

ETC_COMPILER_PLUGIN(plugin) { plugin.add_planner({"lowest-gap", "what lives longest first, each at the lowest place", lowest_gap}); }
