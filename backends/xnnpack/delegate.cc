// The run side of the backend "xnnpack": an XNNPACK runtime for each call.
//
// XNNPACK allocates by itself, with malloc, in init only: weights in its packed form (about their own size again), the space between its
// ops, descriptions; and one thread pool for the process when the caller has more than one worker. execute copies inputs and results
// between the method's tensors and the workspace, in XNNPACK's order of images, with the 16 bytes behind each that it may read. When
// malloc fails inside XNNPACK (0.0~git20220216) the library may crash; when it fails here, init says OutOfMemory.
#include <xnnpack.h>

#include <pthreadpool.h>

#include <cstdlib>
#include <limits>
#include <mutex>
#include <new>

#include "backends/graph/layout.h"

namespace etc {
namespace {

using graph::Blob;
using graph::BlobNode;
using graph::BlobValue;
using graph::Kind;
using graph::Place;

static_assert(XNN_EXTRA_BYTES == 16, "kExtraBytes of partition.cc");

// Code of a failure: 0 is ours, out of memory; others are xnn_status.
DelegateStatus failed(xnn_status status) {
  return status == xnn_status_out_of_memory ? DelegateStatus{Error::OutOfMemory, 0}
                                            : DelegateStatus{Error::DelegateFailed, static_cast<uint32_t>(status)};
}

// One pool for all instances of the process, as large as the first asked for; XNNPACK takes turns on it.
class Threads {
 public:
  pthreadpool_t take(uint32_t workers) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (workers < 2) return nullptr;
    if (!pool_) pool_ = pthreadpool_create(workers);
    users_ += pool_ != nullptr;
    return pool_;
  }
  void give_back(pthreadpool_t pool) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!pool || --users_ != 0) return;
    pthreadpool_destroy(pool_);
    pool_ = nullptr;
  }

 private:
  std::mutex mutex_;
  pthreadpool_t pool_ = nullptr;
  uint32_t users_ = 0;
};
Threads threads;

// Blocks of memory that go together, each with room for what XNNPACK reads behind it.
class Blocks {
 public:
  ~Blocks() {
    while (last_) {
      Header* before = last_->before;
      std::free(last_);
      last_ = before;
    }
  }
  float* take(uint64_t bytes) {
    void* memory = std::aligned_alloc(64, sizeof(Header) + graph::staged_bytes(bytes, XNN_EXTRA_BYTES));
    if (!memory) return nullptr;
    last_ = new (memory) Header{last_};
    auto* data = reinterpret_cast<std::byte*>(last_ + 1);
    std::memset(data + bytes, 0, XNN_EXTRA_BYTES);
    return reinterpret_cast<float*>(data);
  }

 private:
  struct alignas(64) Header {
    Header* before;
  };
  Header* last_ = nullptr;
};

// What an instance holds outside of the arena.
struct Held {
  ~Held() {
    if (runtime) xnn_delete_runtime(runtime);
    threads.give_back(pool);
  }
  xnn_runtime_t runtime = nullptr;
  pthreadpool_t pool = nullptr;
  Blocks constants;  // those that XNNPACK reads in every run
};

Held*& held_by(DelegateContext ctx) { return *reinterpret_cast<Held**>(ctx.memory().data); }

void destroy(DelegateContext ctx) noexcept {
  held_by(ctx)->~Held();
  std::free(held_by(ctx));
}

// Beside images, which are turned, lie tensors that are not: no node may mix them, whatever the file says. See partition.cc.
bool has_our_layout(const Blob& blob, size_t n) {
  const BlobNode& node = blob.nodes[n];
  const BlobValue &x = blob.values[node.operands[0]], &y = blob.result_of(n);
  switch (node.kind) {
    case Kind::Softmax: return !graph::is_image(x);
    case Kind::Add:
    case Kind::Subtract:
    case Kind::Multiply:
    case Kind::Divide:
      for (uint32_t i = 0; i < 2; ++i)
        if (const BlobValue& v = blob.values[node.operands[i]]; graph::is_image(y) && !graph::is_image(v) && graph::numel_of(v) != 1)
          return false;
      return true;
    case Kind::Reshape:
      for (const BlobValue* v : {&x, &y})
        if (graph::is_image(*v) && v->sizes[2] * v->sizes[3] != 1) return false;
      return true;
    case Kind::Convolution:
    case Kind::Linear:
      if (node.kind == Kind::Linear && graph::is_image(x)) return false;
      return blob.is_constant(node.operands[1]) && (!graph::has(node, 2) || blob.is_constant(node.operands[2]));
    case Kind::Tanh:
    case Kind::Gelu:
    case Kind::LayerNorm: return false;
    default: return true;
  }
}

// XNNPACK gives no memory to what no node reads, and asserts that it has some.
bool is_read(const Blob& blob, uint32_t value) {
  for (const BlobNode& node : blob.nodes)
    for (const uint32_t operand : node.operands)
      if (operand == value) return true;
  return false;
}

// Weights are packed when the runtime is made, and not read again.
bool is_weight(const Blob& blob, uint32_t value) {
  bool is_weight = false;
  for (const BlobNode& node : blob.nodes) {
    const bool packs = node.kind == Kind::Convolution || node.kind == Kind::Linear;
    for (uint32_t i = 0; i < 3; ++i) {
      if (node.operands[i] != value) continue;
      if (!packs || i == 0) return false;
      is_weight = true;
    }
  }
  return is_weight;
}

// Builds the subgraph of one instance. XNNPACK's values have the ids of the blob's.
class Builder {
 public:
  Builder(DelegateContext ctx, const Blob& blob, xnn_subgraph_t subgraph, Blocks* kept)
      : ctx_(ctx), blob_(blob), subgraph_(subgraph), kept_(kept) {}

  DelegateStatus build() {
    for (uint32_t v = 0; v < blob_.values.size; ++v)
      if (const DelegateStatus s = define_value(v); s.error != Error::Ok) return s;
    for (size_t n = 0; n < blob_.nodes.size; ++n)
      if (const xnn_status s = define_node(n); s != xnn_status_success) return failed(s);
    return {};
  }

 private:
  DelegateStatus define_value(uint32_t v) {
    const BlobValue& value = blob_.values[v];
    size_t sizes[graph::kMaxBlobRank] = {1};
    for (uint32_t d = 0; d < value.rank; ++d) sizes[d] = static_cast<size_t>(value.sizes[d]);
    if (graph::is_image(value)) {
      const size_t channels = sizes[1];
      sizes[1] = sizes[2], sizes[2] = sizes[3], sizes[3] = channels;
    }
    const float* data = nullptr;
    uint32_t flags = 0;
    if (blob_.is_constant(v)) {
      data = constant(v);
      if (!data) return {Error::OutOfMemory};
    } else if (value.place != Place::Workspace) {
      flags = value.place == Place::Argument ? XNN_VALUE_FLAG_EXTERNAL_INPUT : XNN_VALUE_FLAG_EXTERNAL_OUTPUT;
    }
    uint32_t id;
    const size_t rank = value.rank == 0 ? 1 : value.rank;
    const xnn_status s = xnn_define_tensor_value(subgraph_, xnn_datatype_fp32, rank, sizes, data, v, flags, &id);
    return s == xnn_status_success ? DelegateStatus{} : failed(s);
  }

  // Filters are turned into a copy for the time of packing; other weights are packed from where they lie in the program.
  const float* constant(uint32_t v) {
    const BlobValue& value = blob_.values[v];
    const auto* from = ctx_.argument(v).as<const float>();
    const bool is_packed = is_weight(blob_, v);
    if (is_packed && !graph::is_image(value)) return from;
    float* copy = (is_packed ? temporary_ : *kept_).take(graph::bytes_of(value));
    if (copy && graph::is_image(value)) graph::to_channels_last(value, from, copy);
    if (copy && !graph::is_image(value)) std::memcpy(copy, from, graph::bytes_of(value));
    return copy;
  }

  xnn_status define_node(size_t n) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const BlobNode& node = blob_.nodes[n];
    const uint32_t *in = node.operands, out = blob_.header->arguments + static_cast<uint32_t>(n);
    uint32_t k[9];
    for (int i = 0; i < 9; ++i) k[i] = static_cast<uint32_t>(node.numbers[i]);
    switch (node.kind) {
      case Kind::Convolution: {
        const BlobValue &x = blob_.values[in[0]], &w = blob_.values[in[1]];
        return xnn_define_convolution_2d(subgraph_, k[2], k[3], k[2], k[3], static_cast<uint32_t>(w.sizes[2]),
                                         static_cast<uint32_t>(w.sizes[3]), k[0], k[1], k[4], k[5], k[6],
                                         static_cast<size_t>(x.sizes[1]) / k[6], static_cast<size_t>(w.sizes[0]) / k[6], -kInfinity,
                                         kInfinity, in[0], in[1], in[2], out, 0);
      }
      case Kind::Linear: return xnn_define_fully_connected(subgraph_, -kInfinity, kInfinity, in[0], in[1], in[2], out, 0);
      case Kind::Add: return xnn_define_add2(subgraph_, -kInfinity, kInfinity, in[0], in[1], out, 0);
      case Kind::Subtract: return xnn_define_subtract(subgraph_, -kInfinity, kInfinity, in[0], in[1], out, 0);
      case Kind::Multiply: return xnn_define_multiply2(subgraph_, -kInfinity, kInfinity, in[0], in[1], out, 0);
      case Kind::Divide: return xnn_define_divide(subgraph_, -kInfinity, kInfinity, in[0], in[1], out, 0);
      case Kind::Clamp: return xnn_define_clamp(subgraph_, node.reals[0], node.reals[1], in[0], out, 0);
      case Kind::Sigmoid: return xnn_define_sigmoid(subgraph_, in[0], out, 0);
      case Kind::HardSwish: return xnn_define_hardswish(subgraph_, in[0], out, 0);
      case Kind::MaxPool:
        return xnn_define_max_pooling_2d(subgraph_, k[4], k[5], k[4], k[5], k[0], k[1], k[2], k[3], k[6], k[7], -kInfinity, kInfinity,
                                         in[0], out, 0);
      case Kind::AveragePool:
        return xnn_define_average_pooling_2d(subgraph_, k[4], k[5], k[4], k[5], k[0], k[1], k[2], k[3], -kInfinity, kInfinity, in[0], out,
                                             0);
      case Kind::Mean: return xnn_define_global_average_pooling_2d(subgraph_, -kInfinity, kInfinity, in[0], out, 0);
      case Kind::Softmax: return xnn_define_softmax(subgraph_, in[0], out, 0);
      case Kind::Reshape: {
        const BlobValue& y = blob_.values[out];
        size_t sizes[graph::kMaxBlobRank] = {1};
        for (uint32_t d = 0; d < y.rank; ++d) sizes[d] = static_cast<size_t>(y.sizes[d]);
        if (graph::is_image(y)) sizes[3] = sizes[1], sizes[1] = 1;  // height and width are 1
        return xnn_define_static_reshape(subgraph_, y.rank == 0 ? 1 : y.rank, sizes, in[0], out, 0);
      }
      default: return xnn_status_unsupported_parameter;
    }
  }

  DelegateContext ctx_;
  const Blob& blob_;
  xnn_subgraph_t subgraph_;
  Blocks* kept_;
  Blocks temporary_;
};

DelegateStatus make_runtime(DelegateContext ctx, const Blob& blob, Held* held) {
  xnn_subgraph_t subgraph = nullptr;
  xnn_status s = xnn_create_subgraph(static_cast<uint32_t>(blob.values.size), 0, &subgraph);
  if (s != xnn_status_success) return failed(s);
  Builder builder(ctx, blob, subgraph, &held->constants);
  DelegateStatus status = builder.build();
  held->pool = threads.take(ctx.frame->hooks->workers);
  if (status.error == Error::Ok)
    if (s = xnn_create_runtime_v2(subgraph, held->pool, 0, &held->runtime); s != xnn_status_success) status = failed(s);
  xnn_delete_subgraph(subgraph);
  // Out of memory in the middle, this version of the library says success and gives nothing.
  if (status.error == Error::Ok && !held->runtime) status = {Error::OutOfMemory};
  return status;
}

// Where inputs and results lie is the workspace, always: so this is done once, and all that it allocates with it.
DelegateStatus set_up(DelegateContext ctx, const Blob& blob, Held* held) {
  size_t count = 0;
  graph::for_each_staged(ctx, blob, ctx.workspace().data, XNN_EXTRA_BYTES, [&](uint32_t, float*, float*) { ++count; });
  auto* external = static_cast<xnn_external_value*>(std::calloc(count + 1, sizeof(xnn_external_value)));
  if (!external) return {Error::OutOfMemory};
  count = 0;
  graph::for_each_staged(ctx, blob, ctx.workspace().data, XNN_EXTRA_BYTES, [&](uint32_t v, float*, float* copy) {
    external[count++] = {v, copy};
  });
  const xnn_status s = xnn_setup_runtime(held->runtime, count, external);
  std::free(external);
  return s == xnn_status_success ? DelegateStatus{} : failed(s);
}

DelegateStatus init(DelegateContext ctx) noexcept {
  Blob blob;
  if (const Error e = graph::open_blob(ctx.blob(), &blob); e != Error::Ok) return {e};
  if (const Error e = graph::check_operands(ctx, blob, graph::staging_bytes(blob, XNN_EXTRA_BYTES)); e != Error::Ok) return {e};
  if (ctx.memory().size < sizeof(Held*) || blob.nodes.empty()) return {Error::BadProgram};
  for (size_t n = 0; n < blob.nodes.size; ++n)
    if (!has_our_layout(blob, n)) return {Error::BadProgram};
  for (uint32_t v = 0; v < blob.values.size; ++v)
    if (blob.values[v].place != Place::Result && !is_read(blob, v)) return {Error::BadProgram};
  if (const xnn_status s = xnn_initialize(nullptr); s != xnn_status_success) return failed(s);

  void* memory = std::malloc(sizeof(Held));
  if (!memory) return {Error::OutOfMemory};
  Held* held = new (memory) Held;
  DelegateStatus status = make_runtime(ctx, blob, held);
  if (status.error == Error::Ok) status = set_up(ctx, blob, held);
  held_by(ctx) = held;
  if (status.error != Error::Ok) destroy(ctx);
  return status;
}

DelegateStatus execute(DelegateContext ctx) noexcept {
  Blob blob;
  graph::view_blob(ctx.blob(), &blob);
  graph::stage_arguments(ctx, blob, ctx.workspace().data, XNN_EXTRA_BYTES);
  if (const xnn_status s = xnn_invoke_runtime(held_by(ctx)->runtime); s != xnn_status_success) return failed(s);
  graph::fetch_results(ctx, blob, ctx.workspace().data, XNN_EXTRA_BYTES);
  return {};
}

constexpr DelegateTable kTable = {DelegateTable::kAbi, DelegateTable::kAllocates, "xnnpack", init, execute, nullptr, nullptr, destroy};

}  // namespace
}  // namespace etc

extern "C" __attribute__((visibility("default"))) const etc::DelegateTable* etc_delegate() { return &etc::kTable; }
