// Between PyTorch's order of images, N C H W, and that of the libraries, N H W C.
#pragma once

#include "backends/graph/read.h"

namespace etc::graph {

// Images and batches of filters: tensors with four dimensions.
inline bool is_image(const BlobValue& v) { return v.rank == 4; }

// Sizes are those of the blob, N C H W. The two do not overlap.
void to_channels_last(const BlobValue& v, const float* nchw, float* nhwc);
void to_channels_first(const BlobValue& v, const float* nhwc, float* nchw);

// Bytes of the copies that a backend takes of the call's arguments, but for constants, and of its results: libraries read up to
// `extra` bytes beyond a tensor, and want images in their own order.
uint64_t staging_bytes(const Blob& blob, uint64_t extra);
constexpr uint64_t staged_bytes(uint64_t bytes, uint64_t extra) { return (bytes + extra + 63) / 64 * 64; }

// Calls f(value, tensor, copy) for each argument that is no constant, then for each result; copies lie one behind the other.
template <class F>
void for_each_staged(DelegateContext ctx, const Blob& blob, std::byte* staging, uint64_t extra, F f) {
  uint32_t results = 0;
  for (uint32_t v = 0; v < blob.values.size; ++v) {
    const BlobValue& value = blob.values[v];
    if (value.place == Place::Workspace || blob.is_constant(v)) continue;
    const Tensor& t = value.place == Place::Argument ? ctx.argument(v) : ctx.result(results++);
    f(v, t.as<float>(), reinterpret_cast<float*>(staging));
    staging += staged_bytes(bytes_of(value), extra);
  }
}
void stage_arguments(DelegateContext ctx, const Blob& blob, std::byte* staging, uint64_t extra);
void fetch_results(DelegateContext ctx, const Blob& blob, std::byte* staging, uint64_t extra);

}  // namespace etc::graph
