// A trace as JSON: one object with `traceEvents`, times in microseconds. "X" is a span, "C" a counter, "M" a name.
#include <cstdint>
#include <cstdio>

#include "etc/host/trace.h"
#include "host/json.h"
#include "host/occupancy.h"

namespace etc::host {
namespace {

constexpr uint32_t kRunLane = 0;  // workers come after it

std::string microseconds(int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof(text), "%lld.%03d", static_cast<long long>(ns / 1000), static_cast<int>(ns % 1000));
  return text;
}

class Writer {
 public:
  void name_process(const std::string& name) {
    add("\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":" + json_text(name) + "}");
  }
  void name_lane(uint32_t lane, const std::string& name) {
    add("\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":" + std::to_string(lane) + ",\"args\":{\"name\":" + json_text(name) + "}");
    add("\"name\":\"thread_sort_index\",\"ph\":\"M\",\"pid\":1,\"tid\":" + std::to_string(lane) +
        ",\"args\":{\"sort_index\":" + std::to_string(lane) + "}");
  }
  void span(const std::string& name, const std::string& category, uint32_t lane, int64_t begin_ns, int64_t end_ns,
            const std::string& args) {
    add("\"name\":" + json_text(name) + ",\"cat\":" + json_text(category) + ",\"ph\":\"X\",\"pid\":1,\"tid\":" + std::to_string(lane) +
        ",\"ts\":" + microseconds(begin_ns) + ",\"dur\":" + microseconds(end_ns - begin_ns) + ",\"args\":{" + args + "}");
  }
  // May overlap others.
  void beside(const std::string& name, const std::string& category, uint32_t id, int64_t begin_ns, int64_t end_ns,
              const std::string& args) {
    const std::string common =
        "\"name\":" + json_text(name) + ",\"cat\":" + json_text(category) + ",\"pid\":1,\"id\":" + std::to_string(id);
    add(common + ",\"ph\":\"b\",\"ts\":" + microseconds(begin_ns) + ",\"args\":{" + args + "}");
    add(common + ",\"ph\":\"e\",\"ts\":" + microseconds(end_ns));
  }
  void counter(const std::string& name, int64_t at_ns, uint64_t bytes) {
    add("\"name\":" + json_text(name) + ",\"ph\":\"C\",\"pid\":1,\"ts\":" + microseconds(at_ns) +
        ",\"args\":{\"live bytes\":" + std::to_string(bytes) + "}");
  }
  std::string finish() { return "{\"traceEvents\":[\n" + text_ + "\n],\"displayTimeUnit\":\"ns\"}\n"; }

 private:
  void add(const std::string& members) {
    if (!text_.empty()) text_ += ",\n";
    text_ += "{" + members + "}";
  }
  std::string text_;
};

std::string args_of(const InstructionName& name, uint32_t instruction) {
  std::string args = "\"instruction\":" + std::to_string(instruction) + ",\"op\":" + json_text(name.op);
  if (!name.node.empty()) args += ",\"node\":" + json_text(name.node);
  if (!name.module.empty()) args += ",\"module\":" + json_text(name.module);
  if (!name.file.empty()) args += ",\"source\":" + json_text(name.file + ":" + std::to_string(name.line));
  return args;
}

// By event: another one of the same worker begins before it ends, so it does not take the worker's time.
std::vector<bool> beside_others(const Trace::Run& run, uint32_t workers) {
  std::vector<bool> result(run.events.size());
  std::vector<size_t> last(workers, SIZE_MAX);
  for (size_t e = 0; e < run.events.size(); ++e) {
    size_t& before = last[run.events[e].worker];
    if (before != SIZE_MAX && run.events[e].begin_ns < run.events[before].end_ns) result[before] = true;
    before = e;
  }
  return result;
}

}  // namespace

std::string chrome_trace(const Trace& trace, const std::vector<InstructionName>& names, const Program& program, uint32_t method,
                         Span<const OpTable* const> tables) {
  const Text method_name = program.method_name(method);
  Writer out;
  out.name_process("etc " + std::string(method_name.data, method_name.size));
  out.name_lane(kRunLane, "runs");
  uint32_t workers = 1;
  for (const Trace::Run& run : trace.runs())
    for (const Trace::Event& e : run.events) workers = e.worker + 1 > workers ? e.worker + 1 : workers;
  for (uint32_t w = 0; w < workers; ++w) out.name_lane(w + 1, "worker " + std::to_string(w));

  const Accesses accesses(program, method, tables);
  for (size_t r = 0; r < trace.runs().size(); ++r) {
    const Trace::Run& run = trace.runs()[r];
    out.span("run " + std::to_string(r), "run", kRunLane, run.begin_ns, run.end_ns, "");
    const std::vector<bool> is_beside = beside_others(run, workers);
    for (size_t k = 0; k < run.events.size(); ++k) {
      const Trace::Event& e = run.events[k];
      const InstructionName& name = names[e.instruction];
      const std::string& title = name.node.empty() ? name.op : name.node;
      if (is_beside[k])
        out.beside(title, name.op, e.instruction, e.begin_ns, e.end_ns, args_of(name, e.instruction));
      else
        out.span(title, name.op, e.worker + 1, e.begin_ns, e.end_ns, args_of(name, e.instruction));
    }
    const Occupancy occupancy = occupancy_of(run, program, method, accesses);
    for (uint32_t p = 0; p < program.pool_count(); ++p) {
      const Text pool = program.pool_name(p);
      for (const Occupancy::Sample& s : occupancy.pools[p]) out.counter("pool " + std::string(pool.data, pool.size), s.at_ns, s.bytes);
    }
  }
  return out.finish();
}

}  // namespace etc::host
