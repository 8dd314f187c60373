// Small things for reports: tables with aligned columns, sizes for people, JSON and markup escapes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/json.h"

namespace etc::inspect {

// Rows of cells; numbers to the right. The first row is the heading.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string bytes_text(uint64_t bytes);  // "1,234,567"
using host::json_text;
std::string markup_text(const std::string& text);  // for HTML and SVG
std::string json_list(const std::vector<int64_t>& numbers);

}  // namespace etc::inspect
