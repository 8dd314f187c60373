// Keeping values of a run as they are made: their bytes are used again right after.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "etc/host/observer.h"
#include "etc/method.h"
#include "host/access.h"
#include "host/npy.h"
#include "names.h"

namespace etc::run {

// By the names of values; of inputs, outputs; of nodes of the model (`node.1` is the second result of one that has several). Nothing when
// no value that is made has the name.
class ValueFinder {
 public:
  ValueFinder(const Program& program, uint32_t method, const host::Accesses& accesses, const MethodNames& names);
  std::optional<uint32_t> find(const std::string& name) const;

 private:
  std::optional<uint32_t> find_io(const std::string& name) const;
  std::optional<uint32_t> find_result(const std::string& node, size_t result) const;
  const Program& program_;
  uint32_t method_;
  const host::Accesses& accesses_;
  const MethodNames& names_;
};

// What a value was right after the last instruction that wrote any of its bytes; for a value that no instruction writes, before the run.
struct Captured {
  host::Array array;
  uint32_t instruction = Fault::kNowhere;  // that made it
  uint64_t time = 0;                       // counts instructions of the run, so that captures have an order
};

class Capture : public host::Observer {
 public:
  Capture(const Program& program, uint32_t method, const Method& loaded, const host::Accesses& accesses, std::vector<uint32_t> values);
  // Before each run, inputs being set.
  void begin_run();
  void after(uint32_t instruction, uint32_t worker) override;
  // Nothing when the run did not come to where the value is made.
  const std::optional<Captured>& captured(size_t i) const { return captured_[i]; }

 private:
  void capture(size_t k, uint32_t instruction);
  const Method& method_;
  std::vector<uint32_t> values_;
  std::vector<std::vector<size_t>> made_by_;  // per instruction: which of `values_` it writes
  std::vector<size_t> there_before_;
  std::vector<std::optional<Captured>> captured_;
  uint64_t time_ = 0;
};

}  // namespace etc::run
