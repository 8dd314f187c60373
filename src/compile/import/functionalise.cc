// Storages and the windows on them. Values are computed when they are read, so names that nobody reads again cost nothing.
#include "import/functionalise.h"

#include "ir/error.h"
#include "ir/probe.h"

namespace etc::compile {

std::shared_ptr<Binding> Memory::binding(const std::string& name) const {
  auto it = bindings_.find(name);
  if (it == bindings_.end()) throw CompileError("the value '" + name + "' is used before anything defines it; the file is damaged");
  return it->second;
}

// v, or a copy of it that is a root.
Value* Memory::whole_root(Value* v) {
  const bool whole = !is_view(v) || (v->type.is_contiguous() && v->type.numel() == root_of(v)->type.numel());
  return whole ? v : b_.copy(v);
}

void Memory::define(const std::string& name, Value* v, bool written) {
  if (written) v = whole_root(v);
  auto storage = std::make_shared<Storage>();
  storage->base = root_of(v);
  bindings_[name] = std::make_shared<Binding>(Binding{storage, v->type, view_offset(v), v, 0});
}

void Memory::define(const std::string& name, std::shared_ptr<Storage> storage, TensorType window, SymInt offset) {
  bindings_[name] = std::make_shared<Binding>(Binding{std::move(storage), std::move(window), offset, nullptr, 0});
}

void Memory::define_view(const std::string& name, const std::string& of, Value* v) {
  const std::shared_ptr<Binding> origin = binding(of);
  refresh(*origin->storage);
  if (root_of(v) == root_of(origin->storage->base)) {
    bindings_[name] = std::make_shared<Binding>(Binding{origin->storage, v->type, view_offset(v), v, origin->storage->version});
    return;
  }
  if (!seem_equal(v->type.numel(), origin->window.numel())) throw InternalError("'" + name + "' shows a part of '" + of + "' but was copied");
  auto copy = std::make_shared<Storage>();
  copy->base = whole_root(v);
  if (!copy->base->type.is_contiguous()) copy->base = b_.copy(v);
  copy->origin = origin;
  copy->origin_version = origin->storage->version;
  define(name, copy, copy->base->type, 0);
}

void Memory::refresh(Storage& storage) {
  if (!storage.origin) return;
  Storage& origin = *storage.origin->storage;
  refresh(origin);
  if (storage.origin_version == origin.version) return;
  storage.base = whole_root(b_.reshape(read(*storage.origin), storage.base->type.sizes));
  storage.origin_version = origin.version;
  ++storage.version;
}

Value* Memory::read(Binding& binding) {
  Storage& storage = *binding.storage;
  refresh(storage);
  if (!binding.value || binding.version != storage.version) {
    Value* typed = b_.bitcast(storage.base, binding.window.dtype);
    binding.value = b_.strided(typed, binding.window.sizes, binding.window.strides, binding.offset);
    binding.version = storage.version;
  }
  return binding.value;
}

void Memory::write(Binding& binding, Value* v) {
  Storage& storage = *binding.storage;
  const Value* window = read(binding);
  storage.base = whole_root(b_.view_scatter(root_of(storage.base), window, v));
  ++storage.version;
  if (!storage.origin) return;
  Binding& origin = *storage.origin;
  write(origin, b_.reshape(b_.bitcast(storage.base, origin.window.dtype), origin.window.sizes));
  storage.origin_version = origin.storage->version;
}

}  // namespace etc::compile
