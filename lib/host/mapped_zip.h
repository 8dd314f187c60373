// A zip file, mapped. Entries are found by their exact name and read whole, with sizes and CRC checked; what is stored without
// compression is lent from the mapping.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/mapped_file.h"

namespace etc::host {

class MappedZip {
 public:
  // UserError, here and below, naming the file: cannot be opened, a directory, empty, cut short, not a zip. `hint` as in map_file.
  MappedZip(const std::string& path, const std::string& hint);
  ~MappedZip();
  MappedZip(const MappedZip&) = delete;
  MappedZip& operator=(const MappedZip&) = delete;

  const std::string& path() const { return path_; }
  const std::vector<std::string>& names() const { return names_; }  // in the order of the file
  bool has(const std::string& name) const;
  // The entry's bytes, aligned to 16. Nothing when there is no such entry. UserError for one that is damaged, encrypted or compressed
  // in a way that libzip does not know.
  std::optional<Bytes> read(const std::string& name) const;

 private:
  struct Handle;
  [[noreturn]] void fail(const std::string& name, const std::string& what) const;

  std::string path_;
  Bytes mapping_;
  std::unique_ptr<Handle> handle_;
  std::vector<std::string> names_;
};

}  // namespace etc::host
