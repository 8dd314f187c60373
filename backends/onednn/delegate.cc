// The run side of the backend "onednn": a row of oneDNN primitives for each call.
//
// oneDNN allocates by itself: in init its machine code and descriptions, and we with malloc the weights in its packed form and the
// largest scratchpad. In execute every primitive call allocates and frees a few hundred bytes for its list of arguments, which the library
// cannot be talked out of. It runs on OpenMP's threads. execute copies inputs and results between the method's tensors and the workspace,
// in oneDNN's order of images. When malloc fails inside oneDNN (2.6) the library may crash; when it fails here, init says OutOfMemory.
#include <dnnl.h>
#include <omp.h>

#include <cfloat>
#include <cstdlib>
#include <initializer_list>
#include <new>

#include "backends/graph/layout.h"

namespace etc {
namespace {

using graph::Blob;
using graph::BlobNode;
using graph::BlobValue;
using graph::Kind;
using graph::Place;

DelegateStatus failed(dnnl_status_t status) {
  return status == dnnl_out_of_memory ? DelegateStatus{Error::OutOfMemory, 0}
                                      : DelegateStatus{Error::DelegateFailed, static_cast<uint32_t>(status)};
}

#define ETC_DNNL(call)                                                                 \
  do {                                                                                 \
    if (const dnnl_status_t status_ = (call); status_ != dnnl_success) return status_; \
  } while (0)

// One node: a primitive and its arguments, or a copy of bytes.
struct Step {
  static constexpr int kMostArguments = 6;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t arguments[kMostArguments];
  int count;
  const void* from;
  void* to;
  size_t bytes;
};

// What an instance holds outside of the arena: counted arrays from one allocation each, zeroed.
struct Held {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  Step* steps;
  size_t step_count;
  dnnl_memory_t* memories;  // of descriptions in use, all destroyed at the end
  size_t memory_count, memory_capacity;
  void** blocks;  // packed weights, the scratchpad
  size_t block_count;
  void* scratchpad;
  size_t scratchpad_bytes;
};

Held*& held_by(DelegateContext ctx) { return *reinterpret_cast<Held**>(ctx.memory().data); }

void destroy(DelegateContext ctx) noexcept {
  Held* held = held_by(ctx);
  for (size_t i = 0; i < held->step_count; ++i)
    if (held->steps[i].primitive) dnnl_primitive_destroy(held->steps[i].primitive);
  for (size_t i = 0; i < held->memory_count; ++i) dnnl_memory_destroy(held->memories[i]);
  for (size_t i = 0; i < held->block_count; ++i) std::free(held->blocks[i]);
  if (held->stream) dnnl_stream_destroy(held->stream);
  if (held->engine) dnnl_engine_destroy(held->engine);
  std::free(held->scratchpad);
  std::free(held->steps);
  std::free(held->memories);
  std::free(held->blocks);
  std::free(held);
}

bool is_full(const BlobValue& v, const BlobValue& y) {
  if (v.rank != y.rank) return false;
  for (uint32_t d = 0; d < v.rank; ++d)
    if (v.sizes[d] != y.sizes[d]) return false;
  return true;
}

// What partition.cc promises, whatever the file says.
bool is_ours(const Blob& blob, size_t n) {
  const BlobNode& node = blob.nodes[n];
  const BlobValue &x = blob.values[node.operands[0]], &y = blob.result_of(n);
  const auto is_weight = [&](uint32_t i) { return !graph::has(node, i) || blob.is_constant(node.operands[i]); };
  switch (node.kind) {
    case Kind::Convolution: return is_weight(1) && is_weight(2);
    case Kind::Linear:
    case Kind::LayerNorm: return !graph::is_image(x) && is_weight(1) && is_weight(2);
    case Kind::Add:
    case Kind::Multiply: return is_full(x, y) || is_full(blob.values[node.operands[1]], y);
    case Kind::Subtract:
    case Kind::Divide: return is_full(x, y);
    case Kind::Reshape:
      for (const BlobValue* v : {&x, &y})
        if (graph::is_image(*v) && v->sizes[2] * v->sizes[3] != 1) return false;
      return true;
    default: return true;
  }
}

class Builder {
 public:
  Builder(DelegateContext ctx, const Blob& blob, Held* held) : ctx_(ctx), blob_(blob), held_(held) {}

  dnnl_status_t build() {
    ETC_DNNL(dnnl_engine_create(&held_->engine, dnnl_cpu, 0));
    ETC_DNNL(dnnl_stream_create(&held_->stream, held_->engine, dnnl_stream_default_flags));
    const size_t nodes = blob_.nodes.size;
    held_->steps = static_cast<Step*>(std::calloc(nodes, sizeof(Step)));
    held_->memory_capacity = nodes * Step::kMostArguments * 2;
    held_->memories = static_cast<dnnl_memory_t*>(std::calloc(held_->memory_capacity, sizeof(dnnl_memory_t)));
    held_->blocks = static_cast<void**>(std::calloc(nodes, sizeof(void*)));
    if (!held_->steps || !held_->memories || !held_->blocks) return dnnl_out_of_memory;
    for (size_t n = 0; n < nodes; ++n) {
      step_ = &held_->steps[held_->step_count++];
      ETC_DNNL(build_step(n));
    }
    return give_scratchpad();
  }

 private:
  // --- where values lie ---

  std::byte* address(uint32_t v) const {
    const BlobValue& value = blob_.values[v];
    if (value.place == Place::Workspace) return ctx_.workspace().data + value.offset;
    if (blob_.is_constant(v)) return static_cast<std::byte*>(ctx_.argument(v).data);  // only read
    std::byte* copy = ctx_.workspace().data + (blob_.header->workspace_bytes + 63) / 64 * 64;
    for (uint32_t other = 0; other < v; ++other)
      if (blob_.values[other].place != Place::Workspace && !blob_.is_constant(other))
        copy += graph::staged_bytes(graph::bytes_of(blob_.values[other]), 0);
    return copy;
  }

  // The tensor as it lies, in `rank` dimensions (0: its own), ones in front.
  dnnl_memory_desc_t desc_of(uint32_t v, uint32_t rank = 0) const {
    const BlobValue& value = blob_.values[v];
    if (rank == 0) rank = value.rank == 0 ? 1 : value.rank;
    const uint32_t ones = rank - value.rank;
    dnnl_dims_t sizes, strides;
    dnnl_dim_t stride = 1;
    for (uint32_t d = rank; d-- > 0;) {
      sizes[d] = d < ones ? 1 : value.sizes[d - ones];
      strides[d] = stride;
      stride *= sizes[d];
    }
    if (graph::is_image(value) && !blob_.is_constant(v)) {  // turned
      const uint32_t first = rank - 4;
      strides[first + 1] = 1;
      strides[first + 3] = sizes[first + 1];
      strides[first + 2] = sizes[first + 3] * strides[first + 3];
    }
    return described(static_cast<int>(rank), sizes, strides);
  }
  // All but the last dimension as one.
  dnnl_memory_desc_t matrix_of(uint32_t v) const {
    const BlobValue& value = blob_.values[v];
    const dnnl_dim_t columns = value.rank == 0 ? 1 : value.sizes[value.rank - 1];
    const dnnl_dims_t sizes = {graph::numel_of(value) / columns, columns}, strides = {columns, 1};
    return described(2, sizes, strides);
  }
  static dnnl_memory_desc_t described(int rank, const dnnl_dims_t sizes, const dnnl_dims_t strides) {
    dnnl_memory_desc_t desc{};
    dnnl_memory_desc_init_by_strides(&desc, rank, sizes, dnnl_f32, strides);
    return desc;
  }
  static dnnl_memory_desc_t any(const dnnl_memory_desc_t& like) {
    dnnl_memory_desc_t desc{};
    dnnl_memory_desc_init_by_tag(&desc, like.ndims, like.dims, dnnl_f32, dnnl_format_tag_any);
    return desc;
  }

  // --- steps ---

  dnnl_status_t add_memory(int argument, const dnnl_memory_desc_t& desc, void* data) {
    dnnl_memory_t memory;
    ETC_DNNL(dnnl_memory_create(&memory, &desc, held_->engine, data));
    held_->memories[held_->memory_count++] = memory;
    step_->arguments[step_->count++] = {argument, memory};
    return dnnl_success;
  }
  dnnl_status_t add_value(int argument, uint32_t v, const dnnl_memory_desc_t& desc) { return add_memory(argument, desc, address(v)); }

  // The primitive of an op description; `*weights` receives the form that it wants its weights in.
  dnnl_status_t create(const void* description, dnnl_memory_desc_t* weights = nullptr) {
    dnnl_primitive_attr_t attributes = nullptr;
    dnnl_primitive_desc_t pd = nullptr;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(&pd, description, attributes, held_->engine, nullptr);
    if (status == dnnl_success) {
      scratchpad_ = *dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
      if (weights) *weights = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
      status = dnnl_primitive_create(&step_->primitive, pd);
    }
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    ETC_DNNL(status);
    const size_t bytes = dnnl_memory_desc_get_size(&scratchpad_);
    if (bytes == 0) return dnnl_success;
    if (bytes > held_->scratchpad_bytes) held_->scratchpad_bytes = bytes;
    return add_memory(DNNL_ARG_SCRATCHPAD, scratchpad_, DNNL_MEMORY_NONE);
  }

  // Weights in the form `wanted`: packed into memory of ours, or where they lie when that is the form.
  dnnl_status_t add_weights(uint32_t v, const dnnl_memory_desc_t& plain, const dnnl_memory_desc_t& wanted) {
    if (dnnl_memory_desc_equal(&plain, &wanted)) return add_value(DNNL_ARG_WEIGHTS, v, plain);
    void* packed = std::aligned_alloc(64, (dnnl_memory_desc_get_size(&wanted) + 63) / 64 * 64);
    if (!packed) return dnnl_out_of_memory;
    held_->blocks[held_->block_count++] = packed;
    ETC_DNNL(add_memory(DNNL_ARG_WEIGHTS, wanted, packed));
    return reorder(plain, address(v), wanted, step_->arguments[step_->count - 1].memory);
  }
  dnnl_status_t reorder(const dnnl_memory_desc_t& from, void* data, const dnnl_memory_desc_t& to, dnnl_memory_t target) {
    dnnl_memory_t source = nullptr;
    dnnl_primitive_desc_t pd = nullptr;
    dnnl_primitive_t primitive = nullptr;
    dnnl_status_t status = dnnl_memory_create(&source, &from, held_->engine, data);
    if (status == dnnl_success) status = dnnl_reorder_primitive_desc_create(&pd, &from, held_->engine, &to, held_->engine, nullptr);
    if (status == dnnl_success) status = dnnl_primitive_create(&primitive, pd);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}};
    if (status == dnnl_success) status = dnnl_primitive_execute(primitive, held_->stream, 2, arguments);
    if (status == dnnl_success) status = dnnl_stream_wait(held_->stream);
    if (primitive) dnnl_primitive_destroy(primitive);
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (source) dnnl_memory_destroy(source);
    return status;
  }

  // One block for the largest: steps run one after the other.
  dnnl_status_t give_scratchpad() {
    if (held_->scratchpad_bytes == 0) return dnnl_success;
    held_->scratchpad = std::aligned_alloc(64, (held_->scratchpad_bytes + 63) / 64 * 64);
    if (!held_->scratchpad) return dnnl_out_of_memory;
    for (size_t s = 0; s < held_->step_count; ++s)
      for (int a = 0; a < held_->steps[s].count; ++a)
        if (const dnnl_exec_arg_t& argument = held_->steps[s].arguments[a]; argument.arg == DNNL_ARG_SCRATCHPAD)
          ETC_DNNL(dnnl_memory_set_data_handle(argument.memory, held_->scratchpad));
    return dnnl_success;
  }

  // --- kinds ---

  dnnl_status_t build_step(size_t n) {
    const BlobNode& node = blob_.nodes[n];
    const uint32_t y = blob_.header->arguments + static_cast<uint32_t>(n);
    switch (node.kind) {
      case Kind::Convolution: return convolution(node, y);
      case Kind::Linear: return linear(node, y);
      case Kind::Add: return binary(node, y, dnnl_binary_add);
      case Kind::Subtract: return binary(node, y, dnnl_binary_sub);
      case Kind::Multiply: return binary(node, y, dnnl_binary_mul);
      case Kind::Divide: return binary(node, y, dnnl_binary_div);
      case Kind::Clamp: return clamp(node, y);
      case Kind::Sigmoid: return eltwise(node, y, dnnl_eltwise_logistic);
      case Kind::Tanh: return eltwise(node, y, dnnl_eltwise_tanh);
      case Kind::Gelu: return eltwise(node, y, dnnl_eltwise_gelu_erf);
      case Kind::HardSwish: return eltwise(node, y, dnnl_eltwise_hardswish);
      case Kind::MaxPool:
      case Kind::AveragePool:
      case Kind::Mean: return pool(node, y);
      case Kind::Softmax: return softmax(node, y);
      case Kind::LayerNorm: return layer_norm(node, y);
      case Kind::Reshape:
        step_->from = address(node.operands[0]), step_->to = address(y), step_->bytes = graph::bytes_of(blob_.values[y]);
        return dnnl_success;
    }
    return dnnl_unimplemented;
  }

  dnnl_status_t convolution(const BlobNode& node, uint32_t y) {
    const uint32_t x = node.operands[0], w = node.operands[1], b = node.operands[2];
    const BlobValue& filters = blob_.values[w];
    const dnnl_dim_t groups = node.numbers[6];
    dnnl_memory_desc_t plain = desc_of(w);
    if (groups != 1) {
      const dnnl_dims_t sizes = {groups, filters.sizes[0] / groups, filters.sizes[1], filters.sizes[2], filters.sizes[3]};
      const dnnl_dim_t filter = sizes[2] * sizes[3] * sizes[4];
      const dnnl_dims_t strides = {sizes[1] * filter, filter, sizes[3] * sizes[4], sizes[4], 1};
      plain = described(5, sizes, strides);
    }
    const dnnl_memory_desc_t src = desc_of(x), dst = desc_of(y), weights = any(plain);
    const dnnl_memory_desc_t bias = b == graph::kAbsent ? dnnl_memory_desc_t{} : desc_of(b);
    const dnnl_dims_t strides = {node.numbers[0], node.numbers[1]}, padding = {node.numbers[2], node.numbers[3]};
    const dnnl_dims_t dilates = {node.numbers[4] - 1, node.numbers[5] - 1};
    dnnl_convolution_desc_t description;
    ETC_DNNL(dnnl_dilated_convolution_forward_desc_init(&description, dnnl_forward_inference, dnnl_convolution_direct, &src, &weights,
                                                        b == graph::kAbsent ? nullptr : &bias, &dst, strides, dilates, padding, padding));
    dnnl_memory_desc_t wanted;
    ETC_DNNL(create(&description, &wanted));
    ETC_DNNL(add_value(DNNL_ARG_SRC, x, src));
    ETC_DNNL(add_weights(w, plain, wanted));
    if (b != graph::kAbsent) ETC_DNNL(add_value(DNNL_ARG_BIAS, b, bias));
    return add_value(DNNL_ARG_DST, y, dst);
  }

  dnnl_status_t linear(const BlobNode& node, uint32_t y) {
    const uint32_t x = node.operands[0], w = node.operands[1], b = node.operands[2];
    const dnnl_memory_desc_t src = matrix_of(x), dst = matrix_of(y), plain = desc_of(w), weights = any(plain);
    const dnnl_memory_desc_t bias = b == graph::kAbsent ? dnnl_memory_desc_t{} : desc_of(b);
    dnnl_inner_product_desc_t description;
    ETC_DNNL(dnnl_inner_product_forward_desc_init(&description, dnnl_forward_inference, &src, &weights,
                                                  b == graph::kAbsent ? nullptr : &bias, &dst));
    dnnl_memory_desc_t wanted;
    ETC_DNNL(create(&description, &wanted));
    ETC_DNNL(add_value(DNNL_ARG_SRC, x, src));
    ETC_DNNL(add_weights(w, plain, wanted));
    if (b != graph::kAbsent) ETC_DNNL(add_value(DNNL_ARG_BIAS, b, bias));
    return add_value(DNNL_ARG_DST, y, dst);
  }

  dnnl_status_t binary(const BlobNode& node, uint32_t y, dnnl_alg_kind_t kind) {
    const BlobValue& result = blob_.values[y];
    const bool swap = !is_full(blob_.values[node.operands[0]], result);  // is_ours: then the order does not matter
    const uint32_t a = node.operands[swap ? 1 : 0], b = node.operands[swap ? 0 : 1];
    const dnnl_memory_desc_t dst = desc_of(y), src0 = desc_of(a), src1 = desc_of(b, static_cast<uint32_t>(dst.ndims));
    dnnl_binary_desc_t description;
    ETC_DNNL(dnnl_binary_desc_init(&description, kind, &src0, &src1, &dst));
    ETC_DNNL(create(&description));
    ETC_DNNL(add_value(DNNL_ARG_SRC_0, a, src0));
    ETC_DNNL(add_value(DNNL_ARG_SRC_1, b, src1));
    return add_value(DNNL_ARG_DST, y, dst);
  }

  dnnl_status_t clamp(const BlobNode& node, uint32_t y) {
    const float low = node.reals[0], high = node.reals[1];
    if (low == 0 && high > FLT_MAX) return eltwise(node, y, dnnl_eltwise_relu);
    return eltwise(node, y, dnnl_eltwise_clip, low < -FLT_MAX ? -FLT_MAX : low, high > FLT_MAX ? FLT_MAX : high);
  }

  dnnl_status_t eltwise(const BlobNode& node, uint32_t y, dnnl_alg_kind_t kind, float alpha = 0, float beta = 0) {
    const uint32_t x = node.operands[0];
    const dnnl_memory_desc_t src = desc_of(x), dst = desc_of(y);
    dnnl_eltwise_desc_t description;
    ETC_DNNL(dnnl_eltwise_forward_desc_init(&description, dnnl_forward_inference, kind, &dst, alpha, beta));
    ETC_DNNL(create(&description));
    ETC_DNNL(add_value(DNNL_ARG_SRC, x, src));
    return add_value(DNNL_ARG_DST, y, dst);
  }

  // A mean over height and width is one window.
  dnnl_status_t pool(const BlobNode& node, uint32_t y) {
    const uint32_t x = node.operands[0];
    const BlobValue& image = blob_.values[x];
    const int32_t* k = node.numbers;
    const bool is_mean = node.kind == Kind::Mean;
    const dnnl_dims_t kernel = {is_mean ? image.sizes[2] : k[0], is_mean ? image.sizes[3] : k[1]};
    const dnnl_dims_t strides = {is_mean ? 1 : k[2], is_mean ? 1 : k[3]}, padding = {is_mean ? 0 : k[4], is_mean ? 0 : k[5]};
    const dnnl_dims_t dilation = {node.kind == Kind::MaxPool ? k[6] - 1 : 0, node.kind == Kind::MaxPool ? k[7] - 1 : 0};
    const dnnl_alg_kind_t kind = node.kind == Kind::MaxPool                    ? dnnl_pooling_max
                                 : node.kind == Kind::AveragePool && k[8] == 1 ? dnnl_pooling_avg_include_padding
                                                                               : dnnl_pooling_avg_exclude_padding;
    const dnnl_memory_desc_t src = desc_of(x), dst = desc_of(y);
    dnnl_pooling_v2_desc_t description;
    ETC_DNNL(dnnl_pooling_v2_forward_desc_init(&description, dnnl_forward_inference, kind, &src, &dst, strides, kernel, dilation, padding,
                                               padding));
    ETC_DNNL(create(&description));
    ETC_DNNL(add_value(DNNL_ARG_SRC, x, src));
    return add_value(DNNL_ARG_DST, y, dst);
  }

  dnnl_status_t softmax(const BlobNode& node, uint32_t y) {
    const uint32_t x = node.operands[0];
    const dnnl_memory_desc_t src = desc_of(x), dst = desc_of(y);
    dnnl_softmax_v2_desc_t description;
    ETC_DNNL(dnnl_softmax_v2_forward_desc_init(&description, dnnl_forward_inference, dnnl_softmax_accurate, &src, &dst, src.ndims - 1));
    ETC_DNNL(create(&description));
    ETC_DNNL(add_value(DNNL_ARG_SRC, x, src));
    return add_value(DNNL_ARG_DST, y, dst);
  }

  dnnl_status_t layer_norm(const BlobNode& node, uint32_t y) {
    const uint32_t x = node.operands[0], w = node.operands[1], b = node.operands[2];
    const dnnl_memory_desc_t src = matrix_of(x), dst = matrix_of(y);
    unsigned flags = dnnl_normalization_flags_none;
    if (w != graph::kAbsent) flags |= dnnl_use_scale;
    if (b != graph::kAbsent) flags |= dnnl_use_shift;
    dnnl_layer_normalization_desc_t description;
    ETC_DNNL(dnnl_layer_normalization_forward_desc_init(&description, dnnl_forward_inference, &src, nullptr, node.reals[0], flags));
    ETC_DNNL(create(&description));
    ETC_DNNL(add_value(DNNL_ARG_SRC, x, src));
    if (w != graph::kAbsent) ETC_DNNL(add_value(DNNL_ARG_SCALE, w, desc_of(w)));
    if (b != graph::kAbsent) ETC_DNNL(add_value(DNNL_ARG_SHIFT, b, desc_of(b)));
    return add_value(DNNL_ARG_DST, y, dst);
  }

  DelegateContext ctx_;
  const Blob& blob_;
  Held* held_;
  Step* step_ = nullptr;
  dnnl_memory_desc_t scratchpad_{};
};

// OpenMP's number of threads belongs to the calling thread.
class Threads {
 public:
  explicit Threads(DelegateContext ctx) : before_(omp_get_max_threads()) {
    omp_set_num_threads(static_cast<int>(ctx.frame->hooks->workers));
  }
  ~Threads() { omp_set_num_threads(before_); }

 private:
  int before_;
};

uint64_t workspace_of(const Blob& blob) { return (blob.header->workspace_bytes + 63) / 64 * 64 + graph::staging_bytes(blob, 0); }

DelegateStatus init(DelegateContext ctx) noexcept {
  Blob blob;
  if (const Error e = graph::open_blob(ctx.blob(), &blob); e != Error::Ok) return {e};
  if (blob.header->workspace_bytes > ctx.workspace().size) return {Error::BadProgram};  // the sum below does not overflow
  if (const Error e = graph::check_operands(ctx, blob, workspace_of(blob)); e != Error::Ok) return {e};
  if (ctx.memory().size < sizeof(Held*) || blob.nodes.empty()) return {Error::BadProgram};
  for (size_t n = 0; n < blob.nodes.size; ++n)
    if (!is_ours(blob, n)) return {Error::BadProgram};
  auto* held = static_cast<Held*>(std::calloc(1, sizeof(Held)));
  if (!held) return {Error::OutOfMemory};
  held_by(ctx) = held;
  const Threads threads(ctx);
  if (const dnnl_status_t s = Builder(ctx, blob, held).build(); s != dnnl_success) {
    destroy(ctx);
    return failed(s);
  }
  return {};
}

DelegateStatus execute(DelegateContext ctx) noexcept {
  Blob blob;
  graph::view_blob(ctx.blob(), &blob);
  std::byte* const staging = ctx.workspace().data + (blob.header->workspace_bytes + 63) / 64 * 64;
  graph::stage_arguments(ctx, blob, staging, 0);
  const Held& held = *held_by(ctx);
  const Threads threads(ctx);
  for (size_t i = 0; i < held.step_count; ++i) {
    const Step& step = held.steps[i];
    if (!step.primitive) {
      std::memcpy(step.to, step.from, step.bytes);
      continue;
    }
    if (const dnnl_status_t s = dnnl_primitive_execute(step.primitive, held.stream, step.count, step.arguments); s != dnnl_success)
      return failed(s);
  }
  if (const dnnl_status_t s = dnnl_stream_wait(held.stream); s != dnnl_success) return failed(s);
  graph::fetch_results(ctx, blob, staging, 0);
  return {};
}

constexpr DelegateTable kTable = {DelegateTable::kAbi,
                                  DelegateTable::kAllocates | DelegateTable::kAllocatesInExecute,
                                  "onednn",
                                  init,
                                  execute,
                                  nullptr,
                                  nullptr,
                                  destroy};

}  // namespace
}  // namespace etc

extern "C" __attribute__((visibility("default"))) const etc::DelegateTable* etc_delegate() { return &etc::kTable; }
