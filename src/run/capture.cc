// Keeping values of a run as they are made; see capture.h.
#include "capture.h"

#include <algorithm>

#include "lib/format.h"
#include "strided.h"

namespace etc::run {

ValueFinder::ValueFinder(const Program& program, uint32_t method, const host::Accesses& accesses, const MethodNames& names)
    : program_(program), method_(method), accesses_(accesses), names_(names) {}

std::optional<uint32_t> ValueFinder::find(const std::string& name) const {
  const auto value = std::find(names_.values.begin(), names_.values.end(), name);
  const bool is_known = value != names_.values.end();
  const auto index = static_cast<uint32_t>(value - names_.values.begin());
  // A constant that was made for a node, a weight laid out anew, may have the node's name.
  const format::Method& m = ProgramAccess::root(program_).methods()[method_];
  if (is_known && index < m.values().size && m.values()[index].storage != format::kConstants) return index;
  if (const auto io = find_io(name)) return io;
  if (const auto result = find_result(name, 0)) return result;
  if (is_known && index < m.values().size) return index;
  const size_t dot = name.rfind('.');
  const bool has_number =
      dot != name.npos && dot + 1 < name.size() && name.size() - dot < 6 &&
      std::all_of(name.begin() + static_cast<ptrdiff_t>(dot) + 1, name.end(), [](char c) { return c >= '0' && c <= '9'; });
  return has_number ? find_result(name.substr(0, dot), std::stoul(name.substr(dot + 1))) : std::nullopt;
}

std::optional<uint32_t> ValueFinder::find_io(const std::string& name) const {
  const format::Method& m = ProgramAccess::root(program_).methods()[method_];
  for (uint32_t i = 0; i < program_.output_count(method_); ++i)
    if (program_.output(method_, i).name == name.c_str()) return m.outputs()[i].value;
  for (uint32_t i = 0; i < program_.input_count(method_); ++i)
    if (program_.input(method_, i).name == name.c_str()) return m.inputs()[i].value;
  return std::nullopt;
}

// A node may have become several instructions: the last of them gives its results.
std::optional<uint32_t> ValueFinder::find_result(const std::string& node, size_t result) const {
  for (size_t i = names_.instructions.size(); i-- > 0;) {
    if (names_.instructions[i].node != node || node.empty()) continue;
    for (const host::Use& use : accesses_.uses(static_cast<uint32_t>(i)))
      if (use.kind == host::Use::Kind::Writes && result-- == 0) return use.value;
    return std::nullopt;
  }
  return std::nullopt;
}

Capture::Capture(const Program& program, uint32_t method, const Method& loaded, const host::Accesses& accesses,
                 std::vector<uint32_t> values)
    : method_(loaded), values_(std::move(values)), made_by_(accesses.instruction_count()) {
  const Span<const uint32_t> roots = ProgramAccess::root(program).methods()[method].roots();
  std::vector<std::vector<size_t>> wanted(roots.size);  // by root
  for (size_t k = 0; k < values_.size(); ++k) wanted[roots[values_[k]]].push_back(k);
  std::vector<bool> is_made(roots.size);
  for (uint32_t i = 0; i < accesses.instruction_count(); ++i)
    for (const host::Use& use : accesses.uses(i)) {
      if (use.kind != host::Use::Kind::Writes) continue;
      const uint32_t root = roots[use.value];
      is_made[root] = true;
      for (const size_t k : wanted[root])
        if (made_by_[i].empty() || made_by_[i].back() != k) made_by_[i].push_back(k);
    }
  for (size_t k = 0; k < values_.size(); ++k)
    if (!is_made[roots[values_[k]]]) there_before_.push_back(k);
}

void Capture::begin_run() {
  captured_.assign(values_.size(), std::nullopt);
  time_ = 0;
  for (const size_t k : there_before_) capture(k, Fault::kNowhere);
}

void Capture::after(uint32_t instruction, uint32_t) {
  ++time_;
  for (const size_t k : made_by_[instruction]) capture(k, instruction);
}

// Of a value that is larger than its memory there is nothing to keep; who uses it will fail.
void Capture::capture(size_t k, uint32_t instruction) {
  if (method_.check_value(values_[k]) == Error::Ok) captured_[k] = Captured{to_array(method_.value(values_[k])), instruction, time_};
}

}  // namespace etc::run
