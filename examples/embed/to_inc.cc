// Makes the arrays of embed.cc: a file's bytes, or an .npy's floats, as numbers with commas between them, to be included.
//   to-inc bytes|floats INPUT OUTPUT
#include <cstdio>
#include <cstring>
#include <string>

#include "host/error.h"
#include "host/mapped_file.h"
#include "host/npy.h"
#include "host/output.h"

namespace {

std::string bytes_of(const std::string& path) {
  const etc::host::Bytes file = etc::host::map_file(path, "name a file with something in it");
  std::string text;
  for (uint64_t i = 0; i < file.size; ++i) text += std::to_string(static_cast<int>(file.data[i])) + (i % 32 == 31 ? ",\n" : ",");
  return text + "\n";
}

std::string floats_of(const std::string& path) {
  const etc::host::Bytes file = etc::host::map_file(path, "name an .npy file");
  const etc::host::Array array = etc::host::parse_npy(file.data, file.size, path);
  if (array.dtype != etc::DType::F32) throw etc::host::UserError(path + ": is not of 32-bit floats", etc::host::kBadInput);
  std::string text;
  for (size_t i = 0; i < array.bytes.size(); i += sizeof(float)) {
    float x;
    std::memcpy(&x, &array.bytes[i], sizeof x);
    char number[32];
    std::snprintf(number, sizeof number, "%.9g,", static_cast<double>(x));
    text += number;
  }
  return text + "\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string kind = argc == 4 ? argv[1] : "";
  try {
    if (kind != "bytes" && kind != "floats") throw etc::host::UserError("say: to-inc bytes|floats INPUT OUTPUT", etc::host::kUsage);
    etc::host::write_file(argv[3], kind == "bytes" ? bytes_of(argv[2]) : floats_of(argv[2]));
    return etc::host::kOk;
  } catch (const etc::host::UserError& e) {
    std::fprintf(stderr, "to-inc: %s\n", e.what());
    return e.code();
  }
}
