// What etc-run prints on stdout.
#include "report.h"

#include <algorithm>
#include <cstdio>

#include "format.h"

namespace etc::run {
namespace {

std::string duration(int64_t ns) {
  const double t = static_cast<double>(ns);
  char text[64];
  if (t < 1e3)
    std::snprintf(text, sizeof(text), "%.0f ns", t);
  else if (t < 1e6)
    std::snprintf(text, sizeof(text), "%.2f us", t / 1e3);
  else if (t < 1e9)
    std::snprintf(text, sizeof(text), "%.3f ms", t / 1e6);
  else
    std::snprintf(text, sizeof(text), "%.3f s", t / 1e9);
  return text;
}

// An element's text as a JSON value.
std::string json_element(const std::string& text) {
  return text == "nan" ? "\"NaN\"" : text == "inf" ? "\"Infinity\"" : text == "-inf" ? "\"-Infinity\"" : text;
}

std::string short_number(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

std::string comparison_text(const NamedComparison& c) {
  const Comparison& r = c.comparison;
  if (!r.mismatch.empty()) return c.name + ": " + r.mismatch + "\n";
  std::string differences = "largest difference " + short_number(r.max_difference);
  if (r.max_difference > 0)
    differences += ", relative " + short_number(r.max_relative) + ", relative L2 error " + short_number(r.relative_error);
  differences += "; rtol " + short_number(r.tolerance.rtol) + ", atol " + short_number(r.tolerance.atol) + ")\n";
  if (r.equal) return c.name + ": equal (" + std::to_string(r.elements) + " elements, " + differences;
  return c.name + ": " + std::to_string(r.differing) + " of " + std::to_string(r.elements) + " elements differ; worst at " +
         shape_text(r.worst) + ": " + r.actual + ", expected " + r.expected + " (" + differences;
}

std::string comparison_json(const NamedComparison& c) {
  const Comparison& r = c.comparison;
  std::string json = "{\"name\":" + json_text(c.name) + ",\"equal\":" + (r.equal ? "true" : "false");
  if (!r.mismatch.empty()) return json + ",\"mismatch\":" + json_text(r.mismatch) + "}";
  json += ",\"elements\":" + std::to_string(r.elements) + ",\"differing\":" + std::to_string(r.differing) +
          ",\"rtol\":" + json_number(r.tolerance.rtol) + ",\"atol\":" + json_number(r.tolerance.atol) +
          ",\"max_difference\":" + json_number(r.max_difference) + ",\"max_relative\":" + json_number(r.max_relative) +
          ",\"relative_error\":" + json_number(r.relative_error);
  if (!r.equal)
    json += ",\"worst\":{\"index\":" + json_sizes(r.worst) + ",\"value\":" + json_element(r.actual) +
            ",\"expected\":" + json_element(r.expected) + "}";
  return json + "}";
}

std::string pool_json(const PoolUse& use) {
  return "{\"name\":" + json_text(use.name) + ",\"planned\":" + std::to_string(use.planned) +
         ",\"capacity\":" + (use.capacity ? std::to_string(use.capacity) : "null") + ",\"high_water\":" + std::to_string(use.high_water) +
         "}";
}

std::string walk_text(const Walk& walk) {
  std::string text;
  if (walk.departure)
    text = "first departure after " + std::to_string(walk.compared - 1) + " equal values, " + walk.place + ":\n  " +
           comparison_text(*walk.departure);
  else
    text = "all " + std::to_string(walk.compared) + " values that are in both are equal\n";
  if (!walk.unknown.empty())
    text += std::to_string(walk.unknown.size()) + " names are not in the program: " + walk.unknown[0] +
            (walk.unknown.size() > 1 ? ", …\n" : "\n");
  return text;
}

std::string walk_json(const Walk& walk) {
  std::string json = "{\"compared\":" + std::to_string(walk.compared) + ",\"equal\":" + (walk.departure ? "false" : "true");
  if (walk.departure) json += ",\"place\":" + json_text(walk.place) + ",\"departure\":" + comparison_json(*walk.departure);
  json += ",\"unknown\":[";
  for (size_t i = 0; i < walk.unknown.size(); ++i) json += (i ? "," : "") + json_text(walk.unknown[i]);
  return json + "]}";
}

}  // namespace

bool Report::equal() const {
  return pairing.empty() && !(walk && walk->departure) &&
         std::all_of(comparisons.begin(), comparisons.end(), [](const auto& c) { return c.comparison.equal; });
}

void compare_results(const std::vector<host::NamedArray>& expected, size_t outputs, std::optional<double> rtol, std::optional<double> atol,
                     Report* report) {
  report->compared = true;
  const auto find = [&](const std::string& name) {
    return std::find_if(report->results.begin(), report->results.end(), [&](const auto& r) { return r.first == name; });
  };
  const bool by_name = !expected.empty() &&
                       std::all_of(expected.begin(), expected.end(), [&](const auto& e) { return find(e.first) != report->results.end(); });
  if (!by_name && expected.size() != outputs && expected.size() != report->results.size()) {
    report->pairing = "expected " + std::to_string(expected.size()) + " arrays, but there are " + std::to_string(outputs) + " outputs";
    if (report->results.size() > outputs) report->pairing += " and " + std::to_string(report->results.size() - outputs) + " changed inputs";
    return;
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto& [name, actual] = by_name ? *find(expected[i].first) : report->results[i];
    report->comparisons.push_back({name, compare(actual, expected[i].second, rtol, atol)});
  }
}

int64_t percentile(std::vector<int64_t> runs, int percent) {
  if (runs.empty()) return 0;
  std::sort(runs.begin(), runs.end());
  const size_t rank = (runs.size() * static_cast<size_t>(percent) + 99) / 100;
  return runs[rank == 0 ? 0 : rank - 1];
}

std::string text_of(const Report& report) {
  std::string text;
  if (report.print_values)
    for (const auto& [name, array] : report.results)
      text += name + " " + type_text(array.dtype, array.sizes) + "\n" + values_text(array) + "\n";
  if (!report.pairing.empty()) text += report.pairing + "\n";
  for (const NamedComparison& c : report.comparisons) text += comparison_text(c);
  if (report.walk) text += walk_text(*report.walk);
  if (report.timed) {
    const auto& runs = report.times.runs_ns;
    text += "min     " + duration(percentile(runs, 0)) + "\nmedian  " + duration(percentile(runs, 50)) + "\np90     " +
            duration(percentile(runs, 90)) + "\np99     " + duration(percentile(runs, 99)) + "\nload    " + duration(report.times.load_ns) +
            "\nruns    " + std::to_string(runs.size()) + "\n";
  }
  return text;
}

std::string json_of(const Report& report) {
  std::string json =
      "{\"schema_version\":1,\"program\":" + json_text(report.program) + ",\"method\":" + json_text(report.method) + ",\"outputs\":[";
  for (size_t i = 0; i < report.results.size(); ++i) {
    const auto& [name, array] = report.results[i];
    json += std::string(i ? "," : "") + "{\"name\":" + json_text(name) + ",\"dtype\":\"" + name_of(array.dtype) +
            "\",\"shape\":" + json_sizes(array.sizes);
    if (report.print_values) json += ",\"values\":" + json_values(array);
    json += "}";
  }
  json += "]";
  if (report.compared) {
    json += std::string(",\"equal\":") + (report.equal() ? "true" : "false");
    if (!report.pairing.empty()) json += ",\"mismatch\":" + json_text(report.pairing);
    json += ",\"comparisons\":[";
    for (size_t i = 0; i < report.comparisons.size(); ++i) json += (i ? "," : "") + comparison_json(report.comparisons[i]);
    json += "]";
  }
  json += ",\"pools\":[";
  for (size_t p = 0; p < report.pools.size(); ++p) json += (p ? "," : "") + pool_json(report.pools[p]);
  json += "]";
  if (report.backend_heap_bytes) json += ",\"backend_heap_bytes\":" + std::to_string(*report.backend_heap_bytes);
  if (report.walk) json += ",\"compare_with\":" + walk_json(*report.walk);
  if (report.profile) json += ",\"profile\":" + json_of(*report.profile);
  if (report.timed) {
    const auto& runs = report.times.runs_ns;
    json += ",\"runs\":" + std::to_string(runs.size()) + ",\"min_ns\":" + std::to_string(percentile(runs, 0)) +
            ",\"median_ns\":" + std::to_string(percentile(runs, 50)) + ",\"p90_ns\":" + std::to_string(percentile(runs, 90)) +
            ",\"p99_ns\":" + std::to_string(percentile(runs, 99)) + ",\"load_ns\":" + std::to_string(report.times.load_ns);
  }
  return json + "}\n";
}

}  // namespace etc::run
