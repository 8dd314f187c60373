// In-place programs as values. Names of the exported graph stand for windows on storages; writing through a name gives its storage a
// new value, and every name that shows this storage reads from the new one afterwards.
//
//     name ──▶ Binding {window} ──▶ Storage ──▶ its current root value
//     name ──▶ Binding {window} ────┘   └─ (a reshape that had to copy) ──▶ the Binding that it copies
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "ir/builder.h"

namespace etc::compile {

struct Binding;

struct Storage {
  Value* base = nullptr;  // contiguous, all of its root: windows on it are windows on the root
  uint64_t version = 0;   // counts writes
  // PyTorch shows one memory under both shapes; our layout could not, so this storage is a copy of `origin` in row-major order. Each
  // write to one is carried over to the other.
  std::shared_ptr<Binding> origin;
  uint64_t origin_version = 0;
};

struct Binding {
  std::shared_ptr<Storage> storage;
  TensorType window;
  SymInt offset = 0;
  Value* value = nullptr;  // the window on version `version`
  uint64_t version = 0;
};

class Memory {
 public:
  explicit Memory(Builder& builder) : b_(builder) {}

  bool knows(const std::string& name) const { return bindings_.count(name) != 0; }
  // A tensor with memory of its own. `written`: somebody will write to it, so its storage must not be a part of something larger.
  void define(const std::string& name, Value* v, bool written);
  // A window on a storage that several names share: parameters and buffers of one file entry.
  void define(const std::string& name, std::shared_ptr<Storage> storage, TensorType window, SymInt offset);
  // `v`, computed from the current value of `of`, shows the memory of `of`.
  void define_view(const std::string& name, const std::string& of, Value* v);
  // Another name for the same tensor.
  void define_same(const std::string& name, const std::string& of) { bindings_[name] = binding(of); }

  // The current value.
  Value* read(const std::string& name) { return read(*binding(name)); }
  // Replaces the contents; `v` has the dtype and sizes of the name.
  void write(const std::string& name, Value* v) { write(*binding(name), v); }

 private:
  std::shared_ptr<Binding> binding(const std::string& name) const;
  void refresh(Storage& storage);
  Value* read(Binding& binding);
  void write(Binding& binding, Value* v);
  Value* whole_root(Value* v);

  Builder& b_;
  std::unordered_map<std::string, std::shared_ptr<Binding>> bindings_;
};

}  // namespace etc::compile
