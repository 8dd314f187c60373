// A Frame made for one node: operands and literal pools are built from the node's arguments, as emit would write them.
#include "ir/one_op.h"

#include <cstring>
#include <string_view>
#include <unordered_map>

#include "ir/error.h"

namespace etc::compile {

const Op* find_kernel_op(std::string_view name) {
  static const std::unordered_map<std::string_view, const Op*> by_name = [] {
    std::unordered_map<std::string_view, const Op*> m;
    const OpTable& table = builtin_ops();
    for (uint32_t i = 0; i < table.count; ++i) {
      std::string_view schema = table.ops[i]->schema;
      m.emplace(schema.substr(0, schema.find('(')), table.ops[i]);
    }
    return m;
  }();
  auto it = by_name.find(name);
  return it == by_name.end() ? nullptr : it->second;
}

namespace {

struct FixedType {
  DType dtype = DType::F32;
  std::vector<int64_t> sizes, strides;
};

int64_t fixed(const SymInt& n, const Assignment* symbols) {
  if (n.is_fixed() || !symbols) return n;
  const std::optional<int64_t> value = n.evaluate(*symbols);
  if (!value) throw CompileError("the size " + to_string(n) + " cannot be computed");
  return *value;
}
std::vector<int64_t> fixed(const Sizes& list, const Assignment* symbols) {
  std::vector<int64_t> numbers;
  for (const SymInt& n : list) numbers.push_back(fixed(n, symbols));
  return numbers;
}

}  // namespace

struct OneOp::State {
  const Op& op;
  std::vector<const Value*> argument_values;  // of tensors, in the order of `tensors`
  std::vector<FixedType> types;               // keeps sizes and strides alive
  const Assignment* symbols = nullptr;
  std::vector<Tensor> tensors;
  std::vector<Operand> operands;
  std::vector<int64_t> ints;
  std::vector<double> reals;
  std::vector<uint32_t> indices;
  std::string strings;
  std::vector<std::byte> prepared, scratch;
  Hooks hooks;
  Frame frame{};
  Instr instr{};
  size_t first_result = 0;

  explicit State(const Op& o) : op(o) {}

  void refresh() {
    for (size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].sizes = types[i].sizes.data();
      tensors[i].strides = types[i].strides.data();
      tensors[i].rank = static_cast<uint8_t>(types[i].sizes.size());
      tensors[i].dtype = types[i].dtype;
    }
    frame.tensors = tensors.data();
    frame.tensor_count = static_cast<uint32_t>(tensors.size());
    frame.operands = operands.data();
    frame.ints = ints.data();
    frame.reals = reals.data();
    frame.indices = indices.data();
    frame.strings = strings.data();
    frame.hooks = &hooks;
    instr.first_operand = 1;
    frame.arena = prepared.data();
  }
  uint32_t add_tensor(const Value* value, const TensorType& type) {
    if (type.sizes.size() > kMaxRank) throw CompileError("a tensor of rank " + std::to_string(type.sizes.size()) + "; etc goes to 16");
    argument_values.push_back(value);
    types.push_back({type.dtype, fixed(type.sizes, symbols), fixed(type.strides, symbols)});
    tensors.push_back(Tensor{});
    return static_cast<uint32_t>(tensors.size() - 1);
  }
  OpContext context() {
    refresh();
    return {&frame, &instr};
  }
};

namespace {

uint16_t count_of(size_t n) {
  if (n > UINT16_MAX) throw CompileError("an argument list of " + std::to_string(n) + " elements; etc goes to 65535");
  return static_cast<uint16_t>(n);
}

template <class T>
Operand list_operand(OperandKind kind, std::vector<T>& pool, size_t n) {
  return {kind, 0, count_of(n), static_cast<uint32_t>(pool.size())};
}

}  // namespace

OneOp::OneOp(const Op& op, const std::vector<Argument>& args, const Assignment* symbols) : state_(std::make_unique<State>(op)) {
  State& s = *state_;
  s.symbols = symbols;
  if (args.size() != op.signature.arguments)
    throw InternalError(std::string(op.schema) + " got " + std::to_string(args.size()) + " arguments");
  s.operands.push_back({OperandKind::None, 0, 0, 0});
  for (size_t i = 0; i < args.size(); ++i) {
    const Argument& a = args[i];
    const uint8_t kind = op.signature.kinds[i] & ~kind::kOptional;
    Operand o{OperandKind::None, 0, 0, 0};
    if (auto* v = std::get_if<Value*>(&a)) {
      o = {OperandKind::Tensor, 0, 0, s.add_tensor(*v, (*v)->type)};
    } else if (auto* b = std::get_if<bool>(&a)) {
      o = {OperandKind::Bool, 0, 0, *b};
    } else if (auto* n = std::get_if<int64_t>(&a)) {
      if (kind == kind::kReal) {  // a float argument written as 1
        o = {OperandKind::Real, 0, 0, static_cast<uint32_t>(s.reals.size())};
        s.reals.push_back(static_cast<double>(*n));
      } else {
        o = {OperandKind::Int, 0, 0, static_cast<uint32_t>(s.ints.size())};
        s.ints.push_back(*n);
      }
    } else if (auto* symbolic = std::get_if<SymInt>(&a)) {
      o = {OperandKind::Int, 0, 0, static_cast<uint32_t>(s.ints.size())};
      s.ints.push_back(fixed(*symbolic, symbols));
    } else if (auto* symbolic_real = std::get_if<SymReal>(&a)) {
      o = {OperandKind::Real, 0, 0, static_cast<uint32_t>(s.reals.size())};
      s.reals.push_back(symbols ? symbolic_real->evaluate(*symbols).value_or(0) : symbolic_real->value());
    } else if (auto* sizes = std::get_if<Sizes>(&a)) {
      o = list_operand(OperandKind::Ints, s.ints, sizes->size());
      const std::vector<int64_t> numbers = fixed(*sizes, symbols);
      s.ints.insert(s.ints.end(), numbers.begin(), numbers.end());
    } else if (auto* r = std::get_if<double>(&a)) {
      o = {OperandKind::Real, 0, 0, static_cast<uint32_t>(s.reals.size())};
      s.reals.push_back(*r);
    } else if (auto* text = std::get_if<std::string>(&a)) {
      o = {OperandKind::String, 0, count_of(text->size()), static_cast<uint32_t>(s.strings.size())};
      s.strings += *text;
    } else if (auto* list = std::get_if<Values>(&a)) {
      o = list_operand(OperandKind::Tensors, s.indices, list->size());
      for (Value* v : *list) s.indices.push_back(v ? s.add_tensor(v, v->type) : kNoValue);
    } else if (auto* is = std::get_if<std::vector<int64_t>>(&a)) {
      o = list_operand(OperandKind::Ints, s.ints, is->size());
      s.ints.insert(s.ints.end(), is->begin(), is->end());
    } else if (auto* rs = std::get_if<std::vector<double>>(&a)) {
      o = list_operand(OperandKind::Reals, s.reals, rs->size());
      s.reals.insert(s.reals.end(), rs->begin(), rs->end());
    } else if (auto* bs = std::get_if<std::vector<bool>>(&a)) {
      o = list_operand(OperandKind::Bools, s.ints, bs->size());
      s.ints.insert(s.ints.end(), bs->begin(), bs->end());
    }
    s.operands.push_back(o);
  }
  s.first_result = s.tensors.size();
  for (uint32_t r = 0; r < op.signature.results; ++r)
    s.operands.push_back({OperandKind::Tensor, 0, 0, s.add_tensor(nullptr, TensorType())});
}

OneOp::~OneOp() = default;

Error OneOp::infer(std::vector<TensorType>* results) {
  State& s = *state_;
  results->assign(s.op.signature.results, TensorType());
  InferContext ctx;
  static_cast<OpContext&>(ctx) = s.context();
  ctx.sink_state = results;
  ctx.sink = [](void* state, uint32_t result, DType dtype, uint32_t rank, const int64_t* sizes) {
    auto& types = *static_cast<std::vector<TensorType>*>(state);
    if (result >= types.size()) return Error::BadProgram;
    types[result] = TensorType(dtype, std::vector<int64_t>(sizes, sizes + rank));
    return Error::Ok;
  };
  return s.op.infer(ctx);
}

void OneOp::set_results(const std::vector<TensorType>& types) {
  for (size_t i = 0; i < types.size(); ++i)
    state_->types[state_->first_result + i] = {types[i].dtype, fixed(types[i].sizes, state_->symbols),
                                               fixed(types[i].strides, state_->symbols)};
}

bool OneOp::has_kernel() { return state_->op.select(state_->context()) != nullptr; }

uint64_t OneOp::scratch_bytes() { return state_->op.scratch_bytes ? state_->op.scratch_bytes(state_->context()) : 0; }

void OneOp::set_data(const Value* value, const void* data) {
  for (size_t i = 0; i < state_->first_result; ++i)
    if (state_->argument_values[i] == value) state_->tensors[i].data = const_cast<void*>(data);
}

void OneOp::set_result_data(uint32_t i, void* data) { state_->tensors[state_->first_result + i].data = data; }

Error OneOp::run() {
  State& s = *state_;
  if (uint64_t bytes = scratch_bytes()) {
    s.scratch.resize(bytes + kAlignmentForScratch);
    auto address = reinterpret_cast<uintptr_t>(s.scratch.data());
    address += (kAlignmentForScratch - address % kAlignmentForScratch) % kAlignmentForScratch;
    const uint32_t index = s.add_tensor(nullptr, TensorType(DType::U8, {static_cast<int64_t>(bytes)}));
    s.tensors[index].data = reinterpret_cast<void*>(address);
    s.operands[0] = {OperandKind::Tensor, 0, 0, index};
  }
  s.prepared.assign(s.op.prepared_bytes + 8, std::byte{0});
  OpContext ctx = s.context();
  s.instr.run = s.op.select(ctx);
  if (!s.instr.run) return Error::MissingOp;
  if (s.op.prepare)
    if (Error e = s.op.prepare(ctx, s.prepared.data()); e != Error::Ok) return e;
  return s.instr.run(ctx);
}

}  // namespace etc::compile
