// The random numbers of a graph. Each draw takes the generator's state, {key, counter}, and leaves the next one, so that the order of draws
// is a data dependency like any other: no pass can merge two draws, fold one, or change which numbers it gets.
#pragma once

#include "ir/graph.h"

namespace etc::compile {

class Generator {
 public:
  // Of a method, the generator begins as a state of the program; of a body of control flow, as an input after all others.
  enum class Home { Method, Body };
  Generator(Graph& graph, Home home) : graph_(graph), home_(home) {}

  // The state after all draws so far.
  Value* state();
  void set_state(Value* next) { state_ = next; }
  // Where the first draw began; null while there is none.
  Value* first() const { return first_; }

 private:
  Graph& graph_;
  Home home_;
  Value *first_ = nullptr, *state_ = nullptr;
};

TensorType generator_type();

}  // namespace etc::compile
