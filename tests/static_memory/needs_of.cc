// Prints what the core, built for the machine that this runs on, says that each method of the programs needs in its arena. Kernels are
// not linked: an op's entry in the table is made from its name, which is exact while no kernel keeps prepared state.
//   needs_of PROGRAM.etc...
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "etc/program.h"

namespace {

// Storage of 64-byte alignment for the bytes of a file.
struct File {
  std::vector<unsigned char> memory;
  std::byte* data = nullptr;
  size_t size = 0;

  explicit File(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (!file) std::exit(4);
    unsigned char part[4096];
    std::vector<unsigned char> bytes;
    for (size_t n; (n = std::fread(part, 1, sizeof part, file)) > 0;) bytes.insert(bytes.end(), part, part + n);
    std::fclose(file);
    memory.resize(bytes.size() + etc::kAlignment);
    const auto address = reinterpret_cast<uintptr_t>(memory.data());
    data = reinterpret_cast<std::byte*>((address + etc::kAlignment - 1) / etc::kAlignment * etc::kAlignment);
    size = bytes.size();
    if (size) std::memcpy(data, bytes.data(), size);
  }
};

}  // namespace

int main(int argc, char** argv) {
  for (int a = 1; a < argc; ++a) {
    const File file(argv[a]);
    auto program = etc::Program::open({file.data, file.size});
    if (!program.ok()) return 3;
    std::vector<std::string> schemas;
    for (uint32_t i = 0; i < program->op_count(); ++i)
      schemas.push_back(std::string(program->op_name(i).data, program->op_name(i).size) + "(");
    std::vector<etc::Op> ops(schemas.size());
    std::vector<const etc::Op*> list;
    for (uint32_t i = 0; i < ops.size(); ++i) {
      ops[i].schema = schemas[i].c_str();
      ops[i].schema_hash = program->op_hash(i);
      list.push_back(&ops[i]);
    }
    const etc::OpTable table{etc::OpTable::kAbi, static_cast<uint32_t>(list.size()), list.data()};
    const etc::OpTable* const tables[] = {&table};
    for (uint32_t m = 0; m < program->method_count(); ++m) {
      auto needs = program->needs(m, tables);
      if (!needs.ok()) return 1;
      std::printf("%llu\n", static_cast<unsigned long long>(needs->arena));
    }
  }
}
