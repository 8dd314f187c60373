// Reading of CSV; see csv.h.
#include "plan/csv.h"

#include <algorithm>
#include <charconv>

#include "ir/error.h"

namespace etc::compile {
namespace {

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (size_t from = 0;;) {
    const size_t comma = line.find(',', from);
    const size_t first = std::min(line.find_first_not_of(" \t", from), std::min(comma, line.size()));
    std::string cell = line.substr(first, std::min(comma, line.size()) - first);
    cell.erase(cell.find_last_not_of(" \t") + 1);
    cells.push_back(std::move(cell));
    if (comma == std::string::npos) return cells;
    from = comma + 1;
  }
}

template <class T>
T number_at(const CsvTable& table, size_t row, size_t column) {
  const std::string& cell = table.rows[row][column];
  T n{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), n);
  if (error != std::errc() || end != cell.data() + cell.size())
    throw CompileError("line " + std::to_string(table.lines[row]) + ": " + table.heading[column] + " '" + cell + "' is no number in range");
  return n;
}

}  // namespace

CsvTable parse_csv(const std::string& text) {
  CsvTable table;
  size_t number = 0;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, end - from);
    from = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    std::vector<std::string> cells = cells_of(line);
    if (table.heading.empty()) {
      table.heading = std::move(cells);
      continue;
    }
    if (cells.size() != table.heading.size())
      throw CompileError("line " + std::to_string(number) + " has " + std::to_string(cells.size()) + " cells, the heading " +
                         std::to_string(table.heading.size()));
    table.rows.push_back(std::move(cells));
    table.lines.push_back(number);
  }
  return table;
}

size_t column_of(const CsvTable& table, const std::string& name) {
  const auto it = std::find(table.heading.begin(), table.heading.end(), name);
  if (it == table.heading.end()) throw CompileError("line 1: the heading names no column '" + name + "'");
  return static_cast<size_t>(it - table.heading.begin());
}

uint64_t unsigned_at(const CsvTable& table, size_t row, size_t column) { return number_at<uint64_t>(table, row, column); }

std::vector<Interval> intervals_of(const CsvTable& table) {
  const size_t lower = column_of(table, "lower"), upper = column_of(table, "upper"), size = column_of(table, "size");
  std::vector<Interval> intervals;
  uint64_t total = 0;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const Interval i{number_at<int64_t>(table, row, lower), number_at<int64_t>(table, row, upper), unsigned_at(table, row, size)};
    const std::string line = "line " + std::to_string(table.lines[row]) + ": ";
    if (i.lower < -kLastTime || i.upper > kLastTime) throw CompileError(line + "times beyond 2^60 cannot be handled");
    if (i.upper <= i.lower) throw CompileError(line + "upper must be greater than lower");
    if (i.size > kMostBytes - total) throw CompileError(line + "the sizes are beyond all memory: together they may have 2^60 bytes");
    total += i.size;
    intervals.push_back(i);
  }
  return intervals;
}

}  // namespace etc::compile
