// Building and writing of test files; see file.h.
#include "testing/file.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "program.capnp.h"

namespace etc::testing {

FileBytes::FileBytes(size_t size) : bytes_(new (std::align_val_t{kAlignment}) std::byte[size]), size_(size) {
  if (size != 0) std::memset(data(), 0, size);
}

FileBytes FileBytes::copy() const {
  FileBytes other(size_);
  std::memcpy(other.data(), data(), size_);
  return other;
}

format::Name FileSpec::name(const std::string& text) {
  const auto offset = static_cast<uint32_t>(strings.size());
  strings += text;
  return {offset, static_cast<uint32_t>(text.size())};
}

uint32_t FileSpec::list(const std::vector<int64_t>& values) {
  ints.insert(ints.end(), values.begin(), values.end());
  return static_cast<uint32_t>(ints.size() - values.size());
}

uint32_t FileSpec::op(const Op& op) {
  for (size_t i = 0; i < ops.size(); ++i)
    if (ops[i].hash == op.schema_hash) return static_cast<uint32_t>(i);
  const std::string schema = op.schema;
  ops.push_back({op.schema_hash, name(schema.substr(0, schema.find('('))), 0});
  return static_cast<uint32_t>(ops.size() - 1);
}

uint64_t FileSpec::constant(const void* data, size_t size) {
  const size_t offset = (constants.size() + kAlignment - 1) / kAlignment * kAlignment;
  constants.resize(offset + size);
  std::memcpy(constants.data() + offset, data, size);
  return offset;
}

void FileSpec::pool(const std::string& pool_name, uint64_t bytes) { pools.push_back({name(pool_name), bytes, 0}); }

void FileSpec::state(const std::string& state_name, DType dtype, const std::vector<int64_t>& sizes, const void* initial) {
  uint64_t bytes = size_in_bytes(dtype);
  for (const int64_t n : sizes) bytes *= static_cast<uint64_t>(n);
  const uint64_t offset = (state_bytes + kAlignment - 1) / kAlignment * kAlignment;
  states.push_back({name(state_name), offset, bytes, constant(initial, bytes), list(sizes), static_cast<uint8_t>(sizes.size()), dtype, 0});
  state_bytes = offset + bytes;
}

void FileSpec::begin_method(const std::string& method_name) {
  methods.emplace_back();
  method().name = method_name;
  for (const format::Pool& p : pools) method().pool_bytes.push_back(p.bytes);
}

uint32_t FileSpec::value(uint16_t storage, uint64_t offset, DType dtype, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size(), 1);
  for (size_t d = sizes.size(); d-- > 1;) strides[d - 1] = strides[d] * sizes[d];
  const auto id = static_cast<uint32_t>(method().values.size());
  method().values.push_back({offset, storage, dtype, static_cast<uint8_t>(sizes.size()), 0, 0, list(sizes), list(strides)});
  method().roots.push_back(id);
  return id;
}

uint32_t FileSpec::window(uint32_t root, uint64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides) {
  format::Value v = method().values[root];
  v.offset += offset;
  v.rank = static_cast<uint8_t>(sizes.size());
  v.sizes = list(sizes);
  v.strides = list(strides);
  method().values.push_back(v);
  method().roots.push_back(root);
  return static_cast<uint32_t>(method().values.size() - 1);
}

void FileSpec::input(const std::string& io_name, uint32_t value, uint32_t flags) {
  method().inputs.push_back({value, name(io_name), flags});
}
void FileSpec::output(const std::string& io_name, uint32_t value) { method().outputs.push_back({value, name(io_name), 0}); }

void FileSpec::call(const Op& called, const std::vector<Operand>& operands, Operand scratch) {
  std::vector<Operand>& all = method().operands;
  all.push_back(scratch);
  method().instructions.push_back({static_cast<uint32_t>(all.size()),
                                   static_cast<uint16_t>(operands.size()),
                                   static_cast<uint16_t>(op(called)),
                                   format::InstructionKind::Kernel,
                                   0,
                                   {}});
  all.insert(all.end(), operands.begin(), operands.end());
}

void FileSpec::delegate(const std::string& backend, const void* blob, size_t blob_bytes, uint64_t instance_bytes,
                        const std::vector<Operand>& operands, uint32_t results, Operand scratch) {
  std::vector<Operand>& all = method().operands;
  all.push_back(scratch);
  const auto count = static_cast<uint16_t>(operands.size());
  method().instructions.push_back(
      {static_cast<uint32_t>(all.size()), count, static_cast<uint16_t>(delegates.size()), format::InstructionKind::Delegate, 0, {}});
  all.insert(all.end(), operands.begin(), operands.end());
  delegates.push_back({name(backend), constant(blob, blob_bytes), blob_bytes, instance_bytes, static_cast<uint16_t>(count - results), {}});
}

uint32_t FileSpec::dynamic_value(uint16_t storage, uint64_t offset, DType dtype, const std::vector<int64_t>& sizes) {
  const uint32_t id = value(storage, offset, dtype, sizes);
  const auto rank = static_cast<uint32_t>(sizes.size());
  MethodSpec& m = method();
  m.dynamics.push_back({id, m.slots, m.slots + rank, 0});
  m.first_slots.insert(m.first_slots.end(), ints.begin() + m.values[id].sizes, ints.begin() + m.values[id].sizes + rank);
  m.first_slots.insert(m.first_slots.end(), ints.begin() + m.values[id].strides, ints.begin() + m.values[id].strides + rank);
  m.slots += 2 * rank;
  return id;
}

void FileSpec::dynamic_call(const Op& called, const std::vector<Operand>& operands, Operand scratch) {
  call(called, operands, scratch);
  method().instructions.back().flags = format::kDynamicCall;
}

void FileSpec::builtin(format::InstructionKind kind, const std::vector<Operand>& operands) {
  std::vector<Operand>& all = method().operands;
  all.push_back(none());
  method().instructions.push_back({static_cast<uint32_t>(all.size()), static_cast<uint16_t>(operands.size()), 0, kind, 0, {}});
  all.insert(all.end(), operands.begin(), operands.end());
}
void FileSpec::eval(const std::vector<Operand>& steps) { builtin(format::InstructionKind::Eval, steps); }
void FileSpec::swap(const std::vector<Operand>& operands) { builtin(format::InstructionKind::Swap, operands); }

void FileSpec::block(format::BlockEnd end, uint32_t target, uint32_t value) {
  uint32_t first = 0;
  for (const format::Block& b : method().blocks) first += b.count;
  const auto count = static_cast<uint32_t>(method().instructions.size()) - first;
  method().blocks.push_back({first, count, end, {}, target, value, 0});
}

namespace {

template <class List, class T, class Set>
void write_each(List list, const std::vector<T>& items, Set set) {
  for (size_t i = 0; i < items.size(); ++i) set(list[static_cast<unsigned>(i)], items[i]);
}
template <class List, class T>
void write_numbers(List list, const std::vector<T>& items) {
  for (size_t i = 0; i < items.size(); ++i) list.set(static_cast<unsigned>(i), items[i]);
}
template <class Builder>
void write_name(Builder b, const format::Name& n) {
  b.setNameOffset(n.offset);
  b.setNameSize(n.size);
}

void write_ios(capnp::List<schema::Io>::Builder list, const std::vector<format::Io>& ios) {
  write_each(list, ios, [](schema::Io::Builder b, const format::Io& io) {
    b.setValue(io.value);
    write_name(b, io.name);
    b.setFlags(io.flags);
  });
}

void write_method(schema::Method::Builder b, const MethodSpec& m, uint32_t slot_ints, const format::Name& name) {
  const auto size = [](const auto& items) { return static_cast<unsigned>(items.size()); };
  write_name(b, name);
  b.setSlots(m.slots);
  b.setSlotInts(slot_ints);
  write_each(b.initDynamics(size(m.dynamics)), m.dynamics, [](schema::Dynamic::Builder d, const format::Dynamic& dynamic) {
    d.setValue(dynamic.value);
    d.setSizes(dynamic.sizes);
    d.setStrides(dynamic.strides);
    d.setFixed(dynamic.fixed);
  });
  write_numbers(b.initSuccessors(size(m.successors)), m.successors);
  write_ios(b.initInputs(size(m.inputs)), m.inputs);
  write_ios(b.initOutputs(size(m.outputs)), m.outputs);
  write_each(b.initValues(size(m.values)), m.values, [](schema::Value::Builder v, const format::Value& value) {
    v.setOffset(value.offset);
    v.setStorage(value.storage);
    v.setDtype(static_cast<uint8_t>(value.dtype));
    v.setRank(value.rank);
    v.setLayout(value.layout);
    v.setFlags(value.flags);
    v.setSizes(value.sizes);
    v.setStrides(value.strides);
  });
  write_each(b.initOperands(size(m.operands)), m.operands, [](schema::Operand::Builder o, const Operand& operand) {
    o.setKind(static_cast<uint8_t>(operand.kind));
    o.setReserved(operand.reserved);
    o.setCount(operand.count);
    o.setIndex(operand.index);
  });
  write_each(b.initInstructions(size(m.instructions)), m.instructions, [](schema::Instruction::Builder i, const format::Instruction& in) {
    i.setFirstOperand(in.first_operand);
    i.setOperandCount(in.operand_count);
    i.setOp(in.op);
    i.setKind(static_cast<uint8_t>(in.kind));
    i.setFlags(in.flags);
  });
  write_each(b.initBlocks(size(m.blocks)), m.blocks, [](schema::Block::Builder o, const format::Block& block) {
    o.setFirst(block.first);
    o.setCount(block.count);
    o.setEnd(static_cast<uint8_t>(block.end));
    o.setTarget(block.target);
    o.setValue(block.value);
  });
  write_numbers(b.initPoolBytes(size(m.pool_bytes)), m.pool_bytes);
  write_numbers(b.initRoots(size(m.roots)), m.roots);
  write_each(b.initUpdates(size(m.updates)), m.updates, [](schema::Update::Builder u, const format::Update& update) {
    u.setTarget(update.target);
    u.setValue(update.value);
  });
}

}  // namespace

FileBytes FileSpec::encode() const {
  const auto size = [](const auto& items) { return static_cast<unsigned>(items.size()); };
  constexpr uint32_t kLikelySlots = 1000;
  std::string text = strings;
  std::vector<int64_t> all_ints = ints;
  std::vector<uint32_t> slot_ints;
  for (const MethodSpec& m : methods) {
    slot_ints.push_back(m.slots < kLikelySlots ? size(all_ints) : m.slot_ints);
    std::vector<int64_t> first = m.first_slots;
    if (m.slots < kLikelySlots) first.resize(m.slots);
    all_ints.insert(all_ints.end(), first.begin(), first.end());
  }
  capnp::MallocMessageBuilder message(1 << 20);
  auto root = message.initRoot<schema::Program>();
  root.setMagic(magic);
  root.setMajor(major);
  root.setMinor(minor);
  root.setTarget(target);
  root.setConstantBytes(constants.size() + more_constant_bytes);
  root.setStateBytes(state_bytes);
  write_numbers(root.initInts(size(all_ints)), all_ints);
  write_numbers(root.initReals(size(reals)), reals);
  write_numbers(root.initIndices(size(indices)), indices);
  write_each(root.initOps(size(ops)), ops, [](schema::OpName::Builder b, const format::OpName& op) {
    b.setHash(op.hash);
    write_name(b, op.name);
    b.setExternal(op.external & 1);
  });
  write_each(root.initPools(size(pools)), pools, [](schema::Pool::Builder b, const format::Pool& pool) {
    write_name(b, pool.name);
    b.setBytes(pool.bytes);
    b.setCapacity(pool.capacity);
  });
  write_each(root.initStates(size(states)), states, [](schema::State::Builder b, const format::State& state) {
    write_name(b, state.name);
    b.setOffset(state.offset);
    b.setBytes(state.bytes);
    b.setInitial(state.initial);
    b.setSizes(state.sizes);
    b.setRank(state.rank);
    b.setDtype(static_cast<uint8_t>(state.dtype));
  });
  write_each(root.initDelegates(size(delegates)), delegates, [](schema::Delegate::Builder b, const format::Delegate& d) {
    write_name(b, d.name);
    b.setBlob(d.blob);
    b.setBlobBytes(d.blob_bytes);
    b.setInstanceBytes(d.instance_bytes);
    b.setArguments(d.arguments);
  });
  auto list = root.initMethods(size(methods));
  for (unsigned m = 0; m < methods.size(); ++m) {
    write_method(list[m], methods[m], slot_ints[m], {size(text), size(methods[m].name)});
    text += methods[m].name;
  }
  root.setStrings(kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size()));

  // Standard framing with two segments, the second at a multiple of 64.
  const auto segments = message.getSegmentsForOutput();
  if (segments.size() != 1) std::abort();
  const size_t program_bytes = (16 + segments[0].size() * 8 + kAlignment - 1) / kAlignment * kAlignment - 16;
  const size_t constant_words = (constants.size() + 7) / 8;
  FileBytes file(16 + program_bytes + constant_words * 8);
  const uint32_t header[4] = {1, static_cast<uint32_t>(program_bytes / 8), static_cast<uint32_t>(constant_words), 0};
  std::memcpy(file.data(), header, sizeof header);
  std::memcpy(file.data() + 16, segments[0].begin(), segments[0].size() * 8);
  if (!constants.empty()) std::memcpy(file.data() + 16 + program_bytes, constants.data(), constants.size());
  return file;
}

}  // namespace etc::testing
