// The reports of etc-inspect, each as text for stdout or a file. Formats other than text and json are for the plan alone.
#pragma once

#include <string>
#include <vector>

#include "listing.h"

namespace etc::inspect {

enum class Format : uint8_t { Text, Json, Svg, Html };

std::string summary(const OpenProgram& program, Format format);
std::string io_report(const OpenProgram& program, Format format);
std::string plan_report(const OpenProgram& program, Format format);
std::string plan_picture(const OpenProgram& program, Format format);  // Svg or Html
std::string graph_report(const OpenProgram& program, Format format);
// For machines of this ABI: "lp64", "ilp32", or empty for this machine's.
std::string size_report(const OpenProgram& program, const std::string& abi, Format format);
// The union over several programs, sorted.
std::string ops_report(const std::vector<const OpenProgram*>& programs, Format format);

// The answer is yes or no, for exit code 0 or 1.
struct Verdict {
  std::string text;
  bool yes = true;
};
Verdict verify_report(const OpenProgram& program, Format format);
Verdict diff_report(const OpenProgram& a, const OpenProgram& b, Format format);
// A problem file of lifetimes (CSV id,lower,upper,size): the same with an offset column.
Verdict solve_report(const std::string& path, uint64_t capacity);

}  // namespace etc::inspect
