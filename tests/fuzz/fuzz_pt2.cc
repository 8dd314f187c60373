// Damages .pt2 files thousands of times and compiles what comes out: fuzz_pt2 COUNT SEED FILE.pt2…
// Every file may be refused with a message (CompileError); an internal error, a crash, a report of the sanitizers or more than kMostSeconds
// is a bug. Half of the damage is to bytes of the zip, half to the model's JSON inside of a zip that is sound.
// The damaged file is fuzz_pt2.last in the working directory, so that a crash can be repeated with COUNT 0 and that file.
#include <zip.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ir/error.h"
#include "pipeline.h"

using namespace etc;

namespace {

constexpr double kMostSeconds = 20;
constexpr const char* kLast = "fuzz_pt2.last";

enum Fate { kCompiled, kRefused, kInternalError, kFates };

Fate try_file(const std::string& path, std::string* message) {
  compile::CompileOptions options;
  options.files.push_back({"", path});
  options.cpu = "x86-64";  // so that all passes run
  compile::CompileReport report;
  try {
    compile::compile(options, {[](const std::string&) {}, [](const std::string&) {}}, &report);
    return kCompiled;
  } catch (const host::UserError& e) {
    *message = e.what();
    return kRefused;
  } catch (const std::exception& e) {
    *message = e.what();
    return kInternalError;
  }
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Members = std::map<std::string, std::string>;

Members read_members(const std::string& path) {
  Members members;
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_RDONLY, &error);
  if (!zip) return members;
  for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); ++i) {
    zip_stat_t stat;
    zip_stat_index(zip, static_cast<zip_uint64_t>(i), 0, &stat);
    std::string text(stat.size, '\0');
    zip_file_t* file = zip_fopen_index(zip, static_cast<zip_uint64_t>(i), 0);
    if (file && zip_fread(file, text.data(), stat.size) >= 0) members[stat.name] = text;
    if (file) zip_fclose(file);
  }
  zip_close(zip);
  return members;
}

void write_members(const std::string& path, const Members& members) {
  std::remove(path.c_str());
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  for (const auto& [name, text] : members) {
    zip_source_t* source = zip_source_buffer(zip, text.data(), text.size(), 0);
    const zip_int64_t at = zip_file_add(zip, name.c_str(), source, 0);
    if (at >= 0) zip_set_file_compression(zip, static_cast<zip_uint64_t>(at), ZIP_CM_STORE, 0);
  }
  zip_close(zip);
}

void damage_bytes(std::string& file, std::mt19937_64& random) {
  for (int n = 1 + static_cast<int>(random() % 4); n-- > 0 && !file.empty();) {
    const size_t at = random() % file.size();
    switch (random() % 4) {
      case 0: file[at] ^= static_cast<char>(1 << (random() % 8)); break;
      case 1: file[at] = static_cast<char>(random()); break;
      case 2: std::memset(&file[at], random() % 2 ? 0xff : 0, std::min<size_t>(4, file.size() - at)); break;
      default: file.resize(at); return;
    }
  }
}

// Numbers become others, words change places, parts go or come twice: mostly still JSON.
void damage_json(std::string& text, std::mt19937_64& random) {
  static const char* const kNumbers[] = {
      "0",     "-1",  "1",    "2",    "7",      "63", "4096", "2147483648", "4294967296", "9223372036854775807", "-9223372036854775808",
      "1e308", "1.5", "null", "true", "\"NaN\""};
  for (int n = 1 + static_cast<int>(random() % 3); n-- > 0 && text.size() > 64;) {
    size_t at = random() % text.size();
    switch (random() % 5) {
      case 0:
      case 1: {  // another number
        at = text.find_first_of("0123456789", at);
        if (at == std::string::npos) break;
        const size_t end = text.find_first_not_of("0123456789.", at);
        text.replace(at, end - at, kNumbers[random() % (sizeof kNumbers / sizeof *kNumbers)]);
        break;
      }
      case 2: {  // one quoted word in the place of another
        const size_t a = text.find('"', at), b = a == std::string::npos ? a : text.find('"', a + 1);
        const size_t c = text.find('"', random() % text.size()), d = c == std::string::npos ? c : text.find('"', c + 1);
        if (b == std::string::npos || d == std::string::npos) break;
        text.replace(a, b - a, text.substr(c, d - c));
        break;
      }
      case 3: {  // an object less
        const size_t a = text.find('{', at), b = a == std::string::npos ? a : text.find('}', a);
        if (b != std::string::npos) text.replace(a, b - a + 1, random() % 2 ? "{}" : "null");
        break;
      }
      default: text[at] = "{}[],:\"0a"[random() % 9];
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: fuzz_pt2 COUNT SEED FILE.pt2...\n");
    return 2;
  }
  const long count = std::atol(argv[1]);
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  std::string message;
  std::vector<std::string> files;
  std::vector<Members> members;
  for (int i = 3; i < argc; ++i) {
    files.push_back(read_file(argv[i]));
    members.push_back(read_members(argv[i]));
    const Fate fate = try_file(argv[i], &message);
    if (count == 0) std::printf("%s: %s\n", argv[i], fate == kCompiled ? "compiled" : message.c_str());
  }
  long fates[kFates] = {};
  double slowest = 0;
  for (long n = 0; n < count; ++n) {
    const size_t which = static_cast<size_t>(n) % files.size();
    if (n % 2 == 0 || members[which].empty()) {
      std::string file = files[which];
      damage_bytes(file, random);
      std::ofstream(kLast, std::ios::binary) << file;
    } else {
      Members changed = members[which];
      for (auto& [name, text] : changed)
        if (name.size() > 5 && name.compare(name.size() - 5, 5, ".json") == 0 && random() % 4) damage_json(text, random);
      write_members(kLast, changed);
    }
    const auto start = std::chrono::steady_clock::now();
    const Fate fate = try_file(kLast, &message);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    slowest = std::max(slowest, seconds);
    ++fates[fate];
    if (fate == kInternalError || seconds > kMostSeconds) {
      const std::string kept = "fuzz_pt2." + std::to_string(n);
      std::rename(kLast, kept.c_str());
      std::fprintf(stderr, "fuzz_pt2: try %ld (%s): %s after %.1f s\n", n, kept.c_str(), message.c_str(), seconds);
    }
  }
  std::remove(kLast);
  std::printf("%ld damaged files: %ld compiled, %ld refused, %ld internal errors; slowest %.2f s\n", count, fates[kCompiled],
              fates[kRefused], fates[kInternalError], slowest);
  return fates[kInternalError] || slowest > kMostSeconds ? 1 : 0;
}
