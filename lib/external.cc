// External calls by position; see external.h.
#include "external.h"

#if ETC_CORE_EXTERNAL

namespace etc {
namespace {

// Calls share operands in a hostile file: no call takes more time and memory than this allows.
constexpr uint32_t kMostOperands = 2 * kMaxArguments + 64;
constexpr uint32_t kMostConverted = 64;
constexpr uint64_t kMostIndex = 0xffffffffu;

bool is_list(OperandKind k) {
  return k == OperandKind::Ints || k == OperandKind::Reals || k == OperandKind::Bools || k == OperandKind::Tensors;
}

// How a list of this kind is given; None for what is no list.
OperandKind list_of(uint8_t kind) {
  switch (kind) {
    case kind::kTensors:
    case kind::kOptionalTensors: return OperandKind::Tensors;
    case kind::kInts: return OperandKind::Ints;
    case kind::kReals:
    case kind::kScalars: return OperandKind::Reals;
    case kind::kBools: return OperandKind::Bools;
    default: return OperandKind::None;
  }
}

bool are_same_place(const Tensor& a, const Tensor& b) {
  if (a.data != b.data || a.dtype != b.dtype || a.rank != b.rank) return false;
  for (uint32_t d = 0; d < a.rank; ++d)
    if (a.sizes[d] != b.sizes[d] || a.strides[d] != b.strides[d]) return false;
  return true;
}

}  // namespace

ExternalCalls::ExternalCalls(const format::Program& program, const format::Method& method)
    : program_(program),
      method_(method),
      operands_{nullptr, method.operands().size, method.operands().size},
      slots_{nullptr, 0, 0},
      reals_{nullptr, program.reals().size, program.reals().size},
      chars_{nullptr, program.strings().size, program.strings().size} {}

uint64_t ExternalCalls::bytes(const ExternalCounts& n) const {
  if (n.operands == 0) return 0;
  uint64_t words = method_.operands().size + n.operands + n.slots;
  if (n.reals != 0) words += program_.reals().size + n.reals;
  if (n.chars != 0) words += (program_.strings().size + n.chars + 7) / 8;
  return words * 8;
}

template <class T>
ExternalCalls::Part<T> ExternalCalls::part_at(std::byte** at, Span<const T> file, uint32_t added) {
  if (added == 0) return {nullptr, file.size, file.size};
  auto* data = reinterpret_cast<T*>(*at);
  if (file.size != 0) std::memcpy(data, file.data, file.size * sizeof(T));
  *at += (file.size + added) * sizeof(T);
  return {data, file.size, file.size};
}

void ExternalCalls::use(const ExternalCounts& n, std::byte* memory, Frame* frame) {
  if (n.operands == 0) return;
  frame_ = frame;
  operands_ = part_at<Operand>(&memory, {method_.operands().data, method_.operands().size}, n.operands);
  const auto slot = static_cast<uint64_t>(reinterpret_cast<Slot*>(memory) - frame->slots);
  slots_ = {frame->slots, slot, slot};
  memory += n.slots * sizeof(Slot);
  reals_ = part_at(&memory, program_.reals(), n.reals);
  chars_ = part_at(&memory, program_.strings(), n.chars);
  frame->operands = operands_.data;
  if (reals_.data) frame->reals = reals_.data;
  if (chars_.data) frame->strings = chars_.data;
}

Error ExternalCalls::read_call() {
  named_ = written_ = bound_ = 0;
  const uint32_t count = call_->operand_count;
  if (count > kMostOperands) return Error::BadProgram;
  for (; named_ + 1 < count && given(named_).kind == OperandKind::String; named_ += 2) {
    const Operand& name = given(named_);
    if (name.count != 0 && program_.strings()[name.index + name.count - 1] == '!') ++written_;
  }
  for (uint32_t r = named_; r < count; ++r)
    if (given(r).kind != OperandKind::Tensor) return Error::BadProgram;
  return written_ <= count - named_ ? Error::Ok : Error::BadProgram;
}

Error ExternalCalls::bind(const format::Instruction& call, const Op& op, uint32_t* operand) {
  *operand = Fault::kNowhere;
  call_ = &call;
  ETC_TRY(read_call());
  operands_.push(method_.operands()[call.first_operand - 1]);
  first_operand_ = static_cast<uint32_t>(operands_.size);

  SchemaText text(op.schema);
  SchemaParameter parameter;
  char written[kMaxArguments];
  uint32_t i = 0;
  for (; text.next(&parameter); ++i) {
    if (i == op.signature.arguments) return Error::MissingOp;
    written[i] = parameter.written;
    ETC_TRY(bind_argument(parameter, op.signature.kinds[i] & static_cast<uint8_t>(~kind::kOptional), operand));
  }
  if (i != op.signature.arguments || bound_ * 2 != named_) return Error::MissingOp;
  ETC_TRY(bind_results(text, op, written));
  return operands_.size <= kMostIndex && slots_.size <= kMostIndex && reals_.size <= kMostIndex && chars_.size <= kMostIndex
             ? Error::Ok
             : Error::BadProgram;
}

Error ExternalCalls::bind_argument(const SchemaParameter& parameter, uint8_t kind, uint32_t* operand) {
  uint32_t result = call_->operand_count - written_;  // of the next written argument
  for (uint32_t n = 0; n < named_; n += 2) {
    const Operand& name = given(n);
    const char* text = program_.strings().data + name.index;
    const bool is_written = name.count != 0 && text[name.count - 1] == '!';
    const uint32_t size = name.count - is_written;
    if (size != parameter.name.size() || std::memcmp(text, parameter.name.begin, size) != 0) {
      result += is_written;
      continue;
    }
    ++bound_;
    *operand = n + 1;
    if (is_written) {
      ETC_TRY(bind_written(n + 1, result));
    } else if (parameter.written && given(n + 1).kind != OperandKind::None) {
      return Error::MissingOp;  // the compiler was not told that the op writes it
    } else {
      push_given(given(n + 1), kind);
    }
    *operand = Fault::kNowhere;
    return Error::Ok;
  }
  return parameter.default_value.begin && push_default(parameter, kind) ? Error::Ok : Error::MissingOp;
}

Error ExternalCalls::bind_written(uint32_t argument, uint32_t result) {
  const Operand &before = given(argument), &after = given(result);
  if (before.kind != OperandKind::Tensor) return Error::BadProgram;
  if (frame_ && !are_same_place(frame_->value(before.index), frame_->value(after.index))) return Error::BadProgram;
  operands_.push(after);
  return Error::Ok;
}

// `written` holds the alias marks of the parameters.
Error ExternalCalls::bind_results(SchemaText& text, const Op& op, const char* written) {
  const uint32_t end = call_->operand_count - written_;
  uint32_t next = named_;
  char returned;
  while (text.next_return(&returned)) {
    if (returned) {  // the written argument itself
      uint32_t i = 0;
      while (i < op.signature.arguments && written[i] != returned) ++i;
      if (i == op.signature.arguments) return Error::MissingOp;
      operands_.push(operands_.data ? operands_.data[first_operand_ + i] : Operand{});
      continue;
    }
    if (next == end && !op.signature.result_list) return Error::MissingOp;
    const uint32_t last = op.signature.result_list ? end : next + 1;
    while (next < last) operands_.push(given(next++));
  }
  return next == end ? Error::Ok : Error::MissingOp;
}

// An empty list has no type of its own, and integers may stand for a list of reals.
void ExternalCalls::push_given(Operand o, uint8_t kind) {
  const OperandKind wanted = list_of(kind);
  if (wanted != OperandKind::None && is_list(o.kind) && o.count == 0) {
    o = {wanted, 0, 0, 0};
  } else if (kind == kind::kReals && o.kind == OperandKind::Ints && o.count <= kMostConverted) {
    const int64_t* ints = program_.ints().data + o.index;
    o = {wanted, 0, o.count, static_cast<uint32_t>(reals_.size)};
    for (uint32_t i = 0; i < o.count; ++i) reals_.push(static_cast<double>(ints[i]));
  }
  operands_.push(o);
}

bool ExternalCalls::push_default(const SchemaParameter& parameter, uint8_t kind) {
  const SchemaPart& value = parameter.default_value;
  if (value == "None") return operands_.push({}), true;
  if (list_of(kind) != OperandKind::None) return push_list(parameter, kind);
  if (value == "True" || value == "False") return operands_.push({OperandKind::Bool, 0, 0, *value.begin == 'T'}), true;
  if (kind == kind::kString) {
    if (value.size() < 2 || value.size() > 0xffff) return false;
    operands_.push({OperandKind::String, 0, static_cast<uint16_t>(value.size() - 2), static_cast<uint32_t>(chars_.size)});
    for (const char* c = value.begin + 1; c + 1 < value.end; ++c) chars_.push(*c);
    return true;
  }
  bool is_real = kind == kind::kReal;
  for (const char* c = value.begin; kind == kind::kScalar && c < value.end; ++c) is_real = is_real || *c == '.' || *c == 'e';
  operands_.push({is_real ? OperandKind::Real : OperandKind::IntSlot, 0, 0, static_cast<uint32_t>(is_real ? reals_.size : slots_.size)});
  const char* text = value.begin;
  return push_number(&text, value.end, is_real) && text == value.end;
}

// "[0, 1]", or "1" for int[2].
bool ExternalCalls::push_list(const SchemaParameter& parameter, uint8_t kind) {
  const char *text = parameter.default_value.begin, *end = parameter.default_value.end;
  const bool in_brackets = *text == '[', is_real = list_of(kind) == OperandKind::Reals;
  if (in_brackets) ++text, --end;
  Operand list{list_of(kind), 0, 0, static_cast<uint32_t>(is_real ? reals_.size : slots_.size)};
  if (text < end && kind == kind::kInts) list.kind = OperandKind::IntSlots;
  if (text < end && !is_real && kind != kind::kInts) return false;  // no literals for those
  while (text < end) {
    const char* element = text;
    if (!push_number(&text, end, is_real) || ++list.count == 0) return false;
    while (text < end && (*text == ' ' || *text == ',')) ++text;
    if (!in_brackets && list.count < parameter.list_size) text = element;
  }
  operands_.push(list);
  return true;
}

// A decimal number. Reals are exact to the last bit for up to 15 digits and powers of ten up to 22, else within two units of it.
bool ExternalCalls::push_number(const char** text, const char* end, bool is_real) {
  const char* p = *text;
  const bool is_negative = p < end && *p == '-';
  if (is_negative) ++p;
  const char* digits = p;
  uint64_t n = 0;
  int exponent = 0;
  bool after_point = false, is_exact = true;
  for (; p < end && ((*p >= '0' && *p <= '9') || (is_real && *p == '.' && !after_point)); ++p) {
    if (*p == '.') {
      after_point = true;
    } else if (n < uint64_t{1} << 59) {
      n = n * 10 + static_cast<uint64_t>(*p - '0');
      exponent -= after_point;
    } else {
      is_exact = false;
      exponent += !after_point;
    }
  }
  if (p == digits) return false;
  if (!is_real) {
    slots_.push(Slot{is_negative ? -static_cast<int64_t>(n) : static_cast<int64_t>(n)});
    return *text = p, is_exact;
  }
  if (p < end && *p == 'e') {
    int power = 0;
    const bool is_small = ++p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) ++p;
    for (; p < end && *p >= '0' && *p <= '9' && power < 1000; ++p) power = power * 10 + (*p - '0');
    exponent += is_small ? -power : power;
  }
  double x = static_cast<double>(n), scale = 1;
  for (int e = exponent < 0 ? -exponent : exponent; e > 0 && scale < 1e300; --e) scale *= 10;
  x = exponent < 0 ? x / scale : x * scale;
  reals_.push(is_negative ? -x : x);
  return *text = p, true;
}

}  // namespace etc

#endif  // ETC_CORE_EXTERNAL
