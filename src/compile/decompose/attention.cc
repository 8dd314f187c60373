// Attention's other spellings, on scaled_dot_product_attention.
#include <cmath>
#include <limits>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Value* attention(Builder& b, Argument q, Argument k, Argument v, Argument mask, Argument causal, Argument scale) {
  return b.op("aten::scaled_dot_product_attention",
              {std::move(q), std::move(k), std::move(v), std::move(mask), 0.0, std::move(causal), std::move(scale)});
}

// Scores as attention forms them: q k^T scale, with the mask added or its false elements at -inf.
Term scores(Builder& b, const Term& q, const Term& k, const Argument& mask, bool causal, const Argument& scale) {
  const double factor = std::holds_alternative<None>(scale) ? 1 / std::sqrt(static_cast<double>(size_of(q, -1))) : number(scale);
  Term s = apply("aten::matmul", {q, transpose(k, -2, -1)}) * factor;
  if (causal) {
    const Term row = unsqueeze(iota(b, size_of(q, -2)), 1), column = iota(b, size_of(k, -2));
    s = where(ge(row, column), s, -kInfinity);
  }
  if (auto* m = std::get_if<Value*>(&mask)) s = (*m)->type.dtype == DType::Bool ? where(term(b, *m), s, -kInfinity) : s + term(b, *m);
  return s;
}

// query, key, value, dropout_p, is_causal, attn_mask, scale; also gives the logarithm of each row's sum.
Results flash_for_cpu(Builder& b, const Call& c) {
  const Term sums = apply("aten::logsumexp", {scores(b, widen(term(b, c, 0)), widen(term(b, c, 1)), c.args[5], c.boolean(4), c.args[6])},
                          {std::vector<int64_t>{-1}, false});
  return {attention(b, c.args[0], c.args[1], c.args[2], c.args[5], c.args[4], c.args[6]), sums};
}

// The heads of keys or values, each as often as queries share it.
Term shared_heads(const Term& x, const SymInt& times) {
  if (times == 1) return x;
  Sizes sizes = x->type.sizes, apart = sizes;
  const size_t head = sizes.size() - 3;
  apart.insert(apart.begin() + static_cast<long>(head) + 1, times);
  sizes[head] = sizes[head] * times;
  return reshape(expand(unsqueeze(x, -3), apart), sizes);
}

// query, key, value, attn_mask, dropout_p, is_causal, dropout_mask, scale, enable_gqa; also gives the weights.
Results math(Builder& b, const Call& c) {
  const Term q = term(b, c, 0);
  const SymInt times = c.boolean(8) ? floor_div(size_of(q, -3), size_of(c.tensor(1), -3)) : SymInt(1);
  const Term k = shared_heads(term(b, c, 1), times);
  const Term weights = apply("aten::_safe_softmax", {scores(b, q, k, c.args[3], c.boolean(5), c.args[7])}, {int64_t{-1}});
  if (c.has(6)) throw CompileError("attention with a dropout mask of its own is not supported");
  if (c.real(4) != 0) {
    const Term dropped = apply("aten::dropout", {weights}, {c.args[4], true});
    return {apply("aten::matmul", {dropped, shared_heads(term(b, c, 2), times)}), dropped};
  }
  Value* out =
      b.op("aten::scaled_dot_product_attention", {c.args[0], c.args[1], c.args[2], c.args[3], 0.0, c.args[5], c.args[7], c.args[8]});
  return {out, weights};
}

Results with_dropout(Builder& b, const Call& c) {
  return {b.call("aten::_scaled_dot_product_attention_math",
                 {c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5], None{}, c.args[6], c.args[7]})[0]};
}

// --- the fast path of TransformerEncoderLayer in eval mode ---

struct Projection {
  Argument qkv_weight, qkv_bias, weight, bias;
};

// A bool mask that is true where attention is forbidden, as attention's mask; its sizes depend on the type: 0 is [l, l], 1 is [b, l],
// 2 is [b, h, l, l].
Argument attention_mask(Builder& b, const Argument& mask, const Argument& type) {
  if (std::holds_alternative<None>(mask)) return None{};
  Term m = term(b, std::get<Value*>(mask));
  if (m->type.dtype == DType::Bool) m = apply("aten::logical_not", {m});
  const bool is_padding = std::holds_alternative<int64_t>(type) ? std::get<int64_t>(type) == 1 : false;
  return (is_padding ? unsqueeze(unsqueeze(m, 1), 1) : m).value();
}

struct Heads {
  Term q, k, v;
};
Heads split_heads(Builder& b, const Argument& query, const Argument& key, const Argument& value, int64_t dim, int64_t heads,
                  const Projection& p) {
  const auto project = [&](const Argument& x, int64_t part) {
    Value* weight = b.slice(std::get<Value*>(p.qkv_weight), 0, part * dim, (part + 1) * dim);
    Value* bias = b.slice(std::get<Value*>(p.qkv_bias), 0, part * dim, (part + 1) * dim);
    const Term y = apply("aten::linear", {Term(b, x)}, {weight, bias});
    return transpose(reshape(y, {size_of(y, 0), size_of(y, 1), heads, dim / heads}), 1, 2);
  };
  return {project(query, 0), project(key, 1), project(value, 2)};
}
Term join_heads(const Term& out, const Projection& p) {
  const Term rows = transpose(out, 1, 2);
  return apply("aten::linear", {reshape(rows, {size_of(rows, 0), size_of(rows, 1), size_of(rows, 2) * size_of(rows, 3)})},
               {p.weight, p.bias});
}

Results multi_head(Builder& b, const Call& c) {  // query, key, value, embed_dim, num_head, …, mask, need_weights, average, mask_type
  const Projection p{c.args[5], c.args[6], c.args[7], c.args[8]};
  const Heads h = split_heads(b, c.args[0], c.args[1], c.args[2], c.integer(3), c.integer(4), p);
  const Argument mask = attention_mask(b, c.args[9], c.args[12]);
  const Term out = term(b, attention(b, h.q.value(), h.k.value(), h.v.value(), mask, false, None{}));
  Argument weights = None{};
  if (c.boolean(10)) {
    const Term all = apply("aten::_softmax", {scores(b, h.q, h.k, mask, false, None{})}, {int64_t{-1}, false});
    weights = (c.boolean(11) ? mean(all, {1}) : all).value();
  }
  return {join_heads(out, p), weights};
}

Results encoder_layer(Builder& b,
                      const Call& c) {  // src, embed_dim, num_heads, qkv…, use_gelu, norm_first, eps, norms, ffn, mask, mask_type
  const Projection p{c.args[3], c.args[4], c.args[5], c.args[6]};
  const auto norm = [&](const Term& x, size_t weight) {
    return apply("aten::layer_norm", {x}, {std::vector<int64_t>{c.integer(1)}, c.args[weight], c.args[weight + 1], c.args[9]});
  };
  const auto attend = [&](const Term& x) {
    const Heads h = split_heads(b, x.value(), x.value(), x.value(), c.integer(1), c.integer(2), p);
    return join_heads(
        term(b, attention(b, h.q.value(), h.k.value(), h.v.value(), attention_mask(b, c.args[18], c.args[19]), false, None{})), p);
  };
  const auto feed_forward = [&](const Term& x) {
    const Term hidden = apply("aten::linear", {x}, {c.args[14], c.args[15]});
    const Term active = c.boolean(7) ? apply("aten::gelu", {hidden}) : relu(hidden);
    return apply("aten::linear", {active}, {c.args[16], c.args[17]});
  };
  const Term x = term(b, c, 0);
  if (c.boolean(8)) {
    const Term y = x + attend(norm(x, 10));
    return {y + feed_forward(norm(y, 12))};
  }
  const Term y = norm(x + attend(x), 10);
  return {norm(y + feed_forward(y), 12)};
}

}  // namespace

std::vector<Decomposition> attention_decompositions() {
  return {
      {"aten::_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float dropout_p=0., bool "
       "is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor logsumexp)",
       flash_for_cpu},
      {"aten::_scaled_dot_product_attention_math(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., "
       "bool is_causal=False, Tensor? dropout_mask=None, *, float? scale=None, bool enable_gqa=False) -> (Tensor, Tensor)",
       math},
      {"etc::scaled_dot_product_attention_with_dropout(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., "
       "bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
       with_dropout},
      {"aten::_native_multi_head_attention(Tensor query, Tensor key, Tensor value, int embed_dim, int num_head, Tensor qkv_weight, "
       "Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, Tensor? mask=None, bool need_weights=True, bool "
       "average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)",
       multi_head},
      {"aten::_transformer_encoder_layer_fwd(Tensor src, int embed_dim, int num_heads, Tensor qkv_weight, Tensor qkv_bias, Tensor "
       "proj_weight, Tensor proj_bias, bool use_gelu, bool norm_first, float eps, Tensor norm_weight_1, Tensor norm_bias_1, Tensor "
       "norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor ffn_weight_2, Tensor ffn_bias_2, Tensor? "
       "mask=None, int? mask_type=None) -> Tensor",
       encoder_layer},
  };
}

}  // namespace etc::compile
