// Small honest ops: every one has infer, select and the kernel that its comment in ops.h promises.
#include "testing/ops.h"

namespace etc {
namespace {

bool is_f32(const Tensor& t) { return t.dtype == DType::F32; }

Error infer_add(InferContext& ctx) noexcept {
  const Tensor &a = ctx.tensor(0), &b = ctx.tensor(1);
  if (!is_f32(a) || !is_f32(b) || a.rank != b.rank) return Error::BadShape;
  for (uint32_t d = 0; d < a.rank; ++d)
    if (a.sizes[d] != b.sizes[d]) return Error::BadShape;
  return ctx.set_result(0, ctx.meta(0));
}
struct Count {
  int64_t elements;
};
Error prepare_add(OpContext ctx, void* prepared) noexcept {
  static_cast<Count*>(prepared)->elements = ctx.tensor(0).numel();
  return Error::Ok;
}
Error add(OpContext ctx) noexcept {
  const float *a = ctx.tensor(0).as<float>(), *b = ctx.tensor(1).as<float>();
  float* out = ctx.tensor(2).as<float>();
  for (int64_t i = 0; i < ctx.prepared<Count>().elements; ++i) out[i] = a[i] + b[i];
  return Error::Ok;
}
Kernel select_add(OpContext ctx) noexcept {
  for (uint32_t i = 0; i < 3; ++i)
    if (!is_contiguous(ctx.tensor(i))) return nullptr;
  return add;
}

Error infer_less(InferContext& ctx) noexcept {
  if (!is_f32(ctx.tensor(0)) || !is_f32(ctx.tensor(1)) || ctx.tensor(0).rank + ctx.tensor(1).rank != 0) return Error::BadShape;
  Meta meta;
  meta.dtype = DType::Bool;
  return ctx.set_result(0, meta);
}
Error less(OpContext ctx) noexcept {
  *ctx.tensor(2).as<uint8_t>() = *ctx.tensor(0).as<float>() < *ctx.tensor(1).as<float>();
  return Error::Ok;
}

bool is_vector(const Tensor& t) { return is_f32(t) && t.rank == 1; }
Error infer_same_vector(InferContext& ctx) noexcept { return is_vector(ctx.tensor(0)) ? ctx.set_result(0, ctx.meta(0)) : Error::BadShape; }
uint64_t reverse_scratch(OpContext ctx) noexcept { return static_cast<uint64_t>(ctx.tensor(0).numel()) * sizeof(float); }
Error reverse(OpContext ctx) noexcept {
  const Tensor &in = ctx.tensor(0), &out = ctx.tensor(1);
  auto* copy = reinterpret_cast<float*>(ctx.scratch());
  const int64_t n = in.sizes[0];
  for (int64_t i = 0; i < n; ++i) copy[i] = in.as<float>()[i * in.strides[0]];
  for (int64_t i = 0; i < n; ++i) out.as<float>()[i * out.strides[0]] = copy[n - 1 - i];
  return Error::Ok;
}
Error positive(OpContext ctx) noexcept {
  const Tensor &in = ctx.tensor(0), &out = ctx.tensor(1);
  for (int64_t i = 0; i < in.sizes[0]; ++i) {
    const float x = in.as<float>()[i * in.strides[0]];
    if (x < 0) return Error::BadValue;
    out.as<float>()[i * out.strides[0]] = x;
  }
  return Error::Ok;
}

Error infer_split(InferContext& ctx) noexcept {
  Meta meta = ctx.meta(0);
  const int64_t at = ctx.integer(1);
  if (!is_vector(ctx.tensor(0)) || at < 0 || at > meta.sizes[0]) return Error::BadShape;
  const int64_t size = meta.sizes[0];
  meta.sizes[0] = at;
  ETC_TRY(ctx.set_result(0, meta));
  meta.sizes[0] = size - at;
  return ctx.set_result(1, meta);
}
Error split(OpContext ctx) noexcept {
  const Tensor& in = ctx.tensor(0);
  for (int64_t i = 0; i < in.sizes[0]; ++i) {
    const int64_t at = ctx.integer(1);
    const Tensor& out = ctx.tensor(i < at ? 2 : 3);
    const int64_t j = i < at ? i : i - at;
    out.as<float>()[j * out.strides[0]] = in.as<float>()[i * in.strides[0]];
  }
  return Error::Ok;
}

Error infer_join(InferContext& ctx) noexcept {
  for (uint32_t a = 0; a < 2; ++a)
    for (uint32_t k = 0; k < ctx.tensors(a).size; ++k)
      if (ctx.tensors(a).has(k) && !is_vector(ctx.tensors(a)[k])) return Error::BadShape;
  return ctx.set_result(0, Meta{});
}
Error join(OpContext ctx) noexcept {
  float sum = 0;
  for (uint32_t a = 0; a < 2; ++a) {
    const Tensors list = ctx.tensors(a);
    for (uint32_t k = 0; k < list.size; ++k)
      if (list.has(k))
        for (int64_t i = 0; i < list[k].sizes[0]; ++i) sum += list[k].as<float>()[i * list[k].strides[0]];
  }
  *ctx.tensor(2).as<float>() = sum;
  return Error::Ok;
}

// The number of each argument in a place of the result of its own.
Error infer_args(InferContext& ctx) noexcept {
  Meta meta;
  meta.rank = 1;
  meta.sizes[0] = 10;
  return ctx.set_result(0, meta);
}
Error args(OpContext ctx) noexcept {
  float* out = ctx.tensor(10).as<float>();
  double sums[2] = {0, 0};
  for (uint32_t i = 0; i < ctx.ints(6).size; ++i) sums[0] += static_cast<double>(ctx.ints(6)[i]);
  for (uint32_t i = 0; i < ctx.reals(7).size; ++i) sums[1] += ctx.reals(7)[i];
  const double numbers[10] = {ctx.has(0) ? 1.0 : 0.0,
                              static_cast<double>(ctx.integer(1)),
                              ctx.real(2),
                              ctx.boolean(3) ? 1.0 : 0.0,
                              static_cast<double>(ctx.string(4).size),
                              ctx.real(5),
                              sums[0],
                              sums[1],
                              ctx.has(8) ? static_cast<double>(ctx.ints(8).size) : 0.0,
                              static_cast<double>(ctx.integer_or(9, -1))};
  for (int i = 0; i < 10; ++i) out[i] = static_cast<float>(numbers[i]);
  return Error::Ok;
}

Error keep(OpContext ctx) noexcept {
  const Tensor &in = ctx.tensor(0), &out = ctx.tensor(1);
  int64_t kept = 0;
  for (int64_t i = 0; i < in.sizes[0]; ++i)
    if (const float x = in.as<float>()[i * in.strides[0]]; x > 0) out.as<float>()[kept++] = x;
  ctx.set_size(1, 0, kept);
  return Error::Ok;
}

Error infer_nothing(InferContext&) noexcept { return Error::Ok; }

template <Kernel K>
Kernel always(OpContext) noexcept {
  return K;
}

constexpr OpTraits kAdd = {Promotion::None, 0b11, sizeof(Count), prepare_add, nullptr};
constexpr OpTraits kKeep = {Promotion::None, 0, 0, nullptr, nullptr, true};
constexpr OpTraits kReverse = {Promotion::None, 0, 0, nullptr, reverse_scratch};

}  // namespace

ETC_OP(test_add, "test::add(Tensor self, Tensor other) -> Tensor", infer_add, select_add, kAdd);
ETC_OP(test_less, "test::less(Tensor self, Tensor other) -> Tensor", infer_less, always<less>);
ETC_OP(test_reverse, "test::reverse(Tensor self) -> Tensor", infer_same_vector, always<reverse>, kReverse);
ETC_OP(test_positive, "test::positive(Tensor self) -> Tensor", infer_same_vector, always<positive>);
ETC_OP(test_split, "test::split(Tensor self, int at) -> (Tensor, Tensor)", infer_split, always<split>);
ETC_OP(test_join, "test::join(Tensor[] tensors, Tensor?[] others) -> Tensor", infer_join, always<join>);
ETC_OP(test_args, "test::args(Tensor? t, int i, float f, bool b, str s, Scalar x, int[] is, float[] fs, bool[]? bs, int? o) -> Tensor",
       infer_args, always<args>);
ETC_OP(test_keep, "test::keep(Tensor self) -> Tensor", infer_same_vector, always<keep>, kKeep);
ETC_OP(test_huge, "test::huge(Tensor self) -> Tensor", infer_nothing, always<positive>);

namespace testing {
namespace {
constexpr const Op* kOps[] = {&ops::test_add,  &ops::test_less, &ops::test_reverse, &ops::test_positive, &ops::test_split,
                              &ops::test_join, &ops::test_args, &ops::test_keep,    &ops::test_huge};
}  // namespace
const OpTable kTestOps = {OpTable::kAbi, 9, kOps};

Loaded::Loaded(const FileBytes& file, uint32_t method_index) {
  const Result<Program> result = Program::open(file.span());
  opened = result.error();
  if (!result.ok()) return;
  program = result.value();
  const Result<Needs> needs = program.needs(method_index, kTables, kDelegates);
  std::vector<Span<std::byte>> spans;
  for (uint32_t p = 0; p < program.pool_count(); ++p) {
    pools.emplace_back(program.pool_bytes(method_index, p));
    spans.push_back(pools.back().span());
  }
  arena = std::make_unique<FileBytes>(needs.ok() ? needs.value().arena : 0);
  state = std::make_unique<FileBytes>(program.state_bytes());
  program.init_state(state->span());
  Memory memory;
  memory.arena = arena->span();
  memory.pools = {spans.data(), spans.size()};
  memory.state = state->span();
  Result<Method*> m = Method::load(program, method_index, kTables, kDelegates, memory, Hooks{}, &fault);
  loaded = m.error();
  method = m.value();
}

FileSpec sum_file() {
  FileSpec f;
  f.pool("main", 128);
  f.begin_method("forward");
  const float c[4] = {1, 2, 3, 4};
  const uint32_t x = f.value(2, 0, DType::F32, {4}), constant = f.value(0, f.constant(c, sizeof c), DType::F32, {4});
  const uint32_t first = f.value(2, 64, DType::F32, {4}), second = f.value(2, 64, DType::F32, {4});
  f.call(ops::test_add, {tensor(x), tensor(constant), tensor(first)});
  f.call(ops::test_add, {tensor(first), tensor(constant), tensor(second)});
  f.input("x", x);
  f.output("y", second);
  f.block();
  return f;
}

FileSpec loop_file(float limit) {
  FileSpec f;
  f.pool("main", 128);
  f.begin_method("forward");
  const float one = 1;
  const uint32_t x = f.value(2, 0, DType::F32, {}), step = f.value(0, f.constant(&one, 4), DType::F32, {});
  const uint32_t end = f.value(0, f.constant(&limit, 4), DType::F32, {}), less = f.value(2, 64, DType::Bool, {});
  f.input("x", x, format::kIoWritten);
  f.output("count", x);
  f.call(ops::test_add, {tensor(x), tensor(step), tensor(x)});
  f.call(ops::test_less, {tensor(x), tensor(end), tensor(less)});
  f.block(format::BlockEnd::JumpIfFalse, 2, less);
  f.block(format::BlockEnd::Jump, 0);
  f.block();
  return f;
}

}  // namespace testing
}  // namespace etc
