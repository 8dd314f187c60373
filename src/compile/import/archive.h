// A .pt2 file: the zip that torch.export.save writes. Opens it, finds its models, and lends their text and weights.
// Never reads a pickle and never writes a file; entries are found by fixed names.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "import/exported.h"

namespace etc::compile {

// A parameter, buffer or constant. Weights that share a storage have equal `storage.data`: writing one writes the others.
struct Weight {
  std::string name;      // fully qualified
  ConstantData storage;  // all bytes of the storage, where they lie in the mapped file when stored plainly
  TensorType type;       // strides as saved, in elements; the extent is known to lie in the storage
  int64_t offset = 0;    // of the first element, in elements
};

class Archive {
 public:
  // Maps the file. CompileError, or host::UserError, naming `path`, for what is no archive of a kind that we read, with the way out.
  explicit Archive(const std::string& path);
  ~Archive();
  Archive(Archive&&) noexcept;
  Archive& operator=(Archive&&) noexcept;

  const std::string& path() const;
  // "model", or several names from package_pt2; never empty, sorted.
  const std::vector<std::string>& models() const;
  // The model's program. CompileError when there is no such model or it is not well formed.
  exported::ExportedProgram program(const std::string& model);
  // The weight that `fqn` names, among the state dict and the constants. CompileError when it is missing, pickled, damaged, of a
  // layout or dtype that we do not have, or reaches outside of its storage. The result keeps the mapping alive.
  Weight weight(const std::string& model, const std::string& fqn);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace etc::compile
