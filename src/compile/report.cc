// The report as JSON and as a line.
#include "report.h"

#include <cstdio>

#include "host/json.h"

namespace etc::compile {
namespace {

using host::json_text;

std::string bytes_text(uint64_t bytes) {
  char text[32];
  if (bytes < 10000)
    std::snprintf(text, sizeof text, "%llu bytes", static_cast<unsigned long long>(bytes));
  else if (bytes < 10'000'000)
    std::snprintf(text, sizeof text, "%.1f kB", static_cast<double>(bytes) / 1e3);
  else
    std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

}  // namespace

std::string json_of(const Options& o, const CompileReport& r) {
  auto number = [](double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", x);
    return std::string(text);
  };
  std::string all = "{\"schema_version\":1,\"program\":" + json_text(o.output) + ",\"cpu\":" + json_text(o.compile.cpu) +
                    ",\"precision\":" + json_text(name_of(o.compile.precision)) + ",\"file_bytes\":" + std::to_string(r.file_bytes) +
                    ",\"weight_bytes\":" + std::to_string(r.weight_bytes) + ",\"state_bytes\":" + std::to_string(r.state_bytes) +
                    ",\"methods\":[";
  for (size_t m = 0; m < r.methods.size(); ++m) {
    all += std::string(m ? "," : "") + "{\"name\":" + json_text(r.methods[m].name) +
           ",\"instructions\":" + std::to_string(r.methods[m].instructions) + ",\"pools\":[";
    for (size_t p = 0; p < r.methods[m].pools.size(); ++p) {
      const CompileReport::Pool& pool = r.methods[m].pools[p];
      all += std::string(p ? "," : "") + "{\"name\":" + json_text(pool.name) + ",\"bytes\":" + std::to_string(pool.bytes) +
             ",\"lower_bound\":" + std::to_string(pool.lower_bound) + ",\"optimal\":" + (pool.proven_optimal ? "true" : "false") +
             (pool.capacity == UINT64_MAX ? "" : ",\"capacity\":" + std::to_string(pool.capacity)) + "}";
    }
    all += "]}";
  }
  all += "],\"warnings\":[";
  for (size_t i = 0; i < r.warnings.size(); ++i) all += (i ? "," : "") + json_text(r.warnings[i]);
  all += "],\"stages\":[";
  for (size_t i = 0; i < r.times.size(); ++i)
    all += std::string(i ? "," : "") + "{\"name\":" + json_text(r.times[i].name) + ",\"milliseconds\":" + number(r.times[i].milliseconds) +
           "}";
  all += "]" + partition_json(r.partition, o.explain_partition);
  return all + ",\"milliseconds\":" + number(r.milliseconds) + "}\n";
}

std::string line_of(const Options& o, const CompileReport& r) {
  std::string line = o.output + ": " + bytes_text(r.file_bytes) + ", weights " + bytes_text(r.weight_bytes);
  if (r.state_bytes) line += ", state " + bytes_text(r.state_bytes);
  for (const CompileReport::Method& m : r.methods) {
    if (r.methods.size() > 1) line += "; method " + m.name;
    for (const CompileReport::Pool& p : m.pools)
      line += ", pool " + p.name + " " + std::to_string(p.bytes) + " bytes (lower bound " + std::to_string(p.lower_bound) +
              (p.capacity == UINT64_MAX ? ")" : ", capacity " + std::to_string(p.capacity) + ")");
    line += ", " + std::to_string(m.instructions) + " instructions";
  }
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, ", %.2f s", r.milliseconds / 1e3);
  line += std::string(seconds) + ", cpu " + o.compile.cpu;
  return o.compile.precision == DType::F32 ? line : line + ", precision " + name_of(o.compile.precision);
}

}  // namespace etc::compile
