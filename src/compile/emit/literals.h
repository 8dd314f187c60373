// The literal pools of a program: numbers, indices and text, each different run stored once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"

namespace etc::compile {

template <class T>
class LiteralPool {
 public:
  // Where the run starts.
  uint32_t add(const std::vector<T>& run) {
    auto [it, is_new] = starts_.emplace(key_of(run), static_cast<uint32_t>(all_.size()));
    if (is_new) all_.insert(all_.end(), run.begin(), run.end());
    if (all_.size() > kMaxElements) throw CompileError("the program has too many literals for the file format");
    return it->second;
  }
  const std::vector<T>& all() const { return all_; }

 private:
  static constexpr size_t kMaxElements = (size_t{1} << 29) - 1;  // a list of the format
  // Bytes, so that NaN equals itself and -0 differs from 0.
  static std::string key_of(const std::vector<T>& run) { return {reinterpret_cast<const char*>(run.data()), run.size() * sizeof(T)}; }
  std::vector<T> all_;
  std::map<std::string, uint32_t> starts_;
};

}  // namespace etc::compile
