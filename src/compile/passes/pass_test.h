// For tests of passes: text in, text out.
#pragma once

#include <gtest/gtest.h>

#include <string>

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

}  // namespace etc::compile
