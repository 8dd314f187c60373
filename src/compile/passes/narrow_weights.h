// What --precision does.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

// Weights of linear layers, convolutions and LSTMs, packed by the passes before, become `dtype`, BF16 or F16, rounded to nearest even. One
// with a finite number that is none in `dtype` stays f32, and `warnings` says so. How many became narrow.
int narrow_weights(Graph& graph, DType dtype, std::vector<std::string>* warnings);

}  // namespace etc::compile
