// Padding by mode.
#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// Pads come as (before, after) from the last dimension on; negative ones crop.
Results pad_circular(Builder& b, const Call& c) {
  Term x = term(b, c, 0);
  const std::vector<int64_t> pads = c.ints(1);
  for (size_t i = 0; i + 1 < pads.size(); i += 2) {
    const int64_t dim = rank_of(x) - 1 - static_cast<int64_t>(i / 2), before = pads[i], after = pads[i + 1];
    const Term middle = slice(x, dim, std::max<int64_t>(0, -before), size_of(x, dim) + std::min<int64_t>(0, after));
    const SymInt size = size_of(middle, dim);
    if (provably_less(size, before) || provably_less(size, after)) throw CompileError("circular padding wraps around more than once");
    std::vector<Term> parts;
    if (before > 0) parts.push_back(slice(middle, dim, size - before, size));
    parts.push_back(middle);
    if (after > 0) parts.push_back(slice(middle, dim, 0, after));
    x = concatenate(parts, dim);
  }
  return {x};
}

Results pad_as(Builder& b, const Call& c, const std::string& mode, Argument value) {
  const Sizes pads = c.syms(1);
  if (mode == "constant")
    return b.call("aten::constant_pad_nd", {c.args[0], pads, std::holds_alternative<None>(value) ? Argument(0) : std::move(value)});
  if (mode == "circular") return pad_circular(b, c);
  const std::string dims = std::to_string(pads.size() / 2);
  if (mode == "reflect") return b.call("aten::reflection_pad" + dims + "d", {c.args[0], pads});
  if (mode == "replicate") return b.call("aten::replication_pad" + dims + "d", {c.args[0], pads});
  throw CompileError("unknown padding mode '" + mode + "'");
}

Results pad(Builder& b, const Call& c) { return pad_as(b, c, c.string(2), c.args[3]); }
Results pad_enum(Builder& b, const Call& c) {
  static const char* const kModes[] = {"reflect", "replicate", "circular", "constant"};
  const int64_t mode = c.integer(2);
  if (mode < 0 || mode > 3) throw CompileError("unknown padding mode " + std::to_string(mode));
  return pad_as(b, c, kModes[mode], c.args[3]);
}

}  // namespace

std::vector<Decomposition> pad_decompositions() {
  return {
      {"aten::pad(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor", pad},
      {"aten::_pad_enum(Tensor self, SymInt[] pad, int mode, float? value=None) -> Tensor", pad_enum},
      {"aten::_pad_circular(Tensor self, SymInt[] pad) -> Tensor", pad_circular},
  };
}

}  // namespace etc::compile
