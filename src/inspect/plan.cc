// --plan: where every value lies and when, the peak, the lower bound; and the same as a picture.
#include <algorithm>
#include <cstdio>

#include "liveness.h"
#include "reports.h"
#include "text.h"

namespace etc::inspect {
namespace {

std::string place_text(const Listing& l, const Value& v) {
  return v.storage == Storage::Constant ? "constant" : v.storage == Storage::State ? "state" : l.pools[v.pool];
}

std::string when_text(const Method& m, int64_t at) {
  if (at < 0) return "start";
  return at >= static_cast<int64_t>(m.instructions.size()) ? "end" : std::to_string(at);
}

std::string method_text(const Listing& l, const Method& m) {
  const Liveness live = liveness_of(m);
  Table table({"value", "type", "pool", "offset", "bytes", "from", "to", "node, source, module"});
  for (uint32_t v = 0; v < m.values.size(); ++v) {
    const Value& value = m.values[v];
    const std::string window = value.root == v ? "" : "window on " + m.values[value.root].name + "  ";
    table.add({value.name, type_text(value), place_text(l, value), bytes_text(value.offset), bytes_text(value.bytes),
               when_text(m, live.values[v].first), when_text(m, live.values[v].last), window + source_text(l, live.values[v].source)});
  }
  std::string all = "method " + m.name + ": " + std::to_string(m.instructions.size()) + " instructions\n" + table.text();
  for (size_t p = 0; p < live.pools.size(); ++p) {
    const PoolUse& use = live.pools[p];
    all += "pool " + l.pools[p] + ": " + bytes_text(use.bytes) + " bytes" +
           (l.pool_capacities[p] ? " of " + bytes_text(l.pool_capacities[p]) : "") + "; lower bound " + bytes_text(use.live) +
           " (live at the peak";
    if (use.peak_at >= 0 && use.peak_at < static_cast<int64_t>(m.instructions.size())) {
      const Instruction& in = m.instructions[static_cast<size_t>(use.peak_at)];
      all += ", instruction " + std::to_string(use.peak_at) + " " + in.op;
      if (in.source >= 0) all += "  " + source_text(l, in.source);
    }
    all += ")\n";
    Table peak({"  live there", "offset", "bytes", "node, source, module"});
    for (uint32_t v : use.live_at_peak)
      peak.add(
          {"  " + m.values[v].name, bytes_text(m.values[v].offset), bytes_text(m.values[v].bytes), source_text(l, live.values[v].source)});
    if (!use.live_at_peak.empty()) all += peak.text();
  }
  return all;
}

std::string method_json(const Listing& l, const Method& m) {
  const Liveness live = liveness_of(m);
  std::string all = "{\"name\":" + json_text(m.name) + ",\"instructions\":" + std::to_string(m.instructions.size()) + ",\"values\":[";
  for (uint32_t v = 0; v < m.values.size(); ++v) {
    const Value& value = m.values[v];
    all += std::string(v ? "," : "") + "{\"name\":" + json_text(value.name) + ",\"dtype\":\"" + name_of(value.dtype) +
           "\",\"shape\":" + json_list(value.sizes) + ",\"strides\":" + json_list(value.strides) + ",\"storage\":\"" +
           (value.storage == Storage::Constant ? "constant"
            : value.storage == Storage::State  ? "state"
                                               : "pool") +
           "\"";
    if (value.storage == Storage::Pool) all += ",\"pool\":" + json_text(l.pools[value.pool]);
    all += ",\"offset\":" + std::to_string(value.offset) + ",\"bytes\":" + std::to_string(value.bytes) +
           ",\"first\":" + std::to_string(live.values[v].first) + ",\"last\":" + std::to_string(live.values[v].last) +
           ",\"root\":" + json_text(m.values[value.root].name);
    if (live.values[v].source >= 0) {
      const Source& s = l.sources[static_cast<size_t>(live.values[v].source)];
      all += ",\"node\":" + json_text(s.node) + ",\"module\":" + json_text(s.module) + ",\"file\":" + json_text(s.file) +
             ",\"line\":" + std::to_string(s.line);
    }
    all += "}";
  }
  all += "],\"pools\":[";
  for (size_t p = 0; p < live.pools.size(); ++p) {
    all += std::string(p ? "," : "") + "{\"name\":" + json_text(l.pools[p]) + ",\"bytes\":" + std::to_string(live.pools[p].bytes) +
           (l.pool_capacities[p] ? ",\"capacity\":" + std::to_string(l.pool_capacities[p]) : "") +
           ",\"lower_bound\":" + std::to_string(live.pools[p].live) + ",\"peak_at\":" + std::to_string(live.pools[p].peak_at) +
           ",\"live_at_peak\":[";
    for (size_t i = 0; i < live.pools[p].live_at_peak.size(); ++i)
      all += (i ? "," : "") + json_text(m.values[live.pools[p].live_at_peak[i]].name);
    all += "]}";
  }
  return all + "]}";
}

constexpr double kWidth = 1100, kLeft = 60, kTop = 30;

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", x);
  return text;
}

// One pool of one method: addresses across, instructions down. Every rectangle says on hover what it is.
std::string pool_svg(const Listing& l, const Method& m, const Liveness& live, uint32_t pool) {
  const double rows = static_cast<double>(m.instructions.size()) + 2;
  const double row = std::clamp(600 / rows, 2.0, 14.0), height = rows * row;
  const double scale = live.pools[pool].bytes ? (kWidth - kLeft - 20) / static_cast<double>(live.pools[pool].bytes) : 0;
  std::string all = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) + " " + number(height + kTop + 20) +
                    "\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"" +
                    number(kLeft) + "\" y=\"18\">" +
                    markup_text("method " + m.name + ", pool " + l.pools[pool] + ": " + bytes_text(live.pools[pool].bytes) +
                                " bytes, lower bound " + bytes_text(live.pools[pool].live)) +
                    "</text>\n<text x=\"4\" y=\"" + number(kTop + 10) + "\">start</text>\n<text x=\"4\" y=\"" + number(kTop + height) +
                    "\">end</text>\n";
  for (uint32_t v = 0; v < m.values.size(); ++v) {
    const Value& value = m.values[v];
    if (value.storage != Storage::Pool || value.pool != pool || value.root != v || value.bytes == 0) continue;
    const Lifetime& life = live.values[v];
    uint32_t hash = 2166136261u;
    for (unsigned char c : value.name) hash = (hash ^ c) * 16777619u;
    all +=
        "<rect x=\"" + number(kLeft + static_cast<double>(value.offset) * scale) + "\" y=\"" +
        number(kTop + static_cast<double>(life.first + 1) * row) + "\" width=\"" +
        number(std::max(1.0, static_cast<double>(value.bytes) * scale)) + "\" height=\"" +
        number(static_cast<double>(life.last - life.first + 1) * row) + "\" fill=\"hsl(" + std::to_string(hash % 360) +
        ",60%,70%)\" stroke=\"#333\" stroke-width=\"0.4\"><title>" +
        markup_text(value.name + " " + type_text(value) + "\noffset " + bytes_text(value.offset) + ", " + bytes_text(value.bytes) +
                    " bytes\nlives " + when_text(m, life.first) + " to " + when_text(m, life.last) + "\n" + source_text(l, life.source)) +
        "</title></rect>\n";
  }
  if (live.pools[pool].peak_at >= 0) {
    const double y = kTop + (static_cast<double>(live.pools[pool].peak_at) + 1.5) * row;
    all += "<line x1=\"" + number(kLeft) + "\" x2=\"" + number(kWidth - 20) + "\" y1=\"" + number(y) + "\" y2=\"" + number(y) +
           "\" stroke=\"#c00\" stroke-dasharray=\"4 3\"/><text x=\"4\" y=\"" + number(y + 4) + "\" fill=\"#c00\">peak</text>\n";
  }
  return all + "</svg>\n";
}

}  // namespace

std::string plan_report(const OpenProgram& p, Format format) {
  const Listing& l = p.listing();
  std::string all = format == Format::Json ? "{\"schema_version\":1,\"program\":" + json_text(l.path) + ",\"methods\":[" : "";
  for (size_t m = 0; m < l.methods.size(); ++m)
    all += format == Format::Json ? (m ? "," : "") + method_json(l, l.methods[m]) : method_text(l, l.methods[m]);
  return format == Format::Json ? all + "]}\n" : all;
}

std::string plan_picture(const OpenProgram& p, Format format) {
  const Listing& l = p.listing();
  std::vector<std::string> pictures;
  for (const Method& m : l.methods) {
    const Liveness live = liveness_of(m);
    for (uint32_t pool = 0; pool < live.pools.size(); ++pool) pictures.push_back(pool_svg(l, m, live, pool));
  }
  if (format == Format::Svg && pictures.size() == 1) return pictures[0];
  std::string all;
  if (format == Format::Html) {
    all = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + markup_text(l.path) +
          "</title><style>body{margin:1em "
          "auto;max-width:1120px;font-family:sans-serif}svg{width:100%}rect:hover{stroke-width:2}</style></head><body>\n<h1>" +
          markup_text(l.path) + "</h1>\n";
    for (const std::string& picture : pictures) all += picture;
    return all + "</body></html>\n";
  }
  // Several pictures in one SVG, one below the other.
  double y = 0;
  std::string inner;
  for (const std::string& picture : pictures) {
    const size_t at = picture.find(number(kWidth) + " ") + number(kWidth).size() + 1;
    const double height = std::stod(picture.substr(at));
    inner += "<svg y=\"" + number(y) + "\" width=\"" + number(kWidth) + "\" height=\"" + number(height) + "\"" + picture.substr(4);
    y += height;
  }
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) + " " + number(y) + "\">\n" + inner + "</svg>\n";
}

}  // namespace etc::inspect
