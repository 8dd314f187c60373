// Stacks of recurrent layers over a whole sequence, in both directions if asked for. What a cell does with its gates is the Cell's
// business; here are operands, products and memory.
//
//   input ─▶ layer 0 ─▶ … ─▶ last layer ─▶ result      Layers between lie alternately in the result's memory and in one block of
//                                                      scratch, so that each reads one and writes the other, and the last is the result.
//
// For kChunk rows of the sequence at a time: gates = bias + x W_ih^T in one product; then step by step gates += h W_hh^T and the cell.
// All gates are summed in the accumulator's type.
#pragma once

#include "ops/dispatch.h"
#include "ops/linalg/matmul.h"
#include "ops/strided.h"

namespace etc {

namespace rnn {
// Operands of lstm.input, gru.input, rnn_tanh.input and rnn_relu.input.
constexpr uint32_t kInput = 0, kState = 1, kParameters = 2, kHasBiases = 3, kLayers = 4, kDropout = 5, kTrain = 6, kBidirectional = 7,
                   kBatchFirst = 8, kResult = 9, kLastHidden = 10, kLastCell = 11;
constexpr int64_t kChunk = 16;
}  // namespace rnn

// A sequence of steps of batches of vectors, somewhere in memory; strides in elements.
template <class T>
struct Sequence {
  T* data = nullptr;
  int64_t step = 0, batch = 0, column = 0;
  T* at(int64_t t) const { return data + t * step; }
};

struct RnnShape {
  int64_t steps, batch, input, hidden, output;  // output: hidden, or the size of a projection
  int64_t layers, directions;
  uint32_t parameters;  // of one layer and direction
  bool biases, projects;
};

// The hidden state: lists have it first.
inline Tensor rnn_hidden(OpContext ctx) {
  return ctx.operand(rnn::kState).kind == OperandKind::Tensors ? ctx.tensors(rnn::kState)[0] : ctx.tensor(rnn::kState);
}
inline RnnShape rnn_shape(OpContext ctx, bool has_cell) {
  const Tensor& x = ctx.tensor(rnn::kInput);
  const bool batch_first = ctx.boolean(rnn::kBatchFirst);
  RnnShape s;
  s.steps = x.sizes[batch_first ? 1 : 0];
  s.batch = x.sizes[batch_first ? 0 : 1];
  s.input = x.sizes[2];
  s.output = rnn_hidden(ctx).sizes[2];
  s.hidden = has_cell ? ctx.tensors(rnn::kState)[1].sizes[2] : s.output;
  s.layers = ctx.integer(rnn::kLayers);
  s.directions = ctx.boolean(rnn::kBidirectional) ? 2 : 1;
  s.biases = ctx.boolean(rnn::kHasBiases);
  s.projects = s.output != s.hidden;
  s.parameters = 2 + (s.biases ? 2 : 0) + (s.projects ? 1 : 0);
  return s;
}

// Checks all operands and sets all results.
Error infer_rnn(InferContext& ctx, int64_t gates, bool has_cell);

// Cell is a template over T with:
//   kGates                how many rows of `hidden` the weights have
//   kHasCell              whether there is a cell state beside the hidden one
//   kSplitsGates          whether it wants the part of h W_hh^T apart (else it is added to the gates)
//   step(n, gates, recurrent, cell, h, h_step, out, out_step)
//     n values of one batch row; gates and recurrent have kGates * n sums; cell is updated; h and out may be the same element apart.
template <template <class> class Cell, class T>
struct RnnLayers {
  using C = Accumulator<T>;
  using This = Cell<T>;

  // One layer in one direction.
  struct Part {
    int64_t layer, direction;
    Sequence<const T> source;
    Sequence<T> target;  // of this direction
    int64_t width;       // of a source vector
    const Tensor *w_input, *w_hidden, *b_input, *b_hidden, *w_projection;
  };
  // Where things lie in scratch, in elements of C.
  struct Room {
    int64_t gates, recurrent, cell, projected, between, panels, end;
  };

  static int64_t chunk_of(const RnnShape& s) {
    const int64_t steps = s.batch >= rnn::kChunk || s.batch < 1 ? 1 : rnn::kChunk / s.batch;
    return steps < s.steps ? steps : s.steps;
  }

  // Calls f(part) for all parts in order. `between` is null when only sizes and strides are of interest.
  template <class F>
  static void for_each_part(OpContext ctx, const RnnShape& s, T* between, const F& f) {
    const Tensor &x = ctx.tensor(rnn::kInput), &y = ctx.tensor(rnn::kResult);
    const Tensors list = ctx.tensors(rnn::kParameters);
    const bool batch_first = ctx.boolean(rnn::kBatchFirst);
    const int64_t width = s.output * s.directions;
    const auto sequence = [&](const Tensor& t) {
      return Sequence<T>{t.as<T>(), t.strides[batch_first ? 1 : 0], t.strides[batch_first ? 0 : 1], t.strides[2]};
    };
    const Sequence<T> result = sequence(y), scratch{between, s.batch * width, width, 1};
    Sequence<T> source = sequence(x);
    uint32_t at = 0;
    for (int64_t layer = 0; layer < s.layers; ++layer) {
      const Sequence<T> target = (s.layers - layer) % 2 ? result : scratch;
      for (int64_t direction = 0; direction < s.directions; ++direction, at += s.parameters) {
        Part p;
        p.layer = layer, p.direction = direction;
        p.source = {source.data, source.step, source.batch, source.column};
        p.target = target;
        if (p.target.data) p.target.data += direction * s.output * target.column;
        p.width = layer == 0 ? s.input : width;
        const Tensor w_input = list[at], w_hidden = list[at + 1], b_input = list[at + (s.biases ? 2 : 0)],
                     b_hidden = list[at + (s.biases ? 3 : 0)], w_projection = list[at + s.parameters - 1];
        p.w_input = &w_input, p.w_hidden = &w_hidden;
        p.b_input = s.biases ? &b_input : nullptr;
        p.b_hidden = s.biases ? &b_hidden : nullptr;
        p.w_projection = s.projects ? &w_projection : nullptr;
        f(p);
      }
      source = target;
    }
  }

  // gates [rows, kGates * hidden] += x W^T, row r of x at x + r * stride.
  static Matmul<T, C> gate_product(const RnnShape& s, int64_t rows, int64_t depth, const T* x, int64_t row, int64_t column, const Tensor& w,
                                   C* gates, int64_t gate_row) {
    Matmul<T, C> p;
    p.m = rows, p.n = This::kGates * s.hidden, p.k = depth;
    p.a = x, p.a_row = row, p.a_column = column;
    p.b = w.as<T>(), p.b_row = w.strides[1], p.b_column = w.strides[0];
    p.end.c = gates, p.end.c_row = gate_row, p.end.c_column = 1;
    p.accumulates = true;
    return p;
  }
  static Matmul<T> projection(const RnnShape& s, const Part& part, const T* h, T* out) {
    Matmul<T> p;
    p.m = s.batch, p.n = s.output, p.k = s.hidden;
    p.a = h, p.a_row = s.hidden, p.a_column = 1;
    p.b = part.w_projection->template as<T>(), p.b_row = part.w_projection->strides[1], p.b_column = part.w_projection->strides[0];
    p.end.c = out, p.end.c_row = part.target.batch, p.end.c_column = part.target.column;
    return p;
  }
  // Calls f(product) for the input products of `steps` steps from `t` on (ascending): one when rows follow each other, else one for each
  // row of the batch.
  template <class F>
  static void for_each_input_product(const RnnShape& s, const Part& part, int64_t t, int64_t steps, C* gates, const F& f) {
    const int64_t row = This::kGates * s.hidden;
    const Sequence<const T>& x = part.source;
    const T* data = x.data ? x.at(t) : nullptr;
    if (steps == 1 || s.batch == 1 || x.step == s.batch * x.batch)
      return f(gate_product(s, steps * s.batch, part.width, data,
                            steps == 1     ? x.batch
                            : s.batch == 1 ? x.step
                                           : x.batch,
                            x.column, *part.w_input, gates, row));
    for (int64_t b = 0; b < s.batch; ++b)
      f(gate_product(s, steps, part.width, data ? data + b * x.batch : nullptr, x.step, x.column, *part.w_input,
                     gates ? gates + b * row : nullptr, s.batch * row));
  }

  static bool room_of(OpContext ctx, const RnnShape& s, Room* room) {
    int64_t at = 0, row = 0, width = 0;
    const auto take = [&](int64_t a, int64_t b, int64_t c, int64_t* where) {
      int64_t n = 0;
      *where = at;
      return checked_multiply(a, b, &n) && checked_multiply(n, c, &n) && checked_add(at, n, &at) && checked_add(at, 15, &at) &&
             (at -= at % 16, true);
    };
    if (!checked_multiply(This::kGates, s.hidden, &row) || !checked_multiply(s.output, s.directions, &width)) return false;
    if (!take(chunk_of(s), s.batch, row, &room->gates) || !take(This::kSplitsGates ? 1 : 0, s.batch, row, &room->recurrent) ||
        !take(This::kHasCell ? 1 : 0, s.batch, s.hidden, &room->cell) || !take(s.projects ? 1 : 0, s.batch, s.hidden, &room->projected) ||
        !take(s.layers > 1 ? s.steps : 0, s.batch, width, &room->between))
      return false;
    uint64_t most = 0;
    const auto ask = [&](const auto& product) {
      const uint64_t bytes = matmul_scratch(product);
      if (bytes > most) most = bytes;
    };
    const Tensor& h = rnn_hidden(ctx);
    for_each_part(ctx, s, nullptr, [&](const Part& part) {
      for_each_input_product(s, part, 0, chunk_of(s), nullptr, ask);
      if (s.steps % chunk_of(s)) for_each_input_product(s, part, 0, s.steps % chunk_of(s), nullptr, ask);
      ask(gate_product(s, s.batch, s.output, nullptr, h.strides[1], h.strides[2], *part.w_hidden, nullptr, This::kGates * s.hidden));
      ask(gate_product(s, s.batch, s.output, nullptr, part.target.batch, part.target.column, *part.w_hidden, nullptr,
                       This::kGates * s.hidden));
      if (s.projects) ask(projection(s, part, nullptr, nullptr));
    });
    if (most > INT64_MAX || !take(static_cast<int64_t>(most / sizeof(C)), 1, 1, &room->panels)) return false;
    room->end = at;
    return true;
  }

  static uint64_t scratch(OpContext ctx) {
    const RnnShape s = rnn_shape(ctx, This::kHasCell);
    if (s.batch == 0) return 0;
    Room room;
    int64_t bytes = 0;
    if (!room_of(ctx, s, &room) || !checked_multiply(room.end, sizeof(C), &bytes)) return UINT64_MAX;
    return static_cast<uint64_t>(bytes);
  }

  // Each of `rows` rows becomes the sum of the biases that are given.
  static void fill(C* rows, int64_t count, int64_t n, const Tensor* a, const Tensor* b) {
    for (int64_t r = 0; r < count; ++r)
      for (int64_t j = 0; j < n; ++j) {
        C v{};
        if (a) v += static_cast<C>(load(a->as<T>() + j * a->strides[0]));
        if (b) v += static_cast<C>(load(b->as<T>() + j * b->strides[0]));
        rows[r * n + j] = v;
      }
  }

  static void run_part(OpContext ctx, const RnnShape& s, const Room& room, const Part& part) {
    C* const memory = reinterpret_cast<C*>(ctx.scratch());
    C *const gates = memory + room.gates, *const recurrent = memory + room.recurrent, *const cell = memory + room.cell;
    T* const projected = reinterpret_cast<T*>(memory + room.projected);
    std::byte* const panels = reinterpret_cast<std::byte*>(memory + room.panels);
    const Hooks* const hooks = ctx.frame->hooks;
    const int64_t row = This::kGates * s.hidden, slot = part.layer * s.directions + part.direction, chunk = chunk_of(s);
    const Tensor& first = rnn_hidden(ctx);

    if constexpr (This::kHasCell) {
      const Tensor& c = ctx.tensors(rnn::kState)[1];
      for (int64_t b = 0; b < s.batch; ++b)
        for (int64_t j = 0; j < s.hidden; ++j)
          cell[b * s.hidden + j] = static_cast<C>(load(c.as<T>() + slot * c.strides[0] + b * c.strides[1] + j * c.strides[2]));
    }
    const T* h = first.as<T>() + slot * first.strides[0];
    int64_t h_batch = first.strides[1], h_column = first.strides[2];

    for (int64_t done = 0; done < s.steps; done += chunk) {
      const int64_t steps = s.steps - done < chunk ? s.steps - done : chunk;
      const int64_t lowest = part.direction == 0 ? done : s.steps - done - steps;
      fill(gates, steps * s.batch, row, part.b_input, This::kSplitsGates ? nullptr : part.b_hidden);
      for_each_input_product(s, part, lowest, steps, gates, [&](const Matmul<T, C>& p) { matmul(p, panels, hooks); });
      for (int64_t i = 0; i < steps; ++i) {
        const int64_t local = part.direction == 0 ? i : steps - 1 - i;
        C* const now = gates + local * s.batch * row;
        C* const sums = This::kSplitsGates ? recurrent : now;
        if (This::kSplitsGates) fill(recurrent, s.batch, row, nullptr, part.b_hidden);
        matmul(gate_product(s, s.batch, s.output, h, h_batch, h_column, *part.w_hidden, sums, row), panels, hooks);
        T* const out = part.target.at(lowest + local);
        for (int64_t b = 0; b < s.batch; ++b) {
          T* const to = s.projects ? projected + b * s.hidden : out + b * part.target.batch;
          This::step(s.hidden, now + b * row, recurrent + b * row, cell + b * s.hidden, h + b * h_batch, h_column, to,
                     s.projects ? 1 : part.target.column);
        }
        if (s.projects) matmul(projection(s, part, projected, out), panels, hooks);
        h = out, h_batch = part.target.batch, h_column = part.target.column;
      }
    }

    const Tensor& last = ctx.tensor(rnn::kLastHidden);
    for (int64_t b = 0; b < s.batch; ++b)
      for (int64_t j = 0; j < s.output; ++j)
        last.as<T>()[slot * last.strides[0] + b * last.strides[1] + j * last.strides[2]] = h[b * h_batch + j * h_column];
    if constexpr (This::kHasCell) {
      const Tensor& c = ctx.tensor(rnn::kLastCell);
      for (int64_t b = 0; b < s.batch; ++b)
        for (int64_t j = 0; j < s.hidden; ++j)
          store(c.as<T>() + slot * c.strides[0] + b * c.strides[1] + j * c.strides[2], cell[b * s.hidden + j]);
    }
  }

  static Error run(OpContext ctx) noexcept {
    const RnnShape s = rnn_shape(ctx, This::kHasCell);
    if (s.batch == 0) return Error::Ok;
    Room room;
    room_of(ctx, s, &room);
    T* const between = reinterpret_cast<T*>(reinterpret_cast<C*>(ctx.scratch()) + room.between);
    for_each_part(ctx, s, between, [&](const Part& part) { run_part(ctx, s, room, part); });
    return Error::Ok;
  }
};

}  // namespace etc
