// --verify: is the plan right; --solve: packs lifetimes from a file.
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "host/error.h"
#include "plan/check.h"
#include "plan/solve.h"
#include "reports.h"
#include "text.h"

namespace etc::inspect {
namespace {

using host::UserError;

template <class T>
T number_of(const std::string& path, size_t line, const std::string& cell) {
  T n{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), n);
  if (error != std::errc() || end != cell.data() + cell.size())
    throw UserError(path + ": line " + std::to_string(line) + ": '" + cell + "' is no number", host::kBadInput);
  return n;
}

std::vector<std::string> cells_of(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
  return cells;
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

Verdict solve_report(const std::string& path, uint64_t capacity) {
  std::ifstream file(path);
  if (!file) throw UserError(path + ": cannot be opened: " + std::strerror(errno), host::kEnvironment);
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> heading = cells_of(line);
  size_t lower = heading.size(), upper = lower, size = lower;
  for (size_t c = 0; c < heading.size(); ++c) {
    if (heading[c] == "lower") lower = c;
    if (heading[c] == "upper") upper = c;
    if (heading[c] == "size") size = c;
  }
  if (lower == heading.size() || upper == heading.size() || size == heading.size())
    throw UserError(path + ": line 1: the heading must name id, lower, upper and size", host::kBadInput);
  std::vector<std::vector<std::string>> rows;
  std::vector<compile::Interval> intervals;
  for (size_t n = 2; std::getline(file, line); ++n) {
    if (line.empty() || line == "\r") continue;
    rows.push_back(cells_of(line));
    if (rows.back().size() != heading.size())
      throw UserError(path + ": line " + std::to_string(n) + " has " + std::to_string(rows.back().size()) + " cells, the heading " +
                          std::to_string(heading.size()),
                      host::kBadInput);
    compile::Interval i;
    i.lower = number_of<int64_t>(path, n, rows.back()[lower]);
    i.upper = number_of<int64_t>(path, n, rows.back()[upper]);
    i.size = number_of<uint64_t>(path, n, rows.back()[size]);
    if (i.upper <= i.lower) throw UserError(path + ": line " + std::to_string(n) + ": upper must be greater than lower", host::kBadInput);
    if (i.size > (uint64_t{1} << 60))
      throw UserError(path + ": line " + std::to_string(n) + ": the size is beyond all memory", host::kBadInput);
    intervals.push_back(i);
  }
  const compile::Packing packing = compile::solve(intervals, capacity);
  Verdict verdict{"", packing.fits};
  if (!packing.fits) {
    verdict.text = path + ": does not fit in " + bytes_text(capacity) +
                   (packing.proven_optimal ? ": proven to need " : "; the best found needs ") + bytes_text(packing.bytes) + "\n";
    return verdict;
  }
  auto join = [](const std::vector<std::string>& cells) {
    std::string all;
    for (const std::string& c : cells) all += c + ",";
    return all;
  };
  verdict.text = join(heading) + "offset\n";
  for (size_t i = 0; i < rows.size(); ++i) verdict.text += join(rows[i]) + std::to_string(intervals[i].offset) + "\n";
  return verdict;
}

}  // namespace etc::inspect
