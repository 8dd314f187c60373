// Order of images; see layout.h.
#include "backends/graph/layout.h"

namespace etc::graph {
namespace {

// rows × columns → columns × rows, in tiles that stay in the cache.
void transpose(const float* from, float* to, int64_t rows, int64_t columns) {
  constexpr int64_t kTile = 16;
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t c0 = 0; c0 < columns; c0 += kTile)
      for (int64_t r = r0; r < rows && r < r0 + kTile; ++r)
        for (int64_t c = c0; c < columns && c < c0 + kTile; ++c) to[c * rows + r] = from[r * columns + c];
}

void transpose_each(const BlobValue& v, const float* from, float* to, int64_t rows, int64_t columns) {
  for (int64_t n = 0; n < v.sizes[0]; ++n, from += rows * columns, to += rows * columns) transpose(from, to, rows, columns);
}

}  // namespace

void to_channels_last(const BlobValue& v, const float* nchw, float* nhwc) {
  transpose_each(v, nchw, nhwc, v.sizes[1], v.sizes[2] * v.sizes[3]);
}
void to_channels_first(const BlobValue& v, const float* nhwc, float* nchw) {
  transpose_each(v, nhwc, nchw, v.sizes[2] * v.sizes[3], v.sizes[1]);
}

uint64_t staging_bytes(const Blob& blob, uint64_t extra) {
  uint64_t bytes = 0;
  for (uint32_t v = 0; v < blob.values.size; ++v)
    if (blob.values[v].place != Place::Workspace && !blob.is_constant(v)) bytes += staged_bytes(bytes_of(blob.values[v]), extra);
  return bytes;
}

void stage_arguments(DelegateContext ctx, const Blob& blob, std::byte* staging, uint64_t extra) {
  for_each_staged(ctx, blob, staging, extra, [&](uint32_t v, const float* tensor, float* copy) {
    const BlobValue& value = blob.values[v];
    if (value.place != Place::Argument) return;
    if (is_image(value))
      to_channels_last(value, tensor, copy);
    else
      std::memcpy(copy, tensor, static_cast<size_t>(bytes_of(value)));
  });
}

void fetch_results(DelegateContext ctx, const Blob& blob, std::byte* staging, uint64_t extra) {
  for_each_staged(ctx, blob, staging, extra, [&](uint32_t v, float* tensor, const float* copy) {
    const BlobValue& value = blob.values[v];
    if (value.place != Place::Result) return;
    if (is_image(value))
      to_channels_first(value, copy, tensor);
    else
      std::memcpy(tensor, copy, static_cast<size_t>(bytes_of(value)));
  });
}

}  // namespace etc::graph
