// Where the time of the runs went; see profile.h.
#include "profile.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "format.h"
#include "names.h"

namespace etc::run {
namespace {

std::vector<ProfileRow> sorted(std::vector<ProfileRow> rows, int64_t busy_ns) {
  std::erase_if(rows, [](const ProfileRow& r) { return r.calls == 0; });
  for (ProfileRow& r : rows) r.share = busy_ns > 0 ? static_cast<double>(r.total_ns) / static_cast<double>(busy_ns) : 0;
  std::stable_sort(rows.begin(), rows.end(), [](const ProfileRow& a, const ProfileRow& b) { return a.total_ns > b.total_ns; });
  return rows;
}

std::string table(const char* title, const std::vector<ProfileRow>& rows, size_t most) {
  std::string text = std::string("    time ms   share      calls  ") + title + "\n";
  for (size_t i = 0; i < std::min(most, rows.size()); ++i) {
    char numbers[64];
    std::snprintf(numbers, sizeof(numbers), "%11.3f  %5.1f%%  %9llu  ", static_cast<double>(rows[i].total_ns) / 1e6, 100 * rows[i].share,
                  static_cast<unsigned long long>(rows[i].calls));
    text += numbers + rows[i].name + "\n";
  }
  if (rows.size() > most) text += "  and " + std::to_string(rows.size() - most) + " more\n";
  return text;
}

std::string json_rows(const std::vector<ProfileRow>& rows) {
  std::string json = "[";
  for (const ProfileRow& r : rows)
    json += std::string(json.size() > 1 ? "," : "") + "{\"name\":" + json_text(r.name) + ",\"calls\":" + std::to_string(r.calls) +
            ",\"total_ns\":" + std::to_string(r.total_ns) + ",\"share\":" + json_number(r.share) + "}";
  return json + "]";
}

}  // namespace

Profile profile_of(const host::Trace& trace, const std::vector<host::InstructionName>& names) {
  Profile profile;
  std::vector<ProfileRow> instructions;
  for (size_t i = 0; i < names.size(); ++i) instructions.push_back({std::to_string(i) + " " + text_of(names[i])});
  std::map<std::string, ProfileRow> ops;
  for (const host::Trace::Run& run : trace.runs()) {
    ++profile.runs;
    profile.wall_ns += run.end_ns - run.begin_ns;
    for (const host::Trace::Event& e : run.events) {
      ProfileRow& op = ops[names[e.instruction].op];
      op.name = names[e.instruction].op;
      for (ProfileRow* row : {&op, &instructions[e.instruction]}) {
        ++row->calls;
        row->total_ns += e.end_ns - e.begin_ns;
      }
      profile.busy_ns += e.end_ns - e.begin_ns;
    }
  }
  std::vector<ProfileRow> op_rows;
  for (auto& [name, row] : ops) op_rows.push_back(std::move(row));
  profile.ops = sorted(std::move(op_rows), profile.busy_ns);
  profile.instructions = sorted(std::move(instructions), profile.busy_ns);
  return profile;
}

std::string text_of(const Profile& profile, size_t most) {
  char head[160];
  std::snprintf(head, sizeof(head), "%llu run%s in %.3f ms, %.3f ms of it in instructions\n", static_cast<unsigned long long>(profile.runs),
                profile.runs == 1 ? "" : "s", static_cast<double>(profile.wall_ns) / 1e6, static_cast<double>(profile.busy_ns) / 1e6);
  return head + table("op", profile.ops, most) + table("instruction", profile.instructions, most);
}

std::string json_of(const Profile& profile) {
  return "{\"runs\":" + std::to_string(profile.runs) + ",\"wall_ns\":" + std::to_string(profile.wall_ns) +
         ",\"busy_ns\":" + std::to_string(profile.busy_ns) + ",\"ops\":" + json_rows(profile.ops) +
         ",\"instructions\":" + json_rows(profile.instructions) + "}";
}

}  // namespace etc::run
