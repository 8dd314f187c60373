// A .pt2 file: recognises it, and finds models and weights in it.
#include "import/archive.h"

#include <algorithm>
#include <map>

#include "host/mapped_zip.h"
#include "import/json.h"

namespace etc::compile {
namespace {

using exported::Payload;
using host::Bytes;
using host::MappedZip;

constexpr const char* kHint = "give the file that torch.export.save(torch.export.export(model, args), \"model.pt2\") wrote";
constexpr const char* kResave =
    "; load and save it again with torch 2.9 or later: torch.export.save(torch.export.load(\"in.pt2\"), \"out.pt2\")";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The folder that all entries lie in, with its slash: the one of archive_format. Empty when there is none.
std::string find_root(const MappedZip& zip) {
  constexpr std::string_view kMark = "/archive_format";
  for (const std::string& name : zip.names())
    if (ends_with(name, kMark)) return name.substr(0, name.size() - kMark.size() + 1);
  return "";
}

// Says what a zip that is no pt2 archive is instead.
[[noreturn]] void refuse_other_archive(const MappedZip& zip) {
  const auto any = [&](auto matches) { return std::any_of(zip.names().begin(), zip.names().end(), matches); };
  const auto fail = [&](const std::string& what) { throw CompileError(zip.path() + ": " + what); };
  if (any([](const std::string& n) { return ends_with(n, "serialized_exported_program.json"); }))
    fail(std::string("is an exported program of torch 2.7 or earlier, whose weights are pickled") + kResave);
  if (any([](const std::string& n) { return ends_with(n, "/constants.pkl") || n.find("/code/") != n.npos; }))
    fail("is a TorchScript file; export the model with torch.export.export and save it with torch.export.save");
  if (any([](const std::string& n) { return ends_with(n, "/data.pkl") || n == "data.pkl"; }))
    fail(
        "is a torch.save file (weights or a pickled module, no program); export the model with torch.export.export and save it with "
        "torch.export.save");
  fail(std::string("is a zip archive, but not from torch.export.save (no archive_format entry); ") + kHint);
  __builtin_unreachable();
}

std::string text_of(const Bytes& data) { return {reinterpret_cast<const char*>(data.data), data.size}; }

// Elements of the storage that the tensor reaches, offset included.
std::optional<int64_t> reached_elements(const Weight& weight) {
  int64_t last = weight.offset;
  if (last < 0) return std::nullopt;
  int64_t numel = 1;
  for (int64_t size : weight.type.sizes)
    if (!checked_multiply(numel, size, &numel)) return std::nullopt;
  if (int64_t bytes; !checked_multiply(numel, size_in_bytes(weight.type.dtype), &bytes)) return std::nullopt;
  if (numel == 0) return 0;
  for (size_t d = 0; d < weight.type.sizes.size(); ++d) {
    int64_t step;
    if (!checked_multiply(weight.type.sizes[d] - 1, weight.type.strides[d], &step) || !checked_add(last, step, &last)) return std::nullopt;
  }
  if (!checked_add(last, 1, &last)) return std::nullopt;
  return last;
}

}  // namespace

struct Archive::State {
  explicit State(const std::string& path) : zip(path, kHint) {}

  MappedZip zip;
  std::string root;
  std::vector<std::string> models;
  std::map<std::string, std::map<std::string, exported::Payload>> payloads;  // by the config's path in the archive
  std::map<std::string, ConstantData> storages;                              // by path in the archive: what is shared stays shared

  std::string place(const std::string& entry) const { return zip.path() + ":" + entry; }

  std::string read_mark(const std::string& name) const {
    const auto data = zip.read(root + name);
    if (!data || data->size > 64) return "";
    std::string text = text_of(*data);
    while (!text.empty() && isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    return text;
  }

  std::string read_json(const std::string& name) const {
    const auto data = zip.read(root + name);
    if (!data) throw CompileError(zip.path() + ": has no entry " + root + name + "; the archive is incomplete, save the model again");
    if (data->size >= UINT32_MAX) throw CompileError(place(name) + ": is larger than 4 GiB, more than a program can be");
    return text_of(*data);
  }

  const std::map<std::string, Payload>& config(const std::string& name) {
    const auto known = payloads.find(name);
    if (known != payloads.end()) return known->second;
    std::map<std::string, Payload> read;
    if (zip.has(root + name)) read = exported::read_payloads(read_json(name), place(name));
    return payloads.emplace(name, std::move(read)).first->second;
  }

  const ConstantData& storage(const std::string& entry, const std::string& fqn) {
    const auto known = storages.find(entry);
    if (known != storages.end()) return known->second;
    auto data = zip.read(root + entry);
    if (!data) throw CompileError(zip.path() + ": weight " + fqn + ": its entry " + root + entry + " is missing; save the model again");
    return storages.emplace(entry, ConstantData{data->owner, data->data, data->size}).first->second;
  }
};

Archive::Archive(const std::string& path) : state_(std::make_unique<State>(path)) {
  State& s = *state_;
  s.root = find_root(s.zip);
  if (s.root.empty() || s.read_mark("archive_format") != "pt2") refuse_other_archive(s.zip);
  if (const std::string version = s.read_mark("archive_version"); version != "0")
    throw CompileError(path + ": archive version '" + version + "' is not supported, only 0; save the model with torch 2.9 to 2.13");
  if (const std::string order = s.read_mark("byteorder"); order != "little" && !order.empty())
    throw CompileError(path + ": weights are in " + order + "-endian byte order; save the model on a little-endian machine");
  const std::string folder = s.root + "models/";
  for (const std::string& name : s.zip.names())
    if (name.size() > folder.size() + 5 && name.compare(0, folder.size(), folder) == 0 && ends_with(name, ".json"))
      s.models.push_back(name.substr(folder.size(), name.size() - folder.size() - 5));
  std::sort(s.models.begin(), s.models.end());
  s.models.erase(std::unique(s.models.begin(), s.models.end()), s.models.end());
  if (s.models.empty())
    throw CompileError(
        path +
        ": holds no exported program (no models/*.json); compiled packages (AOTInductor) cannot be read, save with torch.export.save");
  for (const std::string& model : s.models) {
    const std::string weights = s.root + "data/weights/" + model, constants = s.root + "data/constants/" + model;
    if ((s.zip.has(weights + ".pt") && !s.zip.has(weights + "_weights_config.json")) ||
        (s.zip.has(constants + ".pt") && !s.zip.has(constants + "_constants_config.json")))
      throw CompileError(path + ": was written by torch 2.8, with pickled weights" + kResave);
  }
}

Archive::~Archive() = default;
Archive::Archive(Archive&&) noexcept = default;
Archive& Archive::operator=(Archive&&) noexcept = default;

const std::string& Archive::path() const { return state_->zip.path(); }
const std::vector<std::string>& Archive::models() const { return state_->models; }

exported::ExportedProgram Archive::program(const std::string& model) {
  const std::string name = "models/" + model + ".json";
  return exported::read_program(state_->read_json(name), state_->place(name));
}

Weight Archive::weight(const std::string& model, const std::string& fqn) {
  State& s = *state_;
  const std::string place = s.zip.path() + ": weight " + fqn;
  const auto fail = [&](const std::string& what) { throw CompileError(place + ": " + what); };

  const Payload* payload = nullptr;
  std::string folder;
  for (const auto& [dir, kind] :
       {std::pair{"data/weights/", "_weights_config.json"}, std::pair{"data/constants/", "_constants_config.json"}}) {
    const auto& config = s.config(dir + model + kind);
    if (const auto found = config.find(fqn); found != config.end() && !payload) payload = &found->second, folder = dir;
  }
  if (!payload) fail("is not in the archive; save the model again");
  if (!payload->meta) fail("is a custom object, which cannot be compiled; replace it by tensors and operators");
  if (payload->use_pickle)
    fail(
        "is pickled (a tensor subclass), and pickles are never read; call torchao.utils.unwrap_tensor_subclass(model) before "
        "torch.export.export, or program.run_decompositions() before torch.export.save");
  const exported::TensorMeta& meta = *payload->meta;
  if (meta.layout != exported::kStrided) fail("has a sparse or opaque layout; make it dense with to_dense() before torch.export.export");

  Weight weight;
  weight.name = fqn;
  weight.type.dtype = exported::require_dtype(meta.scalar_type, place);
  const auto constant = [&](const exported::SymInt& number) {
    const int64_t* value = std::get_if<int64_t>(&number);
    if (!value || *value < 0) fail("has a size, stride or offset that is not a number");
    return *value;
  };
  if (meta.sizes.size() != meta.strides.size()) fail("does not have one stride for each size");
  if (meta.sizes.size() > kMaxRank)
    fail("has " + std::to_string(meta.sizes.size()) + " dimensions; at most " + std::to_string(kMaxRank) + " are supported");
  for (const auto& size : meta.sizes) weight.type.sizes.push_back(constant(size));
  for (const auto& stride : meta.strides) weight.type.strides.push_back(constant(stride));
  weight.offset = constant(meta.storage_offset);
  const auto reached = reached_elements(weight);
  int64_t bytes = 0;
  if (!reached || !checked_multiply(*reached, size_in_bytes(weight.type.dtype), &bytes)) fail("has sizes that no memory can hold");
  weight.storage = s.storage(folder + payload->path_name, fqn);
  if (static_cast<uint64_t>(bytes) > weight.storage.bytes)
    fail("needs " + std::to_string(bytes) + " bytes, but the archive holds " + std::to_string(weight.storage.bytes) +
         "; weights of a fake or meta tensor have no values, load them before torch.export.save");
  return weight;
}

}  // namespace etc::compile
