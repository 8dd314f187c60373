// A zip file, mapped.
#include "host/mapped_zip.h"

#include <zip.h>

#include <algorithm>
#include <cstring>

#include "host/error.h"

namespace etc::host {

// What libzip reads through: the mapping, and where the last read began. libzip does not tell where an entry's bytes lie; with this
// we see it. An ugly trick; an offset in zip_stat_t would free us of it. `read` below does not trust it: it compares.
struct MappedZip::Handle {
  const Bytes* mapping;
  uint64_t position = 0;
  uint64_t last_read = 0;
  zip_error_t error;
  zip_t* archive = nullptr;

  explicit Handle(const Bytes* m) : mapping(m) { zip_error_init(&error); }
  ~Handle() {
    if (archive) zip_discard(archive);
    zip_error_fini(&error);
  }

  static zip_int64_t callback(void* user, void* data, zip_uint64_t length, zip_source_cmd_t command) {
    Handle& self = *static_cast<Handle*>(user);
    switch (command) {
      case ZIP_SOURCE_OPEN: self.position = 0; return 0;
      case ZIP_SOURCE_READ: {
        const uint64_t n = std::min<uint64_t>(length, self.mapping->size - self.position);
        std::memcpy(data, self.mapping->data + self.position, n);
        self.last_read = self.position;
        self.position += n;
        return static_cast<zip_int64_t>(n);
      }
      case ZIP_SOURCE_SEEK: {
        const zip_int64_t to = zip_source_seek_compute_offset(self.position, self.mapping->size, data, length, &self.error);
        if (to < 0) return -1;
        self.position = static_cast<uint64_t>(to);
        return 0;
      }
      case ZIP_SOURCE_TELL: return static_cast<zip_int64_t>(self.position);
      case ZIP_SOURCE_STAT: {
        auto* stat = static_cast<zip_stat_t*>(data);
        zip_stat_init(stat);
        stat->size = self.mapping->size;
        stat->valid = ZIP_STAT_SIZE;
        return sizeof(zip_stat_t);
      }
      case ZIP_SOURCE_ERROR: return zip_error_to_data(&self.error, data, length);
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE: return 0;
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
                                              ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
      default: zip_error_set(&self.error, ZIP_ER_OPNOTSUPP, 0); return -1;
    }
  }
};

namespace {

std::string text_of(zip_error_t* error) {
  const std::string text = zip_error_strerror(error);
  zip_error_fini(error);
  return text;
}

Bytes copy_of(const std::byte* data, uint64_t size) {
  std::shared_ptr<std::byte[]> bytes(new std::byte[size]);
  std::memcpy(bytes.get(), data, size);
  return {bytes, bytes.get(), size};
}

// A stored entry, where it lies in the mapping; its memory is given back with the last user.
struct Entry {
  std::shared_ptr<const void> mapping;
  const std::byte* data;
  uint64_t size;
  Entry(std::shared_ptr<const void> m, const std::byte* d, uint64_t n) : mapping(std::move(m)), data(d), size(n) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() { forget_pages(data, size); }
};

}  // namespace

MappedZip::MappedZip(const std::string& path, const std::string& hint) : path_(path), mapping_(map_file(path, hint)) {
  handle_ = std::make_unique<Handle>(&mapping_);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_function_create(&Handle::callback, handle_.get(), &error);
  if (source) handle_->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (!handle_->archive) {
    if (source) zip_source_free(source);
    const std::string reason = text_of(&error);
    const bool begins_as_zip = mapping_.size >= 4 && std::memcmp(mapping_.data, "PK\3\4", 4) == 0;
    throw UserError(path + (begins_as_zip ? ": the zip archive is cut short or damaged (" + reason + "); copy or save the file again"
                                          : ": is no zip archive; " + hint),
                    kBadInput);
  }
  const zip_int64_t count = zip_get_num_entries(handle_->archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(handle_->archive, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    names_.emplace_back(name ? name : "");
  }
}

MappedZip::~MappedZip() = default;

void MappedZip::fail(const std::string& name, const std::string& what) const {
  throw UserError(path_ + ":" + name + ": " + what + "; the file is damaged, copy or save it again", kBadInput);
}

bool MappedZip::has(const std::string& name) const { return zip_name_locate(handle_->archive, name.c_str(), ZIP_FL_ENC_RAW) >= 0; }

std::optional<Bytes> MappedZip::read(const std::string& name) const {
  const zip_int64_t index = zip_name_locate(handle_->archive, name.c_str(), ZIP_FL_ENC_RAW);
  if (index < 0) return std::nullopt;
  zip_stat_t stat;
  zip_stat_init(&stat);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if (zip_stat_index(handle_->archive, static_cast<zip_uint64_t>(index), 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded)
    fail(name, "cannot be read");
  // Deflate reaches 1032 to 1; a size beyond that is a lie that would only cost memory.
  const bool stored = stat.comp_method == ZIP_CM_STORE;
  if (stat.comp_size > mapping_.size || stat.size > (stored ? stat.comp_size : stat.comp_size * 1032 + 64))
    fail(name, "states a size that it cannot have");

  zip_file_t* file = zip_fopen_index(handle_->archive, static_cast<zip_uint64_t>(index), 0);
  if (!file) fail(name, std::string("cannot be read (") + zip_strerror(handle_->archive) + ")");
  struct Closer {
    zip_file_t* file;
    ~Closer() { zip_fclose(file); }
  } closer{file};

  // The whole entry goes through libzip, which checks the CRC at its end; a stored one in pieces that are then forgotten, as long as
  // they are what lies in the mapping.
  constexpr uint64_t kChunk = 1 << 16;
  const std::byte* in_place = nullptr;
  std::shared_ptr<std::byte[]> bytes(new std::byte[std::max<uint64_t>(stored ? std::min(kChunk, stat.size) : stat.size, 1)]);
  for (uint64_t done = 0; done < stat.size;) {
    std::byte* to = stored && in_place ? bytes.get() : bytes.get() + done;
    const zip_int64_t n = zip_fread(file, to, std::min(kChunk, stat.size - done));
    if (n <= 0) fail(name, std::string("cannot be read (") + (n < 0 ? zip_file_strerror(file) : "too short") + ")");
    if (stored) {
      if (done == 0) in_place = mapping_.data + handle_->last_read;
      const std::byte* there = in_place + done;
      const uint64_t left = mapping_.size - static_cast<uint64_t>(there - mapping_.data);
      if (static_cast<uint64_t>(n) > left || std::memcmp(there, to, static_cast<size_t>(n)) != 0) fail(name, "cannot be located");
    }
    done += static_cast<uint64_t>(n);
  }
  std::byte more;
  if (zip_fread(file, &more, 1) != 0) fail(name, "does not have the checksum or size that it states");
  if (!stored || stat.size == 0) return Bytes{bytes, bytes.get(), stat.size};
  if (reinterpret_cast<uintptr_t>(in_place) % 16 != 0) return copy_of(in_place, stat.size);  // zipped by another tool
  return Bytes{std::make_shared<const Entry>(mapping_.owner, in_place, stat.size), in_place, stat.size};
}

}  // namespace etc::host
