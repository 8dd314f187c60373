// Files of arrays: one .npy, or many in a zip (.npz).
#include <zip.h>

#include <cstring>

#include "host/error.h"
#include "host/mapped_zip.h"
#include "host/npy.h"
#include "host/output.h"

namespace etc::host {
namespace {

constexpr const char* kHint = "write it with numpy.save or numpy.savez";

// A zip in memory: libzip would rename over the output file by itself, and not sync it.
class MemoryZip {
 public:
  MemoryZip() {
    zip_error_init(&error_);
    source_ = zip_source_buffer_create(nullptr, 0, 0, &error_);
    archive_ = source_ ? zip_open_from_source(source_, ZIP_TRUNCATE, &error_) : nullptr;
    if (archive_) zip_source_keep(source_);  // we read it after zip_close
  }
  ~MemoryZip() {
    if (archive_) zip_discard(archive_);
    if (source_) zip_source_free(source_);
    zip_error_fini(&error_);
  }
  bool add(const std::string& name, const std::string& bytes) {
    if (!archive_) return false;
    zip_source_t* entry = zip_source_buffer(archive_, bytes.data(), bytes.size(), 0);
    const zip_int64_t i = entry ? zip_file_add(archive_, name.c_str(), entry, ZIP_FL_ENC_UTF_8) : -1;
    if (entry && i < 0) zip_source_free(entry);
    // The same arrays give the same bytes: 1980-01-01, the first day that zip knows.
    return i >= 0 && zip_set_file_compression(archive_, static_cast<zip_uint64_t>(i), ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(archive_, static_cast<zip_uint64_t>(i), 0, (1 << 5) | 1, 0) == 0;
  }
  // The whole archive; the added bytes must still be there.
  std::optional<std::string> finish() {
    if (!archive_ || zip_close(archive_) != 0) return std::nullopt;
    archive_ = nullptr;
    zip_stat_t stat;
    if (zip_source_stat(source_, &stat) != 0 || zip_source_open(source_) != 0) return std::nullopt;
    std::string bytes(stat.size, '\0');
    const zip_int64_t n = zip_source_read(source_, bytes.data(), bytes.size());
    zip_source_close(source_);
    if (n < 0 || static_cast<uint64_t>(n) != stat.size) return std::nullopt;
    return bytes;
  }

 private:
  zip_error_t error_;
  zip_source_t* source_ = nullptr;
  zip_t* archive_ = nullptr;
};

// An empty .npz: libzip writes no file for an archive without entries.
constexpr std::string_view kEmptyZip{"PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22};

}  // namespace

std::vector<NamedArray> read_arrays(const std::string& path) {
  const Bytes file = map_file(path, kHint);
  const bool is_zip = file.size >= 4 && (std::memcmp(file.data, "PK\3\4", 4) == 0 || std::memcmp(file.data, "PK\5\6", 4) == 0);
  std::vector<NamedArray> arrays;
  if (!is_zip) {
    arrays.emplace_back("", parse_npy(file.data, file.size, path));
    return arrays;
  }
  const MappedZip zip(path, kHint);
  for (const std::string& name : zip.names()) {
    const auto bytes = zip.read(name);
    if (!bytes) continue;
    const bool has_suffix = name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0;
    arrays.emplace_back(has_suffix ? name.substr(0, name.size() - 4) : name, parse_npy(bytes->data, bytes->size, path + ":" + name));
  }
  return arrays;
}

void write_npz(const std::string& path, const std::vector<NamedArray>& arrays) {
  std::string bytes(kEmptyZip);
  if (!arrays.empty()) {
    std::vector<std::string> entries;
    entries.reserve(arrays.size());
    MemoryZip zip;
    bool ok = true;
    for (const auto& [name, array] : arrays) ok = ok && zip.add(name + ".npy", entries.emplace_back(npy_bytes(array)));
    auto whole = ok ? zip.finish() : std::nullopt;
    if (!whole) throw UserError(path + ": cannot be put together (two arrays of one name, or no memory)", kEnvironment);
    bytes = std::move(*whole);
  }
  write_file(path, bytes);
}

}  // namespace etc::host
