// The families of decompositions, one file each; decompose.cc puts them together.
#pragma once

#include <vector>

#include "ir/builder.h"

namespace etc::compile {

std::vector<Decomposition> activation_decompositions();
std::vector<Decomposition> attention_decompositions();
std::vector<Decomposition> combine_decompositions();
std::vector<Decomposition> conv_decompositions();
std::vector<Decomposition> create_decompositions();
std::vector<Decomposition> einsum_decompositions();
std::vector<Decomposition> grid_decompositions();
std::vector<Decomposition> index_decompositions();
std::vector<Decomposition> linalg_decompositions();
std::vector<Decomposition> loss_decompositions();
std::vector<Decomposition> mask_decompositions();
std::vector<Decomposition> norm_decompositions();
std::vector<Decomposition> overload_decompositions();
std::vector<Decomposition> pad_decompositions();
std::vector<Decomposition> pointwise_decompositions();
std::vector<Decomposition> pool_decompositions();
std::vector<Decomposition> quantize_decompositions();
std::vector<Decomposition> random_decompositions();
std::vector<Decomposition> reduce_decompositions();
std::vector<Decomposition> resize_decompositions();
std::vector<Decomposition> rnn_decompositions();
std::vector<Decomposition> sort_decompositions();
std::vector<Decomposition> special_decompositions();
std::vector<Decomposition> view_decompositions();

}  // namespace etc::compile
