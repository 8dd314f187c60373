// The default report, and those of inputs and outputs, exact sizes, ops.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "arena.h"
#include "host/error.h"
#include "liveness.h"
#include "reports.h"
#include "text.h"

namespace etc::inspect {
namespace {

std::vector<int64_t> bits_of(uint32_t mask) {
  std::vector<int64_t> bits;
  for (int64_t d = 0; d < 32; ++d)
    if (mask >> d & 1) bits.push_back(d);
  return bits;
}

std::string port_json(const Method& m, const Port& p) {
  const Value& v = m.values[p.value];
  return "{\"name\":" + json_text(p.name) + ",\"dtype\":\"" + name_of(v.dtype) + "\",\"shape\":" + json_list(v.sizes) +
         (v.varying ? ",\"varying\":" + json_list(bits_of(v.varying)) : "") + (p.written ? ",\"written\":true" : "") + "}";
}

std::string ports_json(const Method& m, const std::vector<Port>& ports) {
  std::string all = "[";
  for (size_t i = 0; i < ports.size(); ++i) all += (i ? "," : "") + port_json(m, ports[i]);
  return all + "]";
}

std::string states_json(const Listing& l) {
  std::string all = "[";
  for (size_t i = 0; i < l.states.size(); ++i)
    all += std::string(i ? "," : "") + "{\"name\":" + json_text(l.states[i].name) + ",\"dtype\":\"" + name_of(l.states[i].dtype) +
           "\",\"shape\":" + json_list(l.states[i].sizes) + "}";
  return all + "]";
}

std::string io_text(const Listing& l) {
  std::string all;
  for (const Method& m : l.methods) {
    all += "method " + m.name + "\n";
    for (const Port& p : m.inputs)
      all += "  input   " + p.name + ": " + type_text(m.values[p.value]) + (p.written ? "  (the program changes it)" : "") + "\n";
    for (const Port& p : m.outputs) all += "  output  " + p.name + ": " + type_text(m.values[p.value]) + "\n";
  }
  for (const State& s : l.states) all += "state     " + s.name + ": " + type_text(s.dtype, s.sizes) + "\n";
  return all;
}

// Exact bytes, or nothing when a kernel is not in this build.
struct Sizes {
  Needs needs;
  bool known = false;
};
Sizes sizes_of(const OpenProgram& p, uint32_t method, const Abi& abi) {
  const OpTable* tables[] = {&builtin_ops()};
  // What backends need is in the file; they need not be here.
  std::vector<std::string> names;
  for (uint32_t d = 0; d < p.program().delegate_count(); ++d)
    names.emplace_back(p.program().delegate_name(d).data, p.program().delegate_name(d).size);
  std::vector<DelegateTable> backends;
  for (const std::string& name : names)
    backends.push_back({DelegateTable::kAbi, 0, name.c_str(), nullptr, [](DelegateContext) noexcept { return DelegateStatus{}; }, nullptr,
                        nullptr, nullptr});
  std::vector<const DelegateTable*> delegates;
  for (const DelegateTable& t : backends) delegates.push_back(&t);
  const Result<Needs> needs = needs_on(abi, p.program(), method, {tables, 1}, {delegates.data(), delegates.size()});
  return needs.ok() ? Sizes{needs.value(), true} : Sizes{};
}

// All methods loaded at once, running one at a time: they share pools, state and the workers' scratch.
struct AllMethods {
  std::vector<uint64_t> pools;
  uint64_t arenas = 0, state = 0, worker_scratch = 0;

  void add(const Method& m, const Needs& needs) {
    for (size_t i = 0; i < pools.size(); ++i) pools[i] = std::max(pools[i], m.pool_bytes[i]);
    arenas += needs.arena;
    state = needs.state;
    worker_scratch = std::max(worker_scratch, needs.worker_scratch);
  }
  uint64_t total() const { return std::accumulate(pools.begin(), pools.end(), arenas + state + worker_scratch); }
  std::string text(const Listing& l) const {
    Table table({"memory", "bytes"});
    table.add({"arenas", bytes_text(arenas)});
    for (size_t i = 0; i < pools.size(); ++i) table.add({"pool " + l.pools[i], bytes_text(pools[i])});
    table.add({"state", bytes_text(state)});
    table.add({"scratch of each worker", bytes_text(worker_scratch)});
    table.add({"RAM in all", bytes_text(total())});
    return "all methods, one running at a time\n" + table.text();
  }
  std::string json(const Listing& l) const {
    std::string all = "\"all_methods\":{\"arenas\":" + std::to_string(arenas) + ",\"pools\":[";
    for (size_t i = 0; i < pools.size(); ++i)
      all += std::string(i ? "," : "") + "{\"name\":" + json_text(l.pools[i]) + ",\"bytes\":" + std::to_string(pools[i]) + "}";
    return all + "],\"state\":" + std::to_string(state) + ",\"worker_scratch\":" + std::to_string(worker_scratch) +
           ",\"total\":" + std::to_string(total()) + "}";
  }
};

}  // namespace

std::string summary(const OpenProgram& p, Format format) {
  const Listing& l = p.listing();
  if (format == Format::Json) {
    std::string all = "{\"schema_version\":1,\"program\":" + json_text(l.path) + ",\"format\":\"" + std::to_string(l.major) + "." +
                      std::to_string(l.minor) + "\",\"file_bytes\":" + std::to_string(l.file_bytes) +
                      ",\"constant_bytes\":" + std::to_string(l.constant_bytes) + ",\"state_bytes\":" + std::to_string(l.state_bytes) +
                      ",\"ops\":" + std::to_string(l.ops.size()) + ",\"states\":" + states_json(l) + ",\"methods\":[";
    for (size_t m = 0; m < l.methods.size(); ++m) {
      const Method& method = l.methods[m];
      const Liveness live = liveness_of(method);
      all += std::string(m ? "," : "") + "{\"name\":" + json_text(method.name) +
             ",\"instructions\":" + std::to_string(method.instructions.size()) + ",\"values\":" + std::to_string(method.values.size()) +
             ",\"inputs\":" + ports_json(method, method.inputs) + ",\"outputs\":" + ports_json(method, method.outputs) + ",\"pools\":[";
      for (size_t i = 0; i < live.pools.size(); ++i)
        all += std::string(i ? "," : "") + "{\"name\":" + json_text(l.pools[i]) + ",\"bytes\":" + std::to_string(live.pools[i].bytes) +
               ",\"lower_bound\":" + std::to_string(live.pools[i].live) + "}";
      all += "]}";
    }
    return all + "]}\n";
  }
  std::string all = l.path + ": program of format " + std::to_string(l.major) + "." + std::to_string(l.minor) + ", " +
                    bytes_text(l.file_bytes) + " bytes, of them " + bytes_text(l.constant_bytes) + " constants; " +
                    std::to_string(l.ops.size()) + " different ops\n";
  all += io_text(l);
  for (size_t m = 0; m < l.methods.size(); ++m) {
    const Method& method = l.methods[m];
    const Liveness live = liveness_of(method);
    all += "method " + method.name + ": " + std::to_string(method.instructions.size()) + " instructions, " +
           std::to_string(method.values.size()) + " values\n";
    for (size_t i = 0; i < live.pools.size(); ++i)
      all +=
          "  pool " + l.pools[i] + ": " + bytes_text(live.pools[i].bytes) + " bytes (lower bound " + bytes_text(live.pools[i].live) + ")\n";
  }
  if (l.state_bytes) all += "state: " + bytes_text(l.state_bytes) + " bytes\n";
  return all;
}

std::string io_report(const OpenProgram& p, Format format) {
  const Listing& l = p.listing();
  if (format != Format::Json) return io_text(l);
  std::string all = "{\"schema_version\":1,\"states\":" + states_json(l) + ",\"methods\":[";
  for (size_t m = 0; m < l.methods.size(); ++m)
    all += std::string(m ? "," : "") + "{\"name\":" + json_text(l.methods[m].name) +
           ",\"inputs\":" + ports_json(l.methods[m], l.methods[m].inputs) +
           ",\"outputs\":" + ports_json(l.methods[m], l.methods[m].outputs) + "}";
  return all + "]}\n";
}

std::string size_report(const OpenProgram& p, const std::string& abi_name, Format format) {
  const bool is_64_bit = abi_name.empty() ? sizeof(void*) == 8 : abi_name == "lp64";
  const Abi& abi = is_64_bit ? kLp64 : kIlp32;
  const Listing& l = p.listing();
  std::string json = "{\"schema_version\":1,\"abi\":\"" + std::string(is_64_bit ? "lp64" : "ilp32") +
                     "\",\"constant_bytes\":" + std::to_string(l.constant_bytes) + ",\"state_bytes\":" + std::to_string(l.state_bytes) +
                     ",\"methods\":[";
  std::string text;
  AllMethods all{std::vector<uint64_t>(l.pools.size())};
  for (uint32_t m = 0; m < l.methods.size(); ++m) {
    const Sizes s = sizes_of(p, m, abi);
    if (!s.known) {
      std::string missing;
      const OpTable* tables[] = {&builtin_ops()};
      for (uint32_t o = 0; o < l.ops.size(); ++o)
        if (!p.program().find_op(o, {tables, 1})) missing += (missing.empty() ? "" : ", ") + l.ops[o];
      throw host::UserError(l.path + ": the arena depends on kernels that this build lacks: " + missing, host::kEnvironment);
    }
    all.add(l.methods[m], s.needs);
    uint64_t total = s.needs.arena + s.needs.state + s.needs.worker_scratch;
    Table table({"memory", "bytes"});
    table.add({"arena", bytes_text(s.needs.arena)});
    std::string pools;
    for (size_t i = 0; i < l.pools.size(); ++i) {
      const uint64_t bytes = l.methods[m].pool_bytes[i];
      total += bytes;
      table.add({"pool " + l.pools[i], bytes_text(bytes)});
      pools += std::string(i ? "," : "") + "{\"name\":" + json_text(l.pools[i]) + ",\"bytes\":" + std::to_string(bytes) + "}";
    }
    table.add({"state", bytes_text(s.needs.state)});
    table.add({"scratch of each worker", bytes_text(s.needs.worker_scratch)});
    table.add({"RAM in all", bytes_text(total)});
    table.add({"constants, in the file", bytes_text(l.constant_bytes)});
    text += "method " + l.methods[m].name + "\n" + table.text();
    json += std::string(m ? "," : "") + "{\"name\":" + json_text(l.methods[m].name) + ",\"arena\":" + std::to_string(s.needs.arena) +
            ",\"pools\":[" + pools + "],\"state\":" + std::to_string(s.needs.state) +
            ",\"worker_scratch\":" + std::to_string(s.needs.worker_scratch) + ",\"total\":" + std::to_string(total) + "}";
  }
  if (l.methods.size() > 1) text += all.text(l);
  return format == Format::Json ? json + "]," + all.json(l) + "}\n" : text;
}

std::string ops_report(const std::vector<const OpenProgram*>& programs, Format format) {
  struct Use {
    std::set<std::string> dtypes;
    size_t instructions = 0;
    bool external = false;
  };
  std::map<std::string, Use> ops;
  for (const OpenProgram* p : programs) {
    const Listing& l = p->listing();
    for (size_t o = 0; o < l.ops.size(); ++o) ops[l.ops[o]].external = l.op_external[o];
    for (const Method& m : l.methods)
      for (const Instruction& in : m.instructions) {
        const auto use = ops.find(in.op);
        if (use == ops.end()) continue;  // no call of a kernel
        ++use->second.instructions;
        for (const auto& values : {in.reads, in.writes})
          for (uint32_t v : values) use->second.dtypes.insert(name_of(m.values[v].dtype));
      }
  }
  std::string json = "{\"schema_version\":1,\"ops\":[", text;
  bool first = true;
  for (const auto& [name, use] : ops) {
    std::string dtypes, quoted;
    for (const std::string& d : use.dtypes) dtypes += (dtypes.empty() ? "" : ",") + d, quoted += (quoted.empty() ? "\"" : ",\"") + d + "\"";
    text += name + (dtypes.empty() ? "" : " " + dtypes) + (use.external ? " external" : "") + "\n";
    json += std::string(first ? "" : ",") + "{\"name\":" + json_text(name) + ",\"instructions\":" + std::to_string(use.instructions) +
            ",\"external\":" + (use.external ? "true" : "false") + ",\"dtypes\":[" + quoted + "]}";
    first = false;
  }
  return format == Format::Json ? json + "]}\n" : text;
}

}  // namespace etc::inspect
