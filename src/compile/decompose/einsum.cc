// einsum: the equation is read once, then operands are contracted from left to right, each pair as one bmm.
#include <array>
#include <cctype>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// Labels are letters; the dimensions of an ellipsis get numbers of their own above them, the last being kEllipsis.
constexpr int kEllipsis = 255;
using Labels = std::vector<int>;

struct Equation {
  std::vector<Labels> inputs;
  Labels output;
};

// "ab...,bc" without spaces; `ellipsis` gives how many dimensions each ellipsis stands for.
Labels expand_labels(const std::string& text, int ellipsis) {
  Labels labels;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "...") == 0) {
      for (int d = ellipsis; d > 0; --d) labels.push_back(kEllipsis - d + 1);
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(text[i]))) {
      labels.push_back(text[i]);
    } else {
      throw CompileError("einsum: unexpected '" + std::string(1, text[i]) + "' in the equation");
    }
  }
  return labels;
}

Equation read_equation(std::string text, const std::vector<Term>& operands) {
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  std::string left = text.substr(0, arrow);
  std::vector<std::string> parts(1);
  for (const char ch : left) {
    if (ch == ',')
      parts.emplace_back();
    else
      parts.back() += ch;
  }
  if (parts.size() != operands.size())
    throw CompileError("einsum: the equation has " + std::to_string(parts.size()) + " operands, the call " +
                       std::to_string(operands.size()));
  Equation e;
  int widest = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool has_ellipsis = parts[i].find("...") != std::string::npos;
    const int named = static_cast<int>(parts[i].size()) - (has_ellipsis ? 3 : 0), rest = static_cast<int>(rank_of(operands[i])) - named;
    if (rest < 0 || (rest > 0 && !has_ellipsis))
      throw CompileError("einsum: operand " + std::to_string(i) + " has " + std::to_string(rank_of(operands[i])) +
                         " dimensions, not those of '" + parts[i] + "'");
    if (has_ellipsis) widest = std::max(widest, rest);
    e.inputs.push_back(expand_labels(parts[i], rest));
  }
  if (arrow != std::string::npos) {
    e.output = expand_labels(text.substr(arrow + 2), widest);
  } else {  // labels that occur once, in alphabetical order, after the ellipsis
    for (int d = widest; d > 0; --d) e.output.push_back(kEllipsis - d + 1);
    std::array<int, 256> count{};
    for (const Labels& labels : e.inputs)
      for (const int l : labels) ++count[static_cast<size_t>(l)];
    for (int l = 0; l < 128; ++l)
      if (count[static_cast<size_t>(l)] == 1) e.output.push_back(l);
  }
  return e;
}

// The operand with its dimensions in the order of `order`: repeated labels become diagonals, missing ones size one.
Term aligned(Term x, Labels labels, const Labels& order) {
  Builder& b = *x.builder();
  for (size_t i = 0; i < labels.size(); ++i)
    for (size_t j = i + 1; j < labels.size();) {
      if (labels[j] != labels[i]) {
        ++j;
        continue;
      }
      const auto di = static_cast<int64_t>(i), dj = static_cast<int64_t>(j);
      if (size_of(x, di) != size_of(x, dj)) throw CompileError("einsum: a repeated label stands for different sizes");
      x = term(b, b.op("aten::diagonal", {x.value(), int64_t{0}, di, dj}));  // the diagonal comes last
      std::vector<int64_t> dims;
      for (int64_t d = 0; d < rank_of(x); ++d) dims.push_back(d < di ? d : d == di ? rank_of(x) - 1 : d - 1);
      x = permute(x, dims);
      labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(j));
    }
  std::vector<int64_t> dims;
  Sizes sizes;
  for (const int l : order) {
    const auto at = std::find(labels.begin(), labels.end(), l);
    if (at == labels.end()) {
      sizes.push_back(1);
    } else {
      dims.push_back(at - labels.begin());
      sizes.push_back(size_of(x, at - labels.begin()));
    }
  }
  x = permute(x, dims);
  for (size_t i = 0; i < order.size(); ++i)
    if (std::find(labels.begin(), labels.end(), order[i]) == labels.end()) x = unsqueeze(x, static_cast<int64_t>(i));
  return x;
}

// The product of two aligned operands, summed over `summed` dimensions, which stay with size one.
Term contracted(Term x, Term y, const std::vector<bool>& summed) {
  enum { kBatch, kLeft, kRight, kSum };
  std::array<std::vector<int64_t>, 4> groups;
  std::array<SymInt, 4> sizes = {1, 1, 1, 1};
  Sizes result(summed.size(), 1);
  for (size_t i = 0; i < summed.size(); ++i) {
    const auto d = static_cast<int64_t>(i);
    const SymInt nx = size_of(x, d), ny = size_of(y, d);
    if (nx != ny && nx != 1 && ny != 1) throw CompileError("einsum: a label stands for different sizes");
    int group = nx == 1 && ny != 1 ? kRight : ny == 1 && nx != 1 ? kLeft : kBatch;
    if (summed[i]) {
      if (group == kLeft) x = sum(x, {d}, true);
      if (group == kRight) y = sum(y, {d}, true);
      group = kSum;
      groups[kSum].push_back(d);
      sizes[kSum] *= size_of(x, d);
      continue;
    }
    groups[static_cast<size_t>(group)].push_back(d);
    sizes[static_cast<size_t>(group)] *= nx == 1 ? ny : nx;  // the larger, or none
    result[i] = nx == 1 ? ny : nx;
  }
  if (sizes[kSum] == 1) return x * y;
  const auto order = [&](std::initializer_list<int> parts) {
    std::vector<int64_t> dims;
    for (const int p : parts) dims.insert(dims.end(), groups[static_cast<size_t>(p)].begin(), groups[static_cast<size_t>(p)].end());
    return dims;
  };
  const Term left = reshape(permute(x, order({kBatch, kLeft, kSum, kRight})), {sizes[kBatch], sizes[kLeft], sizes[kSum]});
  const Term right = reshape(permute(y, order({kBatch, kSum, kRight, kLeft})), {sizes[kBatch], sizes[kSum], sizes[kRight]});
  const std::vector<int64_t> dims = order({kBatch, kLeft, kRight, kSum});
  Sizes permuted;
  std::vector<int64_t> back(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    permuted.push_back(result[static_cast<size_t>(dims[i])]);
    back[static_cast<size_t>(dims[i])] = static_cast<int64_t>(i);
  }
  return permute(reshape(apply("aten::bmm", {left, right}), permuted), back);
}

Results einsum(Builder& b, const Call& c) {
  std::vector<Term> operands;
  for (Value* v : c.tensors(1)) operands.push_back(term(b, v));
  if (operands.empty()) throw CompileError("einsum without operands");
  const Equation e = read_equation(c.string(0), operands);

  Labels order = e.output;
  for (const Labels& labels : e.inputs)
    for (const int l : labels)
      if (std::find(order.begin(), order.end(), l) == order.end()) order.push_back(l);
  const auto last_use = [&](int label) {
    size_t last = 0;
    for (size_t i = 0; i < e.inputs.size(); ++i)
      if (std::find(e.inputs[i].begin(), e.inputs[i].end(), label) != e.inputs[i].end()) last = i;
    return last;
  };
  for (size_t i = 0; i < operands.size(); ++i) operands[i] = aligned(operands[i], e.inputs[i], order);

  std::vector<int64_t> rest;
  for (size_t d = e.output.size(); d < order.size(); ++d) rest.push_back(static_cast<int64_t>(d));
  Term result = operands[0];
  for (size_t i = 1; i < operands.size(); ++i) {
    std::vector<bool> summed(order.size(), false);
    for (size_t d = e.output.size(); d < order.size(); ++d) summed[d] = last_use(order[d]) == i;
    result = contracted(result, operands[i], summed);
  }
  if (rest.empty()) return {result};
  // What only the first operand names is still there.
  std::vector<int64_t> wide;
  for (const int64_t d : rest)
    if (size_of(result, d) != 1) wide.push_back(d);
  if (!wide.empty()) result = sum(result, wide, true);
  return {squeeze(result, rest)};
}

}  // namespace

std::vector<Decomposition> einsum_decompositions() {
  return {
      {"aten::einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> "
       "Tensor",
       einsum}};
}

}  // namespace etc::compile
