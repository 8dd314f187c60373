// Packing problems and answers as CSV: a heading line, then numbers. No quotes.
#pragma once

#include <string>
#include <vector>

#include "plan/solve.h"

namespace etc::compile {

// Problem files may come from anywhere: times and sizes are bounded so that no sum overflows.
constexpr int64_t kLastTime = int64_t{1} << 60;
constexpr uint64_t kMostBytes = uint64_t{1} << 60;  // of all buffers together

struct CsvTable {
  std::vector<std::string> heading;
  std::vector<std::vector<std::string>> rows;  // each as long as the heading
  std::vector<size_t> lines;                   // of the rows; 1 is the heading
};

// What follows throws CompileError with a text like "line 3: '12x' is no number". Empty lines are left out.
CsvTable parse_csv(const std::string& text);
size_t column_of(const CsvTable& table, const std::string& name);
uint64_t unsigned_at(const CsvTable& table, size_t row, size_t column);

// From the columns lower, upper and size, wherever they stand.
std::vector<Interval> intervals_of(const CsvTable& table);

}  // namespace etc::compile
