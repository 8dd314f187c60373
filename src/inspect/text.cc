#include "text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace etc::inspect {
namespace {

bool is_number(const std::string& cell) {
  return !cell.empty() &&
         std::all_of(cell.begin(), cell.end(), [](unsigned char c) { return std::isdigit(c) || c == ',' || c == '-' || c == '.'; });
}

}  // namespace

std::string Table::text() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string all;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string space(widths[c] - row[c].size(), ' ');
      // A heading stands where its numbers stand.
      const std::string& model = &row == &rows_[0] && rows_.size() > 1 && c < rows_[1].size() ? rows_[1][c] : row[c];
      line += (c ? "  " : "") + (is_number(model) ? space + row[c] : row[c] + space);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + "\n";
  }
  return all;
}

std::string bytes_text(uint64_t bytes) {
  std::string text = std::to_string(bytes);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string markup_text(const std::string& text) {
  std::string escaped;
  for (unsigned char c : text) {
    switch (c) {
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '&': escaped += "&amp;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += c < 0x20 ? ' ' : static_cast<char>(c);
    }
  }
  return escaped;
}

std::string json_list(const std::vector<int64_t>& numbers) {
  std::string all = "[";
  for (size_t i = 0; i < numbers.size(); ++i) all += (i ? "," : "") + std::to_string(numbers[i]);
  return all + "]";
}

}  // namespace etc::inspect
