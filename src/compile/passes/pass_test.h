// For tests of passes: text in, text out.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ir/interpret.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "passes/pass.h"

namespace etc::compile {

inline const Pass& find_pass(const std::string& name) {
  for (const Pass& p : all_passes())
    if (name == p.name) return p;
  throw std::logic_error("no pass is called " + name);
}

// The graph of these lines after the pass and after removing what is dead; canonical text, without the frame.
inline std::string after(const std::string& pass, const std::string& lines) {
  Graph graph = parse_graph("graph g {\n" + lines + "}\n");
  verify(graph, "the test's input");
  run_pass(find_pass(pass), graph);
  graph.remove_dead();
  verify(graph, pass.c_str());
  return print_graph(graph);
}

// The pass makes `expected` of `lines`.
inline void expect_pass(const std::string& pass, const std::string& lines, const std::string& expected) {
  Graph graph = parse_graph("graph g {\n" + expected + "}\n");
  EXPECT_EQ(after(pass, lines), print_graph(graph));
}

inline void expect_unchanged(const std::string& pass, const std::string& lines) { expect_pass(pass, lines, lines); }

// The f32 numbers of the first output for inputs of f32, which are some between -1.5 and 1.75.
inline std::vector<float> computed(const Graph& graph) {
  Environment env;
  for (const Value* in : graph.inputs) {
    std::vector<float> numbers(static_cast<size_t>(in->type.numel()));
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * 29 % 53) / 16 - 1.5f;
    env[in] = ConstantData::copy_of(numbers.data(), numbers.size() * sizeof(float));
  }
  run_graph(graph, env);
  const ConstantData data = gather(graph.outputs[0].value, env);
  const auto* first = reinterpret_cast<const float*>(data.data);
  return {first, first + data.bytes / sizeof(float)};
}

}  // namespace etc::compile
