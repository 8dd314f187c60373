// What backends took and left, as text and JSON.
#include "host/json.h"
#include "report.h"

namespace etc::compile {
namespace {

using host::json_text;

std::string place_of(const Source* s) { return s && s->line ? s->file + ":" + std::to_string(s->line) : ""; }

}  // namespace

std::string partition_text(const PartitionReport& report) {
  std::string all;
  for (const PartitionReport::Delegate& d : report.delegates)
    all += d.method + ": " + d.backend + " takes " + std::to_string(d.nodes) + (d.nodes == 1 ? " node, " : " nodes, ") +
           std::to_string(d.blob_bytes) + " bytes of blob, " + std::to_string(d.workspace_bytes) + " of workspace\n";
  for (const PartitionReport::Refusal& r : report.refusals) {
    const std::string place = place_of(r.source.get());
    all += r.method + ": %" + r.node + " = " + r.op + (place.empty() ? "" : " at " + place) + ": " + r.backend + ": " + r.reason + "\n";
  }
  return all;
}

std::string partition_json(const PartitionReport& report, bool refusals) {
  std::string all = ",\"delegates\":[";
  for (size_t i = 0; i < report.delegates.size(); ++i) {
    const PartitionReport::Delegate& d = report.delegates[i];
    all += std::string(i ? "," : "") + "{\"method\":" + json_text(d.method) + ",\"backend\":" + json_text(d.backend) +
           ",\"nodes\":" + std::to_string(d.nodes) + ",\"blob_bytes\":" + std::to_string(d.blob_bytes) +
           ",\"workspace_bytes\":" + std::to_string(d.workspace_bytes) + ",\"instance_bytes\":" + std::to_string(d.instance_bytes) + "}";
  }
  all += "]";
  if (!refusals) return all;
  all += ",\"refusals\":[";
  for (size_t i = 0; i < report.refusals.size(); ++i) {
    const PartitionReport::Refusal& r = report.refusals[i];
    all += std::string(i ? "," : "") + "{\"method\":" + json_text(r.method) + ",\"node\":" + json_text(r.node) +
           ",\"op\":" + json_text(r.op) + ",\"file\":" + json_text(r.source ? r.source->file : "") +
           ",\"line\":" + std::to_string(r.source ? r.source->line : 0) + ",\"backend\":" + json_text(r.backend) +
           ",\"reason\":" + json_text(r.reason) + "}";
  }
  return all + "]";
}

}  // namespace etc::compile
