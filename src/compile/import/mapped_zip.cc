// A zip file, mapped.
#include "import/mapped_zip.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ir/error.h"

namespace etc::compile {

struct Zip::Mapping {
  const std::byte* data = nullptr;
  uint64_t size = 0;
  ~Mapping() {
    if (data) munmap(const_cast<std::byte*>(data), size);
  }
};

// What libzip reads through: the mapping, and where the last read began. libzip does not tell where an entry's bytes lie; with this
// we see it. An ugly trick; an offset in zip_stat_t would free us of it. `read` below does not trust it: it compares.
struct Zip::Handle {
  const Mapping* mapping;
  uint64_t position = 0;
  uint64_t last_read = 0;
  zip_error_t error;
  zip_t* archive = nullptr;

  explicit Handle(const Mapping* m) : mapping(m) { zip_error_init(&error); }
  ~Handle() {
    if (archive) zip_discard(archive);
    zip_error_fini(&error);
  }

  static zip_int64_t callback(void* user, void* data, zip_uint64_t length, zip_source_cmd_t command) {
    Handle& self = *static_cast<Handle*>(user);
    switch (command) {
      case ZIP_SOURCE_OPEN:
        self.position = 0;
        return 0;
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

}  // namespace

Zip::Zip(const std::string& path) : path_(path), mapping_(std::make_shared<Mapping>()) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    const int reason = errno;
    if (file >= 0) close(file);
    throw CompileError(path + ": cannot be opened: " + std::strerror(reason), reason == EIO || reason == ENOMEM ? kEnvironment : kBadInput);
  }
  const auto refuse = [&](const std::string& what, ExitCode code = kBadInput) {
    close(file);
    throw CompileError(path + ": " + what, code);
  };
  if (S_ISDIR(status.st_mode)) refuse("is a directory; give the .pt2 file that torch.export.save wrote");
  if (!S_ISREG(status.st_mode)) refuse("is not a regular file; save the model to a file first");
  if (status.st_size == 0) refuse("is empty; save the model again with torch.export.save");
  const uint64_t size = static_cast<uint64_t>(status.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (data == MAP_FAILED) refuse(std::string("cannot be mapped: ") + std::strerror(errno), kEnvironment);
  close(file);
  mapping_->data = static_cast<const std::byte*>(data);
  mapping_->size = size;

  handle_ = std::make_unique<Handle>(mapping_.get());
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_function_create(&Handle::callback, handle_.get(), &error);
  if (source) handle_->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (!handle_->archive) {
    if (source) zip_source_free(source);
    const std::string reason = text_of(&error);
    if (size >= 4 && std::memcmp(data, "PK\3\4", 4) == 0)
      throw CompileError(path + ": the zip archive is cut short or damaged (" + reason + "); copy or save the file again");
    throw CompileError(path + ": is not a .pt2 file (no zip archive); save the model with torch.export.save(torch.export.export(model, args), \"model.pt2\")");
  }
  const zip_int64_t count = zip_get_num_entries(handle_->archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(handle_->archive, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    names_.emplace_back(name ? name : "");
  }
}

Zip::~Zip() = default;

void Zip::fail(const std::string& name, const std::string& what) const {
  throw CompileError(path_ + ":" + name + ": " + what + "; the file is damaged, copy or save it again");
}

bool Zip::has(const std::string& name) const { return zip_name_locate(handle_->archive, name.c_str(), ZIP_FL_ENC_RAW) >= 0; }

std::optional<ConstantData> Zip::read(const std::string& name) const {
  const zip_int64_t index = zip_name_locate(handle_->archive, name.c_str(), ZIP_FL_ENC_RAW);
  if (index < 0) return std::nullopt;
  zip_stat_t stat;
  zip_stat_init(&stat);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if (zip_stat_index(handle_->archive, static_cast<zip_uint64_t>(index), 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded)
    fail(name, "cannot be read");
  // Deflate reaches 1032 to 1; a size beyond that is a lie that would only cost memory.
  const bool stored = stat.comp_method == ZIP_CM_STORE;
  if (stat.comp_size > mapping_->size || stat.size > (stored ? stat.comp_size : stat.comp_size * 1032 + 64))
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
      if (done == 0) in_place = mapping_->data + handle_->last_read;
      const std::byte* there = in_place + done;
      const uint64_t left = mapping_->size - static_cast<uint64_t>(there - mapping_->data);
      if (static_cast<uint64_t>(n) > left || std::memcmp(there, to, static_cast<size_t>(n)) != 0) fail(name, "cannot be located");
    }
    done += static_cast<uint64_t>(n);
  }
  std::byte more;
  if (zip_fread(file, &more, 1) != 0) fail(name, "does not have the checksum or size that it states");
  if (!stored || stat.size == 0) return ConstantData{bytes, bytes.get(), stat.size};
  if (reinterpret_cast<uintptr_t>(in_place) % 16 != 0) return ConstantData::copy_of(in_place, stat.size);  // zipped by another tool
  return ConstantData{mapping_, in_place, stat.size};
}

}  // namespace etc::compile
