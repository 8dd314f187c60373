// --verify: is the plan right; --solve: packs lifetimes from a file.
#include "host/error.h"
#include "host/mapped_file.h"
#include "ir/error.h"
#include "plan/check.h"
#include "plan/csv.h"
#include "plan/solve.h"
#include "reports.h"
#include "text.h"

namespace etc::inspect {
namespace {

using host::UserError;

std::string text_of(const std::string& path) {
  const host::Bytes file = host::map_file(path, "name a CSV with the columns lower, upper and size");
  return {reinterpret_cast<const char*>(file.data), file.size};
}

std::string join(const std::vector<std::string>& cells) {
  std::string all;
  for (const std::string& c : cells) all += c + ",";
  return all;
}

}  // namespace

Verdict verify_report(const OpenProgram& p, Format format) {
  const std::vector<compile::PlanFault> faults = compile::check_plan(p.bytes());
  const Listing& l = p.listing();
  Verdict verdict{"", faults.empty()};
  if (format == Format::Json) {
    verdict.text =
        "{\"schema_version\":1,\"program\":" + json_text(l.path) + ",\"right\":" + (faults.empty() ? "true" : "false") + ",\"faults\":[";
    for (size_t i = 0; i < faults.size(); ++i)
      verdict.text += std::string(i ? "," : "") + "{\"method\":" + json_text(faults[i].method) +
                      ",\"instruction\":" + std::to_string(faults[i].instruction) + ",\"message\":" + json_text(faults[i].message) + "}";
    verdict.text += "]}\n";
    return verdict;
  }
  for (const auto& f : faults)
    verdict.text += l.path + ": method " + f.method + (f.instruction >= 0 ? ", instruction " + std::to_string(f.instruction) : "") + ": " +
                    f.message + "\n";
  if (faults.empty()) verdict.text = l.path + ": sound, and its plan is right\n";
  return verdict;
}

Verdict solve_report(const std::string& path, uint64_t capacity) try {
  const compile::CsvTable table = compile::parse_csv(text_of(path));
  std::vector<compile::Interval> intervals = compile::intervals_of(table);
  const compile::Packing packing = compile::solve(intervals, capacity);
  Verdict verdict{"", packing.fits};
  if (!packing.fits) {
    verdict.text = path + (packing.proven_not_to_fit ? ": proven not to fit in " : ": found no packing in ") + bytes_text(capacity) +
                   "; the best found needs " + bytes_text(packing.bytes) + ", the lower bound is " +
                   bytes_text(compile::lower_bound(intervals)) + "\n";
    return verdict;
  }
  verdict.text = join(table.heading) + "offset\n";
  for (size_t i = 0; i < table.rows.size(); ++i) verdict.text += join(table.rows[i]) + std::to_string(intervals[i].offset) + "\n";
  return verdict;
} catch (const compile::CompileError& e) {
  throw UserError(path + ": " + e.what(), e.code());
}

}  // namespace etc::inspect
