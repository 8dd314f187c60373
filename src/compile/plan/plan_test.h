// For tests of plans: from the text of a graph to a planned program and its file.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "emit/emit.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "plan/assign.h"
#include "plan/check.h"
#include "plan/lower.h"

namespace etc::compile {

// A model of one method with these lines, kept as long as the plan that points into it.
struct PlannedModel {
  Model model;
  ProgramPlan plan;

  explicit PlannedModel(const std::string& lines, const PlanOptions& options = {}) {
    model.methods.push_back(parse_graph("graph forward {\n" + lines + "}\n"));
    verify(model.methods[0], "the test's input");
    plan = lower(model, options);
    plan_memory(plan, options);
  }

  const MemoryPlan& method() const { return plan.methods[0]; }
  uint32_t id(const std::string& name) const {
    for (uint32_t v = 0; v < method().values.size(); ++v)
      if (method().values[v].name == name) return v;
    throw std::logic_error("no value is called " + name);
  }
  const Location& location(const std::string& name) const { return method().values[id(name)].location; }
  const Buffer& buffer(const std::string& name) const {
    EXPECT_EQ(location(name).kind, Location::Kind::Buffer);
    return method().buffers[location(name).index];
  }
  bool share_place(const std::string& a, const std::string& b) const {
    const Location &x = location(a), &y = location(b);
    return x.kind == y.kind && x.index == y.index && x.offset_bytes == y.offset_bytes;
  }
  size_t copies() const {
    return static_cast<size_t>(std::count_if(method().instructions.begin(), method().instructions.end(),
                                             [](const PlannedInstruction& i) { return i.op == "etc::copy"; }));
  }
};

inline std::string faults_of(const ProgramPlan& plan) {
  const AlignedBytes file = emit(plan);
  std::string text;
  for (const PlanFault& f : check_plan(file.span())) text += std::to_string(f.instruction) + ": " + f.message + "\n";
  return text;
}

}  // namespace etc::compile
