// Where in the user's model an exported node comes from, read from the node's metadata texts.
#include "import/metadata.h"

#include <charconv>

namespace etc::compile::exported {
namespace {

bool is_installed(std::string_view file) {
  for (const char* part : {"site-packages", "dist-packages", "/torch/", "\\torch\\", "<frozen", "<string>", "<eval_with_key>"})
    if (file.find(part) != file.npos) return true;
  return false;
}

std::string_view last_two_parts(std::string_view file) {
  size_t slash = file.find_last_of("/\\");
  if (slash == file.npos || slash == 0) return file;
  slash = file.find_last_of("/\\", slash - 1);
  return slash == file.npos ? file : file.substr(slash + 1);
}

void find_frame(std::string_view trace, Source* source) {
  constexpr std::string_view kFile = "File \"", kLine = "\", line ";
  bool have_user_frame = false;
  while (!trace.empty()) {
    const size_t end = trace.find('\n');
    std::string_view line = trace.substr(0, end);
    trace = end == trace.npos ? std::string_view() : trace.substr(end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.substr(0, kFile.size()) != kFile) continue;
    line.remove_prefix(kFile.size());
    const size_t quote = line.find(kLine);
    if (quote == line.npos) continue;
    const std::string_view file = line.substr(0, quote);
    const bool user = !is_installed(file);
    if (have_user_frame && !user) continue;
    have_user_frame = user;
    source->file = last_two_parts(file);
    source->line = 0;
    const std::string_view number = line.substr(quote + kLine.size());
    std::from_chars(number.data(), number.data() + number.size(), source->line);
  }
}

// The path of the innermost module: between the first and the last comma of the last entry.
std::string_view innermost_module(std::string_view stack) {
  const size_t semicolon = stack.rfind(';');
  if (semicolon != stack.npos) stack.remove_prefix(semicolon + 1);
  const size_t first = stack.find(','), last = stack.rfind(',');
  return first == stack.npos || first == last ? std::string_view() : stack.substr(first + 1, last - first - 1);
}

}  // namespace

Source make_source(std::string_view node, std::string_view stack_trace, std::string_view module_stack) {
  Source source;
  source.node = node;
  source.module = innermost_module(module_stack);
  find_frame(stack_trace, &source);
  return source;
}

}  // namespace etc::compile::exported
