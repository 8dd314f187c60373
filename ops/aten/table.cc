// libetc-aten.so, for `etc-run --ops`: every op that libtorch's dispatcher knows, found by name. An entry is made when it is first asked
// for and stays to the end; making it allocates, and so does libtorch in every call (aten_op.h).
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "aten_op.h"

namespace etc::aten {
namespace {

// A kernel gets no pointer to its op. Each entry has functions of its own that know its number.
constexpr size_t kMostOps = 512;  // different ones in one process
std::unique_ptr<AtenOp> g_ops[kMostOps];

struct Functions {
  Error (*infer)(InferContext&) noexcept;
  Kernel (*select)(OpContext) noexcept;
};
template <size_t N>
Error infer(InferContext& ctx) noexcept {
  return g_ops[N]->infer(ctx);
}
template <size_t N>
Error run(OpContext ctx) noexcept {
  return g_ops[N]->run(ctx);
}
template <size_t N>
Kernel select(OpContext) noexcept {
  return run<N>;
}
template <size_t... N>
constexpr std::array<Functions, kMostOps> functions(std::index_sequence<N...>) {
  return {Functions{infer<N>, select<N>}...};
}
constexpr std::array<Functions, kMostOps> kFunctions = functions(std::make_index_sequence<kMostOps>());

bool takes_the_same(const c10::FunctionSchema& op, const c10::FunctionSchema& out) {
  const size_t count = op.arguments().size();
  if (out.arguments().size() != count + op.returns().size()) return false;
  for (size_t i = 0; i < count; ++i)
    if (out.arguments()[i].name() != op.arguments()[i].name() || *out.arguments()[i].real_type() != *op.arguments()[i].real_type())
      return false;
  for (size_t i = count; i < out.arguments().size(); ++i)
    if (!out.arguments()[i].is_out() || out.arguments()[i].type()->kind() != c10::TypeKind::TensorType) return false;
  return true;
}

class Library {
 public:
  const Op* find(const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto [it, is_new] = entries_.try_emplace(name);
    if (is_new) it->second = make(name);
    return it->second.get();
  }

 private:
  // Null when there is no such op, or none that can be called from a program.
  std::unique_ptr<Op> make(const std::string& name) {
    const size_t dot = name.find('.');
    const auto op = c10::Dispatcher::singleton().findSchema({name.substr(0, dot), dot == name.npos ? "" : name.substr(dot + 1)});
    if (!op || size_ == kMostOps) return nullptr;
    auto entry = std::make_unique<AtenOp>(*op, find_out(*op));
    const Functions& f = kFunctions[size_];
    OpTraits traits;
    traits.sizes_from_data = entry->has_dynamic_results();
    auto made = std::make_unique<Op>(make_op(entry->schema().c_str(), f.infer, f.select, traits));
    if (!made->signature.valid) return nullptr;
    g_ops[size_++] = std::move(entry);
    return made;
  }

  std::optional<c10::OperatorHandle> find_out(const c10::OperatorHandle& op) {
    if (outs_.empty())
      for (const c10::OperatorName& other : c10::Dispatcher::singleton().getAllOpNames())
        if (other.overload_name.size() >= 3 && other.overload_name.compare(other.overload_name.size() - 3, 3, "out") == 0)
          outs_.emplace(other.name, other);
    const auto [begin, end] = outs_.equal_range(op.schema().name());
    for (auto it = begin; it != end; ++it)
      if (const auto out = c10::Dispatcher::singleton().findSchema(it->second); out && takes_the_same(op.schema(), out->schema()))
        return out;
    return std::nullopt;
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Op>> entries_;
  std::multimap<std::string, c10::OperatorName> outs_;
  size_t size_ = 0;
};

const Op* find(const char* name, uint32_t size) noexcept try {
  static Library* library = new Library;  // for as long as the process lives
  return library->find({name, size});
} catch (const std::exception&) {
  return nullptr;
}

constexpr OpTable kTable = {OpTable::kAbi, 0, nullptr, find};

}  // namespace
}  // namespace etc::aten

extern "C" __attribute__((visibility("default"))) const etc::OpTable* etc_ops() { return &etc::aten::kTable; }
