// What a method does, step by step: the graph's nodes without views, and the copies that outputs and mutations need.
#pragma once

#include <deque>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ir/graph.h"
#include "plan/flow.h"

namespace etc::compile {

// True when sizes of the results are symbols that the op itself decides: those of an external op that no argument has.
bool decides_sizes(const Node& node);

// True when `v` shows all bytes of its root in order.
bool covers_root(const Value* v);

struct Sequence {
  struct Update {
    const Value* target;  // an input or a state
    const Value* value;   // what it holds after the run
    bool is_copied;       // by a copy at the end, whose only purpose is to be in the target's place
  };
  std::vector<const Node*> steps;
  std::vector<const Value*> outputs;  // what holds each user output, alone and whole
  std::vector<Update> updates;

  // Of roots: the first step that writes it. What lives into a loop is used until its end. A root's last use is the number of steps when it
  // is needed after the run, -1 when nothing uses it.
  std::unordered_map<const Value*, int64_t> definition, last_use;

  Sequence() = default;
  Sequence(Sequence&&) = default;
  Sequence& operator=(Sequence&&) = default;
  // Of flat code (plan/flow.h): roots that several steps write, and that change places.
  std::unordered_set<const Value*> variables, swapped;

  std::deque<Value> made_values;  // of copies
  std::deque<Node> made_nodes;

  // Steps called "etc::eval": the graph's eval ops that each does. One stands first when the graph has symbols, and one behind each step
  // whose results' sizes are decided by data.
  std::unordered_map<const Node*, std::vector<const Node*>> evals;
};

// `flat`: no bodies are left in the graph. The targets in `copied` get their new value by a copy at the end; those of the others are to be
// made in the target's place, and are `copied` too in the result where that is plainly impossible.
Sequence sequence(const FlatGraph& flat, const std::set<const Value*>& copied);

}  // namespace etc::compile
