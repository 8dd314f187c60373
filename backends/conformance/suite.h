// What every backend must keep to, in or out of tree.
#pragma once

#include "subject.h"

namespace etc::conformance {

struct Finding {
  std::string check;
  std::string fault;  // empty: passed
};

// Runs all checks; a backend that crashes takes the process with it. Calls `tell` after each.
bool run_suite(const Subject& subject, const std::function<void(const Finding&)>& tell);

// One check each, of one case. They return what is wrong, or "".
std::string check_answers(const Subject& s, const Case& c);      // equal to the baseline, in every run
std::string check_instances(const Subject& s, const Case& c);    // several at once, each its own, in any order of death
std::string check_threads(const Subject& s, const Case& c);      // loading, running and unloading side by side
std::string check_varying(const Subject& s, const Case& c);      // a program whose sizes vary: equal to the baseline at each of them
std::string check_places(const Subject& s, const Case& c);       // inputs and outputs bound elsewhere between runs
std::string check_failed_init(const Subject& s, const Case& c);  // a neighbour's init fails: the others are destroyed
std::string check_failed_run(const Subject& s, const Case& c);   // a run fails: its code is passed up, the next one is right
std::string check_heap(const Subject& s, const Case& c);         // allocates only when its flags say so, and gives all back
std::string check_no_memory(const Subject& s, const Case& c);    // an allocation fails in init: an error, and nothing left behind
std::string check_sizes(const Subject& s, const Case& c);        // kDynamicSizes: smaller tensors than at init
std::string check_operands(const Subject& s, const Case& c);     // operands that the blob does not describe are refused
std::string check_blobs(const Subject& s, const Case& c);        // damaged blobs: refused, or harmless

}  // namespace etc::conformance
