// The bytes of a program file; see emit.h.
//
//   | segments - 1 = 1 | words of 0 | words of 1 | 0 |   frame header, 32 bits each
//   | segment 0: the message, then zero words        |   ends at a multiple of 64 bytes of the file
//   | segment 1: constants, each at a multiple of 64 |
#include "emit/emit.h"

#include <capnp/message.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>

#include "emit/flatten.h"
#include "emit/message.h"
#include "etc/program.h"
#include "plan/dependencies.h"
#include "program.capnp.h"

namespace etc::compile {

AlignedBytes::AlignedBytes(size_t size) : size_(size) {
  const size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, std::max(rounded, kAlignment))));
  if (!data_) throw std::bad_alloc();
  std::memset(data_.get(), 0, rounded);
}

namespace {

constexpr size_t kHeaderBytes = 16;

template <class Record>
void set_name(Record& record, FlatName name) {
  record.setNameOffset(name.offset);
  record.setNameSize(name.size);
}

template <class Flat, class List, class F>
void fill(List list, const std::vector<Flat>& records, F set) {
  for (uint32_t i = 0; i < records.size(); ++i) {
    auto record = list[i];
    set(record, records[i]);
  }
}
template <class List, class T>
void fill_numbers(List list, const std::vector<T>& numbers) {
  for (uint32_t i = 0; i < numbers.size(); ++i) list.set(i, numbers[i]);
}
uint32_t size_of(const auto& v) { return static_cast<uint32_t>(v.size()); }

void write_ios(capnp::List<schema::Io>::Builder list, const std::vector<FlatIo>& ios) {
  fill(list, ios, [](auto& io, const FlatIo& f) {
    io.setValue(f.value);
    set_name(io, f.name);
    io.setFlags(f.written);
  });
}

void write_method(schema::Method::Builder& out, const FlatMethod& m) {
  set_name(out, m.name);
  write_ios(out.initInputs(size_of(m.inputs)), m.inputs);
  write_ios(out.initOutputs(size_of(m.outputs)), m.outputs);
  fill(out.initValues(size_of(m.values)), m.values, [](auto& v, const FlatValue& f) {
    v.setOffset(f.offset);
    v.setStorage(f.storage);
    v.setDtype(static_cast<uint8_t>(f.dtype));
    v.setRank(f.rank);
    v.setSizes(f.sizes);
    v.setStrides(f.strides);
  });
  fill(out.initOperands(size_of(m.operands)), m.operands, [](auto& o, const Operand& f) {
    o.setKind(static_cast<uint8_t>(f.kind));
    o.setCount(f.count);
    o.setIndex(f.index);
  });
  fill(out.initInstructions(size_of(m.instructions)), m.instructions, [](auto& i, const FlatInstruction& f) {
    i.setFirstOperand(f.first_operand);
    i.setOperandCount(f.operand_count);
    i.setOp(f.op);
    i.setKind(f.kind);
    i.setFlags(f.is_dynamic);
  });
  fill(out.initBlocks(size_of(m.blocks)), m.blocks, [](auto& b, const PlannedBlock& f) {
    b.setFirst(f.first);
    b.setCount(f.count);
    b.setEnd(static_cast<uint8_t>(f.end));
    b.setTarget(f.target);
    b.setValue(f.value);
  });
  fill_numbers(out.initPoolBytes(size_of(m.pool_bytes)), m.pool_bytes);
  auto roots = out.initRoots(size_of(m.values));
  for (uint32_t v = 0; v < m.values.size(); ++v) roots.set(v, m.values[v].root);
  if (!m.dynamics.empty()) {
    fill(out.initDynamics(size_of(m.dynamics)), m.dynamics, [](auto& d, const FlatDynamic& f) {
      d.setValue(f.value);
      d.setSizes(f.sizes);
      d.setStrides(f.strides);
      d.setFixed(f.fixed);
    });
  }
  out.setSlots(m.slots);
  out.setSlotInts(m.slot_ints);
  fill(out.initUpdates(size_of(m.updates)), m.updates, [](auto& u, const PlannedUpdate& f) {
    u.setTarget(f.target);
    u.setValue(f.value);
  });
}

void write_debug(schema::Debug::Builder out, const ProgramPlan& plan) {
  std::map<const Source*, uint32_t> ids;
  std::vector<const Source*> sources;
  auto methods = out.initMethods(size_of(plan.methods));
  for (uint32_t m = 0; m < plan.methods.size(); ++m) {
    const MemoryPlan& method = plan.methods[m];
    auto instructions = methods[m].initInstructions(size_of(method.instructions));
    for (uint32_t i = 0; i < method.instructions.size(); ++i) {
      const Source* source = method.instructions[i].source.get();
      uint32_t id = UINT32_MAX;
      if (source) {
        auto [it, is_new] = ids.emplace(source, size_of(sources));
        if (is_new) sources.push_back(source);
        id = it->second;
      }
      instructions.set(i, id);
    }
    auto values = methods[m].initValues(size_of(method.values));
    for (uint32_t v = 0; v < method.values.size(); ++v) values.set(v, method.values[v].name);
  }
  fill(out.initSources(size_of(sources)), sources, [](auto& s, const Source* f) {
    s.setNode(f->node);
    s.setModule(f->module);
    s.setFile(f->file);
    s.setLine(f->line);
  });
}

void write_program(schema::Program::Builder out, const ProgramPlan& plan, const FlatProgram& flat, const EmitOptions& options) {
  out.setMagic(kMagic);
  out.setMajor(kFormatMajor);
  out.setMinor(kFormatMinor);
  out.setConstantBytes(plan.constant_bytes);
  out.setStateBytes(plan.state_bytes);
  fill_numbers(out.initInts(size_of(flat.ints.all())), flat.ints.all());
  fill_numbers(out.initReals(size_of(flat.reals.all())), flat.reals.all());
  fill_numbers(out.initIndices(size_of(flat.indices.all())), flat.indices.all());
  const std::vector<char>& strings = flat.strings.all();
  out.setStrings({reinterpret_cast<const capnp::byte*>(strings.data()), strings.size()});
  fill(out.initOps(size_of(flat.ops)), flat.ops, [](auto& op, const FlatOp& f) {
    op.setHash(f.hash);
    set_name(op, f.name);
    op.setExternal(f.external);
  });
  fill(out.initPools(size_of(flat.pools)), flat.pools, [](auto& pool, const FlatPool& f) {
    set_name(pool, f.name);
    pool.setBytes(f.bytes);
    pool.setCapacity(f.capacity);
  });
  fill(out.initStates(size_of(flat.states)), flat.states, [](auto& s, const FlatState& f) {
    set_name(s, f.name);
    s.setOffset(f.offset);
    s.setBytes(f.bytes);
    s.setInitial(f.initial);
    s.setSizes(f.sizes);
    s.setRank(f.rank);
    s.setDtype(static_cast<uint8_t>(f.dtype));
  });
  fill(out.initDelegates(size_of(flat.delegates)), flat.delegates, [](auto& d, const FlatDelegate& f) {
    set_name(d, f.name);
    d.setBlob(f.blob);
    d.setBlobBytes(f.blob_bytes);
    d.setInstanceBytes(f.instance_bytes);
    d.setArguments(f.arguments);
  });
  fill(out.initMethods(size_of(flat.methods)), flat.methods, [](auto& m, const FlatMethod& f) { write_method(m, f); });
  if (!options.strip) write_debug(out.initDebug(), plan);
}

// For i of n instructions the n + 1 bounds of its successors in the list, then the successors.
void write_successors(schema::Program::Builder program) {
  for (uint32_t m = 0; m < program.getMethods().size(); ++m) {
    const Successors successors = successors_of(program.asReader(), m);
    if (successors.empty()) continue;
    std::vector<uint32_t> list, all;
    for (const auto& of_one : successors) {
      list.push_back(size_of(successors) + 1 + size_of(all));
      all.insert(all.end(), of_one.begin(), of_one.end());
    }
    list.push_back(size_of(successors) + 1 + size_of(all));
    list.insert(list.end(), all.begin(), all.end());
    auto method = program.getMethods()[m];
    fill_numbers(method.initSuccessors(size_of(list)), list);
  }
}

void put_u32(std::byte* at, uint64_t n) {
  if (n > UINT32_MAX) throw CompileError("the program is too large for the file format: a segment ends at 32 GiB");
  const auto word = static_cast<uint32_t>(n);
  std::memcpy(at, &word, 4);
}

AlignedBytes frame(kj::ArrayPtr<const capnp::word> message, const ProgramPlan& plan) {
  const auto message_bytes = message.asBytes();
  const size_t constants_at = (kHeaderBytes + message_bytes.size() + kAlignment - 1) / kAlignment * kAlignment;
  AlignedBytes file(constants_at + plan.constant_bytes);
  put_u32(file.data(), 1);
  put_u32(file.data() + 4, (constants_at - kHeaderBytes) / 8);
  put_u32(file.data() + 8, plan.constant_bytes / 8);
  std::memcpy(file.data() + kHeaderBytes, message_bytes.begin(), message_bytes.size());
  for (const PlannedConstant& c : plan.constants)
    if (c.data.bytes) std::memcpy(file.data() + constants_at + c.offset, c.data.data, c.data.bytes);
  return file;
}

}  // namespace

AlignedBytes emit(const ProgramPlan& plan, const EmitOptions& options) {
  const FlatProgram flat = flatten(plan);
  // The core reads one flat segment: try larger ones until the message fits into the first.
  constexpr uint64_t kMaxWords = uint64_t{1} << 29;
  for (uint64_t words = 4096; words <= kMaxWords; words *= 4) {
    capnp::MallocMessageBuilder message(static_cast<uint32_t>(words), capnp::AllocationStrategy::FIXED_SIZE);
    write_program(message.initRoot<schema::Program>(), plan, flat, options);
    if (message.getSegmentsForOutput().size() > 1) continue;
    write_successors(message.getRoot<schema::Program>());
    if (message.getSegmentsForOutput().size() == 1) return frame(message.getSegmentsForOutput()[0], plan);
  }
  throw CompileError("the program is too large for the file format: without constants it may have 4 GiB");
}

void with_message(const ProgramPlan& plan, const std::function<void(schema::Program::Reader)>& use) {
  capnp::MallocMessageBuilder message;
  write_program(message.initRoot<schema::Program>(), plan, flatten(plan), {.strip = true});
  use(message.getRoot<schema::Program>().asReader());
}

}  // namespace etc::compile
