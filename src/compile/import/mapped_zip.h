// A zip file, mapped. Entries are found by their exact name and read whole, with sizes and CRC checked; what is stored without
// compression is lent from the mapping.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

class Zip {
 public:
  // CompileError, naming the file: cannot be opened, a directory, empty, cut short, not a zip.
  explicit Zip(const std::string& path);
  ~Zip();
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;

  const std::string& path() const { return path_; }
  const std::vector<std::string>& names() const { return names_; }  // in the order of the file
  bool has(const std::string& name) const;
  // The entry's bytes, aligned to 16; they live as long as `owner`. Nothing when there is no such entry. CompileError for one that is
  // damaged, encrypted or compressed in a way that libzip does not know.
  std::optional<ConstantData> read(const std::string& name) const;

 private:
  struct Mapping;
  struct Handle;
  [[noreturn]] void fail(const std::string& name, const std::string& what) const;

  std::string path_;
  std::shared_ptr<Mapping> mapping_;
  std::unique_ptr<Handle> handle_;
  std::vector<std::string> names_;
};

}  // namespace etc::compile
