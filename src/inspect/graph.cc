// --graph: the instructions, readable; --diff: what two programs do differently.
#include <algorithm>
#include <cstring>

#include "reports.h"
#include "text.h"

namespace etc::inspect {
namespace {

std::string results_text(const Method& m, const Instruction& in) {
  std::string all;
  for (uint32_t v : in.writes) all += (all.empty() ? "" : ", ") + ("%" + m.values[v].name + ": " + type_text(m.values[v]));
  return all;
}

std::string call_text(const Method& m, const Instruction& in) {
  std::string all = results_text(m, in);
  all += (all.empty() ? "" : " = ") + in.op + "(";
  for (size_t a = 0; a < in.arguments.size(); ++a) all += (a ? ", " : "") + in.arguments[a];
  return all + ")";
}

// Lines that describe what a program does, without addresses.
std::vector<std::string> lines_of(const Listing& l) {
  std::vector<std::string> lines;
  for (const State& s : l.states) lines.push_back("state " + s.name + ": " + type_text(s.dtype, s.sizes));
  for (const Method& m : l.methods) {
    lines.push_back("method " + m.name);
    for (const Port& p : m.inputs) lines.push_back("  input " + p.name + ": " + type_text(m.values[p.value]));
    for (size_t b = 0; b < m.blocks.size(); ++b) {
      for (size_t n = m.blocks[b].first; n < m.blocks[b].first + m.blocks[b].count; ++n)
        lines.push_back("  " + call_text(m, m.instructions[n]));
      if (b + 1 < m.blocks.size()) lines.push_back("  end of block " + std::to_string(b) + ": " + end_text(m, b));
    }
    for (const Port& p : m.outputs) lines.push_back("  output " + p.name + " = %" + m.values[p.value].name);
    for (size_t i = 0; i < l.pools.size(); ++i) lines.push_back("  pool " + l.pools[i] + ": " + bytes_text(m.pool_bytes[i]) + " bytes");
  }
  lines.push_back("constants: " + bytes_text(l.constant_bytes) + " bytes");
  return lines;
}

// Lines of a and b that the other lacks, in order: the longest common subsequence of what lies between the common ends.
std::vector<std::string> differences(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  size_t start = 0, a_end = a.size(), b_end = b.size();
  while (start < a_end && start < b_end && a[start] == b[start]) ++start;
  while (a_end > start && b_end > start && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
  const size_t n = a_end - start, k = b_end - start;
  std::vector<std::string> lines;
  if (n * k > 16'000'000) {  // too long to align: all of both
    for (size_t i = start; i < a_end; ++i) lines.push_back("- " + a[i]);
    for (size_t i = start; i < b_end; ++i) lines.push_back("+ " + b[i]);
    return lines;
  }
  std::vector<std::vector<uint32_t>> common(n + 1, std::vector<uint32_t>(k + 1));
  for (size_t i = n; i-- > 0;)
    for (size_t j = k; j-- > 0;)
      common[i][j] = a[start + i] == b[start + j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  for (size_t i = 0, j = 0; i < n || j < k;) {
    if (i < n && j < k && a[start + i] == b[start + j])
      ++i, ++j;
    else if (j == k || (i < n && common[i + 1][j] >= common[i][j + 1]))
      lines.push_back("- " + a[start + i++]);
    else
      lines.push_back("+ " + b[start + j++]);
  }
  return lines;
}

}  // namespace

std::string graph_report(const OpenProgram& p, Format format) {
  const Listing& l = p.listing();
  std::string all = format == Format::Json ? "{\"schema_version\":1,\"methods\":[" : "";
  for (size_t i = 0; i < l.methods.size(); ++i) {
    const Method& m = l.methods[i];
    if (format == Format::Json) {
      all += std::string(i ? "," : "") + "{\"name\":" + json_text(m.name) + ",\"instructions\":[";
      for (size_t n = 0; n < m.instructions.size(); ++n) {
        const Instruction& in = m.instructions[n];
        all += std::string(n ? "," : "") + "{\"op\":" + json_text(in.op) + ",\"arguments\":[";
        for (size_t a = 0; a < in.arguments.size(); ++a) all += (a ? "," : "") + json_text(in.arguments[a]);
        all += "],\"results\":[";
        for (size_t r = 0; r < in.writes.size(); ++r) all += (r ? "," : "") + json_text(m.values[in.writes[r]].name);
        all += "],\"source\":" + json_text(source_text(l, in.source)) + "}";
      }
      all += "],\"blocks\":[";
      for (size_t b = 0; b < m.blocks.size(); ++b)
        all += (b ? ",{\"first\":" : "{\"first\":") + std::to_string(m.blocks[b].first) +
               ",\"count\":" + std::to_string(m.blocks[b].count) + ",\"end\":" + json_text(end_text(m, b)) + "}";
      all += "]}";
      continue;
    }
    all += "method " + m.name + "\n";
    Table table({"#", "instruction", "node, source, module"});
    for (size_t b = 0; b < m.blocks.size(); ++b) {
      const bool has_jumps = m.blocks.size() > 1;
      if (has_jumps) table.add({"", "block " + std::to_string(b) + ":", ""});
      for (size_t n = m.blocks[b].first; n < m.blocks[b].first + m.blocks[b].count; ++n)
        table.add({std::to_string(n), call_text(m, m.instructions[n]), source_text(l, m.instructions[n].source)});
      if (const std::string end = has_jumps ? end_text(m, b) : ""; !end.empty()) table.add({"", end, ""});
    }
    all += table.text();
    for (const Port& o : m.outputs) all += "output " + o.name + " = %" + m.values[o.value].name + "\n";
  }
  return format == Format::Json ? all + "]}\n" : all;
}

Verdict diff_report(const OpenProgram& a, const OpenProgram& b, Format format) {
  const bool same = a.bytes().size == b.bytes().size && std::memcmp(a.bytes().data, b.bytes().data, a.bytes().size) == 0;
  std::vector<std::string> lines;
  if (!same) {
    lines = differences(lines_of(a.listing()), lines_of(b.listing()));
    if (lines.empty()) lines.push_back("the same instructions; constants, addresses or names differ");
  }
  Verdict verdict{"", same};
  if (format == Format::Json) {
    verdict.text = std::string("{\"schema_version\":1,\"same\":") + (same ? "true" : "false") + ",\"differences\":[";
    for (size_t i = 0; i < lines.size(); ++i) verdict.text += (i ? "," : "") + json_text(lines[i]);
    verdict.text += "]}\n";
    return verdict;
  }
  if (!same) verdict.text = "--- " + a.listing().path + "\n+++ " + b.listing().path + "\n";
  for (const std::string& line : lines) verdict.text += line + "\n";
  return verdict;
}

}  // namespace etc::inspect
