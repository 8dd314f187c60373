#include "listing.h"

#include <capnp/serialize.h>
#include <kj/exception.h>

#include <cstdio>

#include "host/error.h"
#include "program.capnp.h"

namespace etc::inspect {
namespace {

using host::UserError;

std::string number_text(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", x);
  return text;
}

class Reader {
 public:
  Reader(const std::string& path, Span<const std::byte> file)
      : path_(path),
        message_(kj::ArrayPtr<const capnp::word>(reinterpret_cast<const capnp::word*>(file.data), file.size / sizeof(capnp::word)),
                 options()),
        root_(message_.getRoot<schema::Program>()) {
    listing_.path = path;
    listing_.file_bytes = file.size;
  }

  Listing read() {
    listing_.constant_bytes = root_.getConstantBytes();
    listing_.state_bytes = root_.getStateBytes();
    listing_.major = root_.getMajor();
    listing_.minor = root_.getMinor();
    for (auto pool : root_.getPools()) {
      listing_.pools.push_back(text(pool.getNameOffset(), pool.getNameSize()));
      listing_.pool_capacities.push_back(pool.getCapacity());
    }
    for (auto op : root_.getOps()) {
      listing_.ops.push_back(text(op.getNameOffset(), op.getNameSize()));
      listing_.op_hashes.push_back(op.getHash());
      listing_.op_external.push_back(op.getExternal());
    }
    for (auto s : root_.getStates())
      listing_.states.push_back({text(s.getNameOffset(), s.getNameSize()), static_cast<DType>(s.getDtype()),
                                 ints(s.getSizes(), s.getRank()), s.getOffset(), s.getBytes()});
    read_sources();
    const auto methods = root_.getMethods();
    for (uint32_t m = 0; m < methods.size(); ++m) listing_.methods.push_back(read_method(methods[m], m));
    return std::move(listing_);
  }

 private:
  static capnp::ReaderOptions options() {
    capnp::ReaderOptions o;
    o.traversalLimitInWords = UINT64_MAX;
    return o;
  }

  std::string text(uint32_t offset, uint32_t size) {
    const auto strings = root_.getStrings();
    if (offset > strings.size() || size > strings.size() - offset)
      throw UserError(path_ + ": a name lies outside of the file's strings", host::kBadInput);
    return {reinterpret_cast<const char*>(strings.begin()) + offset, size};
  }

  std::vector<int64_t> ints(uint32_t at, uint32_t count) {
    std::vector<int64_t> list;
    for (uint32_t i = 0; i < count; ++i) list.push_back(root_.getInts()[at + i]);
    return list;
  }

  void read_sources() {
    if (!root_.hasDebug()) return;
    for (auto s : root_.getDebug().getSources()) listing_.sources.push_back({s.getNode(), s.getModule(), s.getFile(), s.getLine()});
  }

  Value read_value(schema::Value::Reader v, uint32_t index, const std::vector<std::string>& names) {
    Value value;
    value.name = index < names.size() && !names[index].empty() ? names[index] : "v" + std::to_string(index);
    value.dtype = static_cast<DType>(v.getDtype());
    value.sizes = ints(v.getSizes(), v.getRank());
    value.strides = ints(v.getStrides(), v.getRank());
    value.offset = v.getOffset();
    value.storage = v.getStorage() == 0 ? Storage::Constant : v.getStorage() == 1 ? Storage::State : Storage::Pool;
    value.pool = v.getStorage() < 2 ? 0 : v.getStorage() - 2u;
    uint64_t extent = 1;  // in elements; the core has checked that nothing here overflows
    for (size_t d = 0; d < value.sizes.size(); ++d) {
      if (value.sizes[d] == 0) extent = 0;
      if (extent) extent += static_cast<uint64_t>((value.sizes[d] - 1) * value.strides[d]);
    }
    value.bytes = extent * size_in_bytes(value.dtype);
    value.root = index;
    return value;
  }

  // A step of an eval instruction's postfix code, as EvalCode of lib/eval.h counts them.
  static std::string code_text(uint32_t code, uint32_t index, const Method& method, Instruction* instruction) {
    static constexpr const char* kSteps[] = {"add",     "sub",     "mul",     "floordiv", "mod",      "pow",      "min",      "max",
                                             "shl",     "shr",     "and",     "or",       "xor",      "eq",       "lt",       "le",
                                             "not",     "select",  "to real", "real add", "real sub", "real mul", "real div", "real eq",
                                             "real lt", "real le", "trunc",   "floor",    "ceil",     "round"};
    constexpr uint32_t kStoreInt = 0, kStoreReal = 1, kStoreValue = 2, kCheck = 3, kFirst = 4;
    if (code == kStoreInt || code == kStoreReal) return "-> slot" + std::to_string(index);
    if (code == kStoreValue) {
      instruction->writes.push_back(index);
      return "-> %" + method.values[index].name;
    }
    if (code == kCheck) return "check";
    return code - kFirst < std::size(kSteps) ? kSteps[code - kFirst] : "?";
  }

  std::string argument(schema::Operand::Reader o, const Method& method, Instruction* instruction) {
    const uint32_t index = o.getIndex(), count = o.getCount();
    auto list = [&](auto element) {
      std::string all = "[";
      for (uint32_t i = 0; i < count; ++i) all += (i ? ", " : "") + element(i);
      return all + "]";
    };
    auto value = [&](uint32_t id) {
      if (id == kNoValue) return std::string("None");
      instruction->reads.push_back(id);
      return "%" + method.values[id].name;
    };
    switch (static_cast<OperandKind>(o.getKind())) {
      case OperandKind::Tensor: return value(index);
      case OperandKind::Int: return std::to_string(root_.getInts()[index]);
      case OperandKind::Real: return number_text(root_.getReals()[index]);
      case OperandKind::Bool: return index ? "true" : "false";
      case OperandKind::String: return '"' + text(index, count) + '"';
      case OperandKind::Tensors: return list([&](uint32_t i) { return value(root_.getIndices()[index + i]); });
      case OperandKind::Ints: return list([&](uint32_t i) { return std::to_string(root_.getInts()[index + i]); });
      case OperandKind::Bools: return list([&](uint32_t i) { return std::string(root_.getInts()[index + i] ? "true" : "false"); });
      case OperandKind::Reals: return list([&](uint32_t i) { return number_text(root_.getReals()[index + i]); });
      case OperandKind::IntSlot:
      case OperandKind::RealSlot: return "slot" + std::to_string(index);
      case OperandKind::IntSlots: return list([&](uint32_t i) { return "slot" + std::to_string(index + i); });
      case OperandKind::Code: return code_text(count, index, method, instruction);
      case OperandKind::None: return "None";
    }
    return "?";
  }

  // How many of an instruction's operands are arguments: what its kernel's schema says, pairs of name and argument for external ops, and
  // all but the trailing tensors for others.
  static uint32_t argument_count(const std::string& op, bool external, schema::Instruction::Reader in,
                                 capnp::List<schema::Operand>::Reader operands) {
    const auto kind_of = [&](uint32_t i) { return static_cast<OperandKind>(operands[in.getFirstOperand() + i].getKind()); };
    if (external) {
      uint32_t names = 0;
      while (names + 1 < in.getOperandCount() && kind_of(names) == OperandKind::String) names += 2;
      return names;
    }
    const OpTable& table = builtin_ops();
    for (uint32_t i = 0; i < table.count; ++i) {
      const std::string_view schema = table.ops[i]->schema;
      if (schema.substr(0, schema.find('(')) == op) return std::min<uint32_t>(table.ops[i]->signature.arguments, in.getOperandCount());
    }
    uint32_t count = in.getOperandCount();
    while (count && kind_of(count - 1) == OperandKind::Tensor) --count;
    return count;
  }

  std::string delegate_name(uint32_t i) {
    const auto d = root_.getDelegates()[i];
    return text(d.getNameOffset(), d.getNameSize());
  }

  Method read_method(schema::Method::Reader m, uint32_t index) {
    Method method;
    method.name = text(m.getNameOffset(), m.getNameSize());
    std::vector<std::string> names;
    std::vector<uint32_t> sources;
    if (root_.hasDebug() && index < root_.getDebug().getMethods().size()) {
      const auto debug = root_.getDebug().getMethods()[index];
      for (auto name : debug.getValues()) names.emplace_back(name);
      for (auto source : debug.getInstructions()) sources.push_back(source);
    }
    const auto values = m.getValues();
    for (uint32_t v = 0; v < values.size(); ++v) method.values.push_back(read_value(values[v], v, names));
    for (auto d : m.getDynamics())
      if (d.getValue() < method.values.size()) {
        Value& value = method.values[d.getValue()];
        value.varying = ((1u << value.sizes.size()) - 1) & ~d.getFixed();
      }
    for (uint32_t v = 0; v < m.getRoots().size() && v < method.values.size(); ++v) method.values[v].root = m.getRoots()[v];
    for (auto io : m.getInputs())
      method.inputs.push_back({text(io.getNameOffset(), io.getNameSize()), io.getValue(), (io.getFlags() & 1) != 0});
    for (auto io : m.getOutputs()) method.outputs.push_back({text(io.getNameOffset(), io.getNameSize()), io.getValue(), false});
    for (auto u : m.getUpdates()) method.updates.push_back({u.getTarget(), u.getValue()});
    for (uint64_t bytes : m.getPoolBytes()) method.pool_bytes.push_back(bytes);
    for (auto b : m.getBlocks())
      method.blocks.push_back({b.getFirst(), b.getCount(), static_cast<Block::End>(b.getEnd()), b.getTarget(), b.getValue()});
    const auto operands = m.getOperands();
    const auto instructions = m.getInstructions();
    for (uint32_t i = 0; i < instructions.size(); ++i) {
      const auto in = instructions[i];
      Instruction instruction;
      constexpr uint8_t kDelegate = 1, kEval = 2, kSwap = 3;
      const bool swaps = in.getKind() == kSwap, is_delegate = in.getKind() == kDelegate, evaluates = in.getKind() == kEval;
      const bool external = in.getKind() == 0 && in.getOp() < listing_.op_external.size() && listing_.op_external[in.getOp()];
      if (is_delegate)
        instruction.op = "delegate::" + delegate_name(in.getOp());
      else
        instruction.op = swaps ? "swap" : evaluates ? "eval" : in.getOp() < listing_.ops.size() ? listing_.ops[in.getOp()] : "?";
      const uint32_t first = in.getFirstOperand();
      const uint32_t arguments = swaps || evaluates ? in.getOperandCount()
                                 : is_delegate      ? root_.getDelegates()[in.getOp()].getArguments()
                                                    : argument_count(instruction.op, external, in, operands);
      for (uint32_t o = 0; o < arguments; ++o) instruction.arguments.push_back(argument(operands[first + o], method, &instruction));
      for (uint32_t o = arguments; o < in.getOperandCount(); ++o) instruction.writes.push_back(operands[first + o].getIndex());
      if (first > 0 && static_cast<OperandKind>(operands[first - 1].getKind()) == OperandKind::Tensor)
        instruction.scratch = operands[first - 1].getIndex();
      if (i < sources.size() && sources[i] < listing_.sources.size()) instruction.source = static_cast<int32_t>(sources[i]);
      method.instructions.push_back(std::move(instruction));
    }
    return method;
  }

  std::string path_;
  capnp::FlatArrayMessageReader message_;
  schema::Program::Reader root_;
  Listing listing_;
};

Program open_or_refuse(const std::string& path, Span<const std::byte> bytes) {
  Result<Program> program = Program::open(bytes);
  switch (program.error()) {
    case Error::Ok: return program.value();
    case Error::WrongVersion: throw UserError(path + ": was made by another version of etc; compile it again", host::kBadInput);
    case Error::WrongTarget:
      throw UserError(path + ": is packed for CPU features that this machine lacks; compile it for this one", host::kBadInput);
    default:
      throw UserError(path + ": is not a sound program file: damaged, cut short, or no .etc file; compile it again", host::kBadInput);
  }
}

}  // namespace

OpenProgram::OpenProgram(const std::string& path) : file_(path), program_(open_or_refuse(path, file_.bytes())) {
  try {
    listing_ = Reader(path, file_.bytes()).read();
  } catch (const kj::Exception& e) {  // the names for people are not verified by the core
    throw UserError(path + ": its names cannot be read: " + e.getDescription().cStr(), host::kBadInput);
  }
}

std::string end_text(const Method& method, size_t block) {
  const Block& b = method.blocks[block];
  if (b.end == Block::End::Return) return "return";
  if (b.end == Block::End::JumpIfFalse)
    return "jump to block " + std::to_string(b.target) + ", if %" + method.values[b.value].name + " is false";
  return b.target == block + 1 ? std::string() : "jump to block " + std::to_string(b.target);
}

std::string type_text(DType dtype, const std::vector<int64_t>& sizes) {
  std::string text = std::string(name_of(dtype)) + "[";
  for (size_t d = 0; d < sizes.size(); ++d) text += (d ? "," : "") + std::to_string(sizes[d]);
  return text + "]";
}

std::string type_text(const Value& value) {
  std::string text = std::string(name_of(value.dtype)) + "[";
  for (size_t d = 0; d < value.sizes.size(); ++d)
    text += std::string(d ? "," : "") + (value.varying >> d & 1 ? "<=" : "") + std::to_string(value.sizes[d]);
  return text + "]";
}

std::string source_text(const Listing& listing, int32_t source) {
  if (source < 0) return {};
  const Source& s = listing.sources[static_cast<size_t>(source)];
  std::string text = s.node;
  if (!s.file.empty()) text += (text.empty() ? "" : "  ") + s.file + ":" + std::to_string(s.line);
  if (!s.module.empty()) text += (text.empty() ? "" : "  ") + s.module;
  return text;
}

}  // namespace etc::inspect
