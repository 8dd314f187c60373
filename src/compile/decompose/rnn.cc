// Cells of recurrent networks: one step in time.
#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

Term linear(const Term& x, const Argument& weight, const Argument& bias) { return apply("aten::linear", {x}, {weight, bias}); }

// The last dimension in equal parts.
std::vector<Term> gates(const Term& x, int64_t count) {
  const int64_t size = size_of(x, -1) / count;
  std::vector<Term> parts;
  for (int64_t i = 0; i < count; ++i) parts.push_back(slice(x, -1, i * size, (i + 1) * size));
  return parts;
}

Results lstm_cell(Builder& b, const Call& c) {  // input, [h, c], w_ih, w_hh, b_ih, b_hh
  const Values hx = c.tensors(1);
  const Term h = term(b, hx.at(0)), cell = term(b, hx.at(1));
  const auto g = gates(linear(term(b, c, 0), c.args[2], c.args[4]) + linear(h, c.args[3], c.args[5]), 4);
  const Term next = sigmoid(g[1]) * cell + sigmoid(g[0]) * tanh(g[2]);
  return {sigmoid(g[3]) * tanh(next), next};
}

Results gru_cell(Builder& b, const Call& c) {  // input, h, w_ih, w_hh, b_ih, b_hh
  const Term h = term(b, c, 1);
  const auto x = gates(linear(term(b, c, 0), c.args[2], c.args[4]), 3), y = gates(linear(h, c.args[3], c.args[5]), 3);
  const Term reset = sigmoid(x[0] + y[0]), update = sigmoid(x[1] + y[1]), fresh = tanh(x[2] + y[2] * reset);
  return {(h - fresh) * update + fresh};
}

template <OpName activation>
Results rnn_cell(Builder& b, const Call& c) {
  return {apply(activation.text, {linear(term(b, c, 0), c.args[2], c.args[4]) + linear(term(b, c, 1), c.args[3], c.args[5])})};
}

}  // namespace

std::vector<Decomposition> rnn_decompositions() {
  return {
      {"aten::lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> (Tensor, Tensor)",
       lstm_cell},
      {"aten::gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor", gru_cell},
      {"aten::rnn_tanh_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
       rnn_cell<"aten::tanh">},
      {"aten::rnn_relu_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
       rnn_cell<"aten::relu">},
  };
}

}  // namespace etc::compile
