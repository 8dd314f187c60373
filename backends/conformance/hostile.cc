// Checks with calls that no compiler made: other sizes, other operands, damaged blobs.
#include <algorithm>
#include <cstring>

#include "format.h"
#include "suite.h"

namespace etc::conformance {
namespace {

// A copy of a call that can be bent: operands, tensors with sizes and strides, memory and blob of its own.
class BentCall {
 public:
  explicit BentCall(DelegateContext ctx)
      : count_(ctx.argument_count() + ctx.result_count()),
        instance_(ctx.instance()),
        memory_(ctx.memory().size),
        blob_(ctx.blob().size),
        frame_(*ctx.frame),
        instr_(*ctx.instr) {
    std::memcpy(blob_.span().data, ctx.blob().data, ctx.blob().size);
    instance_.memory = memory_.span();
    instance_.blob = {blob_.span().data, blob_.span().size};
    uint32_t values = 0;
    for (uint32_t i = 0; i <= count_; ++i) {
      operands_.push_back(ctx.operand(i - 1));  // the workspace first
      if (operands_[i].kind == OperandKind::Tensor) values = std::max(values, operands_[i].index + 1);
    }
    for (uint32_t v = 0; v < values; ++v) tensors_.push_back(frame_.value(v));
    sizes_.resize(count_ + 1), strides_.resize(count_ + 1);
    for (uint32_t i = 0; i <= count_; ++i) {
      if (operands_[i].kind != OperandKind::Tensor) continue;
      // A value of its own for each operand, so that bending one leaves the others.
      const Tensor t = tensors_[operands_[i].index];
      operands_[i].index = static_cast<uint32_t>(tensors_.size());
      sizes_[i].assign(t.sizes, t.sizes + t.rank), strides_[i].assign(t.strides, t.strides + t.rank);
      tensors_.push_back(t);
    }
    for (uint32_t i = 0; i <= count_; ++i)
      if (operands_[i].kind == OperandKind::Tensor) tensor(i).sizes = sizes_[i].data(), tensor(i).strides = strides_[i].data();
  }

  DelegateContext context() {
    frame_.tensors = tensors_.data();
    frame_.tensor_count = static_cast<uint32_t>(tensors_.size());
    frame_.operands = operands_.data();
    instr_.first_operand = 1;
    frame_.arena = reinterpret_cast<std::byte*>(&instance_);
    instr_.prepared = 0;
    return {{&frame_, &instr_}};
  }
  uint32_t operand_count() const { return count_; }
  Operand& operand(uint32_t i) { return operands_[i]; }  // 0 is the workspace
  bool is_tensor(uint32_t i) { return operands_[i].kind == OperandKind::Tensor; }
  Tensor& tensor(uint32_t i) { return tensors_[operands_[i].index]; }
  std::vector<int64_t>& sizes(uint32_t i) { return sizes_[i]; }
  DelegateInstance& instance() { return instance_; }
  void truncate_blob(size_t bytes) {
    blob_ = Guarded(bytes);
    std::memcpy(blob_.span().data, instance_.blob.data, bytes);
    instance_.blob = {blob_.span().data, bytes};
  }
  bool is_intact() const { return memory_.is_intact() && blob_.is_intact(); }

 private:
  uint32_t count_;
  DelegateInstance instance_;
  Guarded memory_, blob_;
  Frame frame_;
  Instr instr_;
  std::vector<Operand> operands_;
  std::vector<Tensor> tensors_;
  std::vector<std::vector<int64_t>> sizes_, strides_;
};

// "" when init refuses, and touches nothing that is not its own.
std::string refuses(const Subject& s, BentCall& call, const std::string& what) {
  const DelegateContext ctx = call.context();
  const DelegateStatus status = s.table->init(ctx);
  if (status.error == Error::Ok) {
    if (s.table->destroy) s.table->destroy(ctx);
    return "takes " + what;
  }
  return call.is_intact() ? "" : "writes behind its memory on " + what;
}

std::string bend_operands(const Subject& s, DelegateContext ctx) {
  const uint32_t count = ctx.argument_count() + ctx.result_count();
  std::string fault;
  const auto with = [&](const std::string& what, const auto& bend) {
    if (!fault.empty()) return;
    BentCall call(ctx);
    if (bend(call)) fault = refuses(s, call, what);
  };
  for (uint32_t i = 1; i <= count; ++i) {
    const std::string at = " as operand " + std::to_string(i - 1);
    with("another dtype" + at, [&](BentCall& c) { return c.is_tensor(i) && (c.tensor(i).dtype = DType::I32, true); });
    with("a longer tensor" + at, [&](BentCall& c) { return c.is_tensor(i) && !c.sizes(i).empty() && (++c.sizes(i).back(), true); });
    with("a shorter tensor" + at, [&](BentCall& c) { return c.is_tensor(i) && !c.sizes(i).empty() && (--c.sizes(i).back(), true); });
    with("fewer dimensions" + at, [&](BentCall& c) { return c.is_tensor(i) && !c.sizes(i).empty() && (--c.tensor(i).rank, true); });
    with("nothing" + at, [&](BentCall& c) { return i <= ctx.argument_count() && (c.operand(i) = {OperandKind::None, 0, 0, 0}, true); });
  }
  with("no workspace", [](BentCall& c) { return c.is_tensor(0) && (c.operand(0) = {OperandKind::None, 0, 0, 0}, true); });
  with("a small workspace",
       [](BentCall& c) { return c.is_tensor(0) && (c.sizes(0)[0] = c.sizes(0)[0] > 64 ? c.sizes(0)[0] - 64 : 0, true); });
  with("no memory", [](BentCall& c) { return c.instance().memory.size != 0 && (c.instance().memory.size = 0, true); });
  with("an argument less", [](BentCall& c) { return c.instance().arguments > 0 && (--c.instance().arguments, true); });
  with("a result less", [](BentCall& c) { return c.instance().results > 0 && (--c.instance().results, true); });
  return fault;
}

// Half of the first dimension, which all tensors but constants must share, gives the first half of the answers.
std::string run_halves(const Subject& s, DelegateContext ctx) {
  const uint32_t count = ctx.argument_count() + ctx.result_count();
  int64_t rows = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Tensor& t = ctx.tensor(i);
    if (t.rank == 0 || t.sizes[0] < 2 || (rows != 0 && t.sizes[0] != rows)) return "";
    rows = t.sizes[0];
  }
  if (run_to_end(*s.table, ctx).error != Error::Ok) return "fails with the sizes of init";
  std::vector<std::vector<std::byte>> whole;
  for (uint32_t r = 0; r < ctx.result_count(); ++r) {
    const Tensor& t = ctx.result(r);
    const auto* bytes = static_cast<const std::byte*>(t.data);
    whole.emplace_back(bytes, bytes + t.numel() * size_in_bytes(t.dtype));
    std::memset(t.data, 0, whole.back().size());
  }
  BentCall call(ctx);
  call.instance() = ctx.instance();
  for (uint32_t i = 1; i <= count; ++i) call.sizes(i)[0] = rows / 2;
  if (run_to_end(*s.table, call.context()).error != Error::Ok) return "fails with smaller sizes";
  for (uint32_t r = 0; r < ctx.result_count(); ++r) {
    const size_t half = whole[r].size() / static_cast<size_t>(rows) * static_cast<size_t>(rows / 2);
    const auto* bytes = static_cast<const std::byte*>(ctx.result(r).data);
    if (std::memcmp(bytes, whole[r].data(), half) != 0) return "gives other answers with smaller sizes";
    if (std::any_of(bytes + half, bytes + whole[r].size(), [](std::byte b) { return b != std::byte{0}; }))
      return "writes behind a smaller result";
  }
  return "";
}

}  // namespace

std::string check_sizes(const Subject& s, const Case& c) {
  if (!(s.table->flags & DelegateTable::kDynamicSizes)) return "";
  std::string fault;
  Proxy proxy;
  proxy.execute = [&](DelegateContext ctx) {
    if (fault.empty()) fault = run_halves(s, ctx);
    return run_to_end(*s.table, ctx);
  };
  Run run(c.program, proxy_for(s.table, &proxy));
  if (!run.method) return "does not load";
  run.execute(1);
  return fault;
}

std::string check_operands(const Subject& s, const Case& c) {
  std::string fault;
  Proxy proxy;
  proxy.init = [&](DelegateContext ctx) {
    if (fault.empty()) fault = bend_operands(s, ctx);
    return s.table->init(ctx);
  };
  Run run(c.program, proxy_for(s.table, &proxy));
  return fault;
}

std::string check_blobs(const Subject& s, const Case& c) {
  constexpr size_t kMostCuts = 512, kMostFlips = 2048;
  std::string fault;
  Proxy proxy;
  proxy.init = [&](DelegateContext ctx) {
    for (size_t n = 0; n < std::min(ctx.blob().size, kMostCuts) && fault.empty(); ++n) {
      BentCall call(ctx);
      call.truncate_blob(n);
      fault = refuses(s, call, "a blob cut off at " + std::to_string(n) + " bytes");
    }
    return s.table->init(ctx);
  };
  Run whole(c.program, proxy_for(s.table, &proxy));
  if (!fault.empty()) return fault;

  // Bytes of every blob, one at a time and a few values each; what still loads must run without harm.
  std::vector<std::byte> file = c.program;
  const format::Program& root = ProgramAccess::root(whole.program);
  const size_t constants = file.size() - reinterpret_cast<const uint32_t*>(file.data())[2] * size_t{8};
  for (const format::Delegate& d : root.delegates()) {
    const size_t step = std::max<size_t>(1, d.blob_bytes / kMostFlips);
    for (size_t n = 0; n < d.blob_bytes; n += step) {
      std::byte& byte = file[constants + d.blob + n];
      const std::byte before = byte;
      constexpr uint8_t kFlips[] = {0x01, 0x80, 0xff, 0x04};
      byte ^= std::byte{kFlips[n / step % 4]};
      Run run(file, s.table);
      if (run.method) run.execute(1);
      byte = before;
      if (!run.is_intact()) return "writes behind its memory when byte " + std::to_string(n) + " of a blob is damaged";
    }
  }
  return "";
}

}  // namespace etc::conformance
