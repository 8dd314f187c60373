#include "decompose/decompose.h"

namespace etc::compile {

const std::vector<Decomposition>& decompositions() {
  static const std::vector<Decomposition> all = [] {
    std::vector<Decomposition> list;
    for (const auto& family : {activation_decompositions(), attention_decompositions(), combine_decompositions(),   conv_decompositions(),
                               create_decompositions(),     einsum_decompositions(),    grid_decompositions(),      index_decompositions(),
                               linalg_decompositions(),     loss_decompositions(),      mask_decompositions(),      norm_decompositions(),
                               overload_decompositions(),   pad_decompositions(),       pointwise_decompositions(), pool_decompositions(),
                               quantize_decompositions(),   random_decompositions(),    reduce_decompositions(),    resize_decompositions(),
                               rnn_decompositions(),        sort_decompositions(),      special_decompositions(),   view_decompositions()})
      list.insert(list.end(), family.begin(), family.end());
    return list;
  }();
  return all;
}

}  // namespace etc::compile
