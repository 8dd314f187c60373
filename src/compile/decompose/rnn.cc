// Cells of recurrent networks, one step in time; and layers with dropout between them.
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

// input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first: layer by layer, and what one gives the next is
// dropped in part.
template <OpName layer>
Results with_dropout(Builder& b, const Call& c) {
  const auto* list = std::get_if<Values>(&c.args[1]);
  const Values states = list ? *list : Values{c.tensor(1)}, parameters = c.tensors(2);
  const int64_t layers = c.integer(4), directions = c.boolean(7) ? 2 : 1;
  if (layers < 1 || parameters.size() % static_cast<size_t>(layers) != 0) throw CompileError("has not the same parameters in each layer");
  const size_t each = parameters.size() / static_cast<size_t>(layers);
  Value* x = c.tensor(0);
  std::vector<std::vector<Term>> last(states.size());
  for (int64_t i = 0; i < layers; ++i) {
    if (i > 0) x = b.op("aten::dropout", {x, c.args[5], true});
    Values begin;
    for (Value* state : states) begin.push_back(b.slice(state, 0, i * directions, (i + 1) * directions));
    const auto first = parameters.begin() + i * static_cast<int64_t>(each);
    const Results made =
        b.call(layer.text, {x, list ? Argument(begin) : Argument(begin[0]), Values(first, first + static_cast<int64_t>(each)), c.args[3],
                            int64_t{1}, 0.0, c.args[6], c.args[7], c.args[8]});
    x = std::get<Value*>(made[0]);
    for (size_t s = 0; s < last.size(); ++s) last[s].push_back(term(b, std::get<Value*>(made[s + 1])));
  }
  Results results{x};
  for (const std::vector<Term>& state : last) results.push_back(concatenate(state, 0).value());
  return results;
}

}  // namespace

#define ETC_LAYERS(hx)                                                                                          \
  "(Tensor input, " hx                                                                                          \
  " hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool " \
  "batch_first) -> (Tensor, Tensor"
std::vector<Decomposition> rnn_decompositions() {
  return {
      {"aten::lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> (Tensor, Tensor)",
       lstm_cell},
      {"aten::gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor", gru_cell},
      {"aten::rnn_tanh_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
       rnn_cell<"aten::tanh">},
      {"aten::rnn_relu_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
       rnn_cell<"aten::relu">},
      {"etc::lstm_with_dropout" ETC_LAYERS("Tensor[]") ", Tensor)", with_dropout<"aten::lstm.input">},
      {"etc::gru_with_dropout" ETC_LAYERS("Tensor") ")", with_dropout<"aten::gru.input">},
      {"etc::rnn_tanh_with_dropout" ETC_LAYERS("Tensor") ")", with_dropout<"aten::rnn_tanh.input">},
      {"etc::rnn_relu_with_dropout" ETC_LAYERS("Tensor") ")", with_dropout<"aten::rnn_relu.input">},
  };
}
#undef ETC_LAYERS

}  // namespace etc::compile
