// What all recurrent layers demand of their operands.
#include "ops/rnn/layers.h"

namespace etc {
namespace {

using namespace rnn;

bool is_matrix(const Tensor& t, DType dtype, int64_t rows, int64_t columns) {
  return t.dtype == dtype && t.rank == 2 && t.sizes[0] == rows && t.sizes[1] == columns;
}
bool is_vector(const Tensor& t, DType dtype, int64_t size) { return t.dtype == dtype && t.rank == 1 && t.sizes[0] == size; }

}  // namespace

Error infer_rnn(InferContext& ctx, int64_t gates, bool has_cell) {
  const Meta x = ctx.meta(kInput);
  if (x.rank != 3) return Error::BadShape;
  if (ctx.boolean(kTrain) && ctx.real(kDropout) != 0) return Error::BadArgument;  // random: training is not what this is for
  if (has_cell) {
    const Tensors state = ctx.tensors(kState);
    if (state.size != 2 || !state.has(0) || !state.has(1)) return Error::BadArgument;
    if (state[0].rank != 3 || state[1].rank != 3) return Error::BadShape;
  } else if (ctx.tensor(kState).rank != 3) {
    return Error::BadShape;
  }

  // The number of layers is bounded by the list of parameters.
  const RnnShape s = rnn_shape(ctx, has_cell);
  const Tensors list = ctx.tensors(kParameters);
  if (s.layers < 1 || s.layers > list.size || s.layers * s.directions * s.parameters != list.size) return Error::BadArgument;
  for (uint32_t i = 0; i < list.size; ++i)
    if (!list.has(i)) return Error::BadArgument;

  const Tensor& h = rnn_hidden(ctx);
  if (s.steps < 1 || s.hidden < 1 || s.output < 1) return Error::BadShape;
  if (h.dtype != x.dtype) return Error::BadArgument;
  if (h.sizes[0] != s.layers * s.directions || h.sizes[1] != s.batch) return Error::BadShape;
  if (has_cell) {
    const Tensor& c = ctx.tensors(kState)[1];
    if (c.dtype != x.dtype) return Error::BadArgument;
    if (c.sizes[0] != h.sizes[0] || c.sizes[1] != s.batch) return Error::BadShape;
  }
  int64_t rows = 0, width = 0;
  if (!checked_multiply(gates, s.hidden, &rows) || !checked_multiply(s.output, s.directions, &width)) return Error::BadShape;
  for (uint32_t at = 0; at < list.size; at += s.parameters) {
    const bool is_first = at < s.parameters * s.directions;
    if (!is_matrix(list[at], x.dtype, rows, is_first ? s.input : width) || !is_matrix(list[at + 1], x.dtype, rows, s.output))
      return Error::BadShape;
    if (s.biases && (!is_vector(list[at + 2], x.dtype, rows) || !is_vector(list[at + 3], x.dtype, rows))) return Error::BadShape;
    if (s.projects && !is_matrix(list[at + s.parameters - 1], x.dtype, s.output, s.hidden)) return Error::BadShape;
  }

  Meta y = x;
  y.sizes[2] = width;
  ETC_TRY(ctx.set_result(0, y));
  ETC_TRY(ctx.set_result(1, InferContext::meta(h)));
  return has_cell ? ctx.set_result(2, InferContext::meta(ctx.tensors(kState)[1])) : Error::Ok;
}

}  // namespace etc
