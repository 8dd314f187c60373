// Losses, with their reductions.
#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

enum Reduction : int64_t { kNone = 0, kMean = 1, kSum = 2 };

Results reduced(const Term& loss, int64_t reduction, DType dtype) {
  return {cast(reduction == kMean ? mean(loss) : reduction == kSum ? sum(loss) : loss, dtype)};
}

// A pointwise loss of the first two arguments; f gets them widened.
template <class F>
Results pointwise_loss(Builder& b, const Call& c, size_t reduction, F f) {
  const DType dtype = result_type(b, {c.args[0], c.args[1]}), wide = opmath(dtype);
  const Term x = cast(cast(term(b, c, 0), dtype), wide), y = cast(cast(term(b, c, 1), dtype), wide);
  return reduced(f(x, y), c.integer(reduction), dtype);
}

Results smooth_l1_loss(Builder& b, const Call& c) {
  return pointwise_loss(b, c, 2, [&](const Term& x, const Term& y) {
    const Term z = abs(x - y);
    const double beta = c.real(3);
    return beta == 0 ? z : where(lt(z, beta), z * z * 0.5 / beta, z - 0.5 * beta);
  });
}

Results huber_loss(Builder& b, const Call& c) {
  return pointwise_loss(b, c, 2, [&](const Term& x, const Term& y) {
    const Term z = abs(x - y);
    const double delta = c.real(3);
    return where(le(z, delta), z * z * 0.5, (z - 0.5 * delta) * delta);
  });
}

Results kl_div(Builder& b, const Call& c) {
  return pointwise_loss(b, c, 2, [&](const Term& input, const Term& target) {
    if (c.boolean(3)) return exp(target) * (target - input);
    return apply("aten::xlogy.Tensor", {target, target}) - target * input;
  });
}

Term weighted(Builder& b, const Call& c, size_t weight, const Term& loss) {
  return c.has(weight) ? loss * widen(term(b, c, weight)) : loss;
}

Results binary_cross_entropy(Builder& b, const Call& c) {
  return pointwise_loss(b, c, 3, [&](const Term& x, const Term& y) {
    const Term loss = (y - 1) * maximum(log1p(-x), -100.0) - y * maximum(log(x), -100.0);  // PyTorch bounds the logarithms
    return weighted(b, c, 2, loss);
  });
}

Results binary_cross_entropy_with_logits(Builder& b, const Call& c) {
  return pointwise_loss(b, c, 4, [&](const Term& x, const Term& y) {
    const Term log_weight = c.has(3) ? (widen(term(b, c, 3)) - 1) * y + 1 : y * 0 + 1;
    return weighted(b, c, 2, (1 - y) * x + log_weight * (log1p(exp(-abs(x))) + maximum(-x, 0.0)));
  });
}

Results soft_margin_loss(Builder& b, const Call& c) {
  return pointwise_loss(b, c, 2, [](const Term& x, const Term& y) { return log1p(exp(-(x * y))); });
}

Results poisson_nll_loss(Builder& b, const Call& c) {  // input, target, log_input, full, eps, reduction
  return pointwise_loss(b, c, 5, [&](const Term& x, const Term& y) {
    Term loss = c.boolean(2) ? exp(x) - y * x : x - y * log(x + c.real(4));
    if (c.boolean(3)) {
      const Term stirling = y * log(y) - y + log(y * 6.283185307179586) * 0.5;
      loss = loss + where(gt(y, 1), stirling, 0.0);
    }
    return loss;
  });
}

Results margin_ranking_loss(Builder& b, const Call& c) {  // input1, input2, target, margin, reduction
  return reduced(maximum(-term(b, c, 2) * (term(b, c, 0) - term(b, c, 1)) + c.real(3), 0.0), c.integer(4), c.tensor(0)->type.dtype);
}

Results hinge_embedding_loss(Builder& b, const Call& c) {  // self, target, margin, reduction
  const Term x = term(b, c, 0), y = term(b, c, 1);
  const Term loss = where(ne(y, 1), maximum(c.real(2) - x, 0.0), 0.0) + where(ne(y, -1), x, 0.0);
  return reduced(loss, c.integer(3), loss->type.dtype);
}

Results cosine_embedding_loss(Builder& b, const Call& c) {  // input1, input2, target, margin, reduction
  const Term x = term(b, c, 0), y = term(b, c, 1), target = term(b, c, 2);
  const std::vector<int64_t> last = {rank_of(x) - 1};
  const double eps = 1e-12;
  const Term cosine = sum(x * y, last) / sqrt((sum(x * x, last) + eps) * (sum(y * y, last) + eps));
  const Term loss = where(eq(target, 1), 1 - cosine, 0.0) + where(eq(target, -1), maximum(cosine - c.real(3), 0.0), 0.0);
  return reduced(loss, c.integer(4), loss->type.dtype);
}

Results triplet_margin_loss(Builder& b, const Call& c) {  // anchor, positive, negative, margin, p, eps, swap, reduction
  const auto distance = [&](size_t i, size_t j) {
    return term(b, b.op("aten::pairwise_distance", {c.args[i], c.args[j], c.args[4], c.args[5]}));
  };
  Term negative = distance(0, 2);
  if (c.boolean(6)) negative = minimum(negative, distance(1, 2));
  const Term loss = maximum(distance(0, 1) - negative + c.real(3), 0.0);
  return reduced(loss, c.integer(7), loss->type.dtype);
}

// Negative log likelihood. `log_p` has the classes in dimension 1 (0 when it has one), `target` the class of each position. Gives loss
// and the sum of the weights used.
Results nll(Builder& b, Value* log_probabilities, Value* classes, Value* weights, int64_t reduction, int64_t ignore_index) {
  const Term log_p = term(b, log_probabilities), target = term(b, classes);
  const int64_t dim = rank_of(log_p) > 1 ? 1 : 0;
  const DType dtype = log_p->type.dtype;
  const Term used = ne(target, ignore_index), index = where(used, target, 0);
  Term loss = -squeeze(apply("aten::gather", {log_p}, {dim, b.unsqueeze(index, dim)}), {dim});
  Term weight = cast(used, dtype);
  if (weights) {
    const Term flat = apply("aten::index_select", {term(b, weights)}, {int64_t{0}, b.reshape(index, {-1})});
    weight = where(used, reshape(flat, target->type.sizes), 0.0);
    loss = loss * weight;
  } else {
    loss = where(used, loss, 0.0);
  }
  if (reduction == kNone) return {loss, rank_of(log_p) == 1 ? weight.value() : b.scalar(dtype, 0.0)};
  const Term total = sum(loss), total_weight = sum(weight);
  return {reduction == kSum ? total : total / total_weight, total_weight};
}

Results nll_forward(Builder& b, const Call& c) { return nll(b, c.tensor(0), c.tensor(1), c.tensor_or_null(2), c.integer(3), c.integer(4)); }
Results nll_loss(Builder& b, const Call& c) { return {nll_forward(b, c)[0]}; }

// Targets that are probabilities, and label smoothing, on top of log_softmax.
Results cross_entropy_loss(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), target = term(b, c, 1);
  const int64_t dim = rank_of(x) > 1 ? 1 : 0, reduction = c.integer(3);
  const double smoothing = c.real(5);
  const Term log_p = apply("aten::_log_softmax", {x}, {dim, false});
  const double classes = static_cast<double>(size_of(x, dim));
  const auto per_class = [&](const Term& weight) {
    Sizes sizes(static_cast<size_t>(rank_of(x)), 1);
    sizes[static_cast<size_t>(dim)] = size_of(x, dim);
    return reshape(weight, sizes);
  };
  if (is_floating(target->type.dtype)) {
    const Term p = smoothing > 0 ? target * (1 - smoothing) + smoothing / classes : target;
    const Term terms = c.has(2) ? log_p * p * per_class(term(b, c, 2)) : log_p * p;
    if (reduction == kNone) return {-sum(terms, {dim})};
    if (reduction == kSum) return {-sum(terms)};
    return {-sum(terms) / (static_cast<double>(x->type.numel()) / classes)};
  }
  const Results hard = nll(b, log_p, target, c.tensor_or_null(2), reduction, c.integer(4));
  if (smoothing == 0) return {hard[0]};
  const Term ignored = eq(target, c.integer(4));
  Term smooth = where(ignored, 0.0, -sum(c.has(2) ? log_p * per_class(term(b, c, 2)) : log_p, {dim}));
  if (reduction == kSum) smooth = sum(smooth);
  if (reduction == kMean) smooth = sum(smooth) / Term(b, nll(b, log_p, target, c.tensor_or_null(2), kMean, c.integer(4))[1]);
  return {Term(b, hard[0]) * (1 - smoothing) + smooth * (smoothing / classes)};
}

}  // namespace

std::vector<Decomposition> loss_decompositions() {
  return {
      {"aten::mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
       [](Builder& b, const Call& c) { return pointwise_loss(b, c, 2, [](const Term& x, const Term& y) { return (x - y) * (x - y); }); }},
      {"aten::l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
       [](Builder& b, const Call& c) { return pointwise_loss(b, c, 2, [](const Term& x, const Term& y) { return abs(x - y); }); }},
      {"aten::smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.) -> Tensor", smooth_l1_loss},
      {"aten::huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.) -> Tensor", huber_loss},
      {"aten::kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor", kl_div},
      {"aten::binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor", binary_cross_entropy},
      {"aten::binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int "
       "reduction=1) -> Tensor",
       binary_cross_entropy_with_logits},
      {"aten::soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", soft_margin_loss},
      {"aten::poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor",
       poisson_nll_loss},
      {"aten::margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor",
       margin_ranking_loss},
      {"aten::hinge_embedding_loss(Tensor self, Tensor target, float margin=1., int reduction=1) -> Tensor", hinge_embedding_loss},
      {"aten::cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor",
       cosine_embedding_loss},
      {"aten::triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1., float p=2., float "
       "eps=9.9999999999999995e-07, bool swap=False, int reduction=1) -> Tensor",
       triplet_margin_loss},
      {"aten::nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor", nll_loss},
      {"aten::nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor", nll_loss},
      {"aten::nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor", nll_loss},
      {"aten::nll_loss_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor "
       "total_weight)",
       nll_forward},
      {"aten::nll_loss2d_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, "
       "Tensor total_weight)",
       nll_forward},
      {"aten::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, float "
       "label_smoothing=0.) -> Tensor",
       cross_entropy_loss},
  };
}

}  // namespace etc::compile
