// How reductions walk: dimensions split into kept and reduced ones, results in blocks of up to kLanes, and an accumulator per lane whose
// partial results combine in a fixed tree.
//
//   kept inner dimension dense:        lanes are neighbouring results      r r r r     each step reads a row of kLanes elements
//   reduced inner dimension dense:     lanes are neighbours of one result  r           and the lanes combine at the end
//
// An accumulation of an op is a type with
//   using Acc;  Acc identity() const;  Acc map(C element, uint32_t lane) const;  Acc combine(Acc, Acc) const;
// where `lane` counts the results of a block, so that a second pass can use what the first found out about each.
#pragma once

#include <type_traits>

#include "etc/op.h"
#include "ops/convert.h"
#include "ops/dispatch.h"
#include "ops/iterate.h"

namespace etc {

constexpr uint32_t kLanes = 16;

// Bit d: dimension d is reduced. None and, unless `empty_reduces_nothing`, an empty list mean all.
inline Error reduced_dims(OpContext ctx, uint32_t argument, uint32_t rank, uint32_t* mask, bool empty_reduces_nothing = false) {
  const uint32_t all = rank ? (1u << rank) - 1 : 0;
  const Ints dims = ctx.ints(argument);
  *mask = 0;
  if (!ctx.has(argument) || (dims.size == 0 && !empty_reduces_nothing)) {
    *mask = all;
    return Error::Ok;
  }
  for (uint32_t i = 0; i < dims.size; ++i) {
    uint32_t d;
    if (!wrap_dimension(dims[i], rank, &d) || (*mask >> d & 1)) return Error::BadArgument;
    *mask |= 1u << d;
  }
  *mask &= all;  // the one dimension that a 0-d tensor has for Python
  return Error::Ok;
}
// For kernels, whose arguments infer has checked.
inline uint32_t reduced_dims_checked(OpContext ctx, uint32_t argument, uint32_t rank, bool empty_reduces_nothing = false) {
  uint32_t mask = 0;
  (void)reduced_dims(ctx, argument, rank, &mask, empty_reduces_nothing);
  return mask;
}
// The same for one optional dimension.
inline Error reduced_dim(OpContext ctx, uint32_t argument, uint32_t rank, uint32_t* mask) {
  *mask = rank ? (1u << rank) - 1 : 0;
  if (!ctx.has(argument)) return Error::Ok;
  uint32_t d;
  if (!wrap_dimension(ctx.integer(argument), rank, &d)) return Error::BadArgument;
  *mask = rank ? 1u << d : 0;
  return Error::Ok;
}

inline Meta reduced_meta(const Meta& m, uint32_t mask, bool keepdim) {
  Meta r;
  r.dtype = m.dtype;
  for (uint32_t d = 0; d < m.rank; ++d) {
    if (!(mask >> d & 1)) {
      r.sizes[r.rank++] = m.sizes[d];
    } else if (keepdim) {
      r.sizes[r.rank++] = 1;
    }
  }
  return r;
}
// Elements of one result; 0 if a reduced dimension is empty.
inline int64_t reduced_count(const Tensor& t, uint32_t mask) {
  int64_t n = 1;
  for (uint32_t d = 0; d < t.rank; ++d)
    if (mask >> d & 1) n *= t.sizes[d];
  return n;
}
// True when there are results to compute from no elements: ops without an identity refuse that.
inline bool reduces_nothing(const Meta& m, uint32_t mask) {
  bool empty = false;
  for (uint32_t d = 0; d < m.rank; ++d) {
    if (m.sizes[d] == 0 && !(mask >> d & 1)) return false;
    empty |= m.sizes[d] == 0;
  }
  return empty;
}

// Operand 0 is the result, 1 the argument. `same_shape`: the result has an element for each of the argument's (softmax, scans).
struct ReducePlan {
  Rows<2> kept, reduced;
  bool lanes_are_results;

  ReducePlan(const Tensor& result, const Tensor& x, uint32_t mask, bool same_shape = false) {
    const bool aligned = result.rank == x.rank;
    uint32_t j = 0;
    for (uint32_t d = 0; d < x.rank; ++d) {
      const ptrdiff_t size = static_cast<ptrdiff_t>(x.sizes[d]), stride = static_cast<ptrdiff_t>(x.strides[d]);
      if (mask >> d & 1) {
        reduced.add(size, {same_shape ? static_cast<ptrdiff_t>(result.strides[d]) : 0, stride});
        if (aligned) ++j;
      } else {
        kept.add(size, {static_cast<ptrdiff_t>(result.strides[j++]), stride});
      }
    }
    lanes_are_results = kept.length > 1 && (reduced.length == 1 || kept.steps[1] < reduced.steps[1]);
  }
};

// Up to kLanes results that lie next to each other, and where their elements are.
template <class T>
struct ReduceBlock {
  const T* x;           // first element of the first result
  ptrdiff_t lane_step;  // to the next result's
  uint32_t lanes;
  const Rows<2>* reduced;

  // f(lane, where the element lies in the result, where in the argument), both from the block's start, for each element of a result that
  // has the argument's shape. `result_step` leads to the next lane's. The loops that matter have steps known to the compiler.
  template <class F>
  void for_each(ptrdiff_t result_step, F f) const {
    const ptrdiff_t length = reduced->length, to = reduced->steps[0], from = reduced->steps[1];
    for_each_row(*reduced, [&](const ptrdiff_t(&at)[2]) {
      if (lanes == 1 && to == 1 && from == 1) {
        ETC_INDEPENDENT
        for (ptrdiff_t i = 0; i < length; ++i) f(0u, at[0] + i, at[1] + i);
        return;
      }
      for (ptrdiff_t i = 0; i < length; ++i) {
        const ptrdiff_t t = at[0] + i * to, s = at[1] + i * from;
        if (lanes == kLanes && result_step == 1 && lane_step == 1) {
          ETC_INDEPENDENT
          for (uint32_t lane = 0; lane < kLanes; ++lane) f(lane, t + static_cast<ptrdiff_t>(lane), s + static_cast<ptrdiff_t>(lane));
        } else {
          for (uint32_t lane = 0; lane < lanes; ++lane)
            f(lane, t + static_cast<ptrdiff_t>(lane) * result_step, s + static_cast<ptrdiff_t>(lane) * lane_step);
        }
      }
    });
  }
};

// kLanes running results. Every 32 steps the lowest level is added to the one above, so that no float takes part in more than about 32
// additions a level: the error grows with the logarithm of the count.
template <class Op>
class Lanes {
 public:
  using Acc = typename Op::Acc;
  explicit Lanes(const Op& op) : op_(op) { clear(0); }

  // One step: element k of `lanes` is at x[k * step]; kAlong: all belong to result 0.
  template <bool kAlong, class T>
  void add(const T* x, ptrdiff_t step, uint32_t lanes) {
    for (uint32_t k = 0; k < lanes; ++k)
      level_[0][k] = op_.combine(level_[0][k], op_.map(load(x + static_cast<ptrdiff_t>(k) * step), kAlong ? 0 : k));
    if (++count_ % kSteps == 0) fold();
  }
  // `steps` steps of kLanes dense elements, `next` apart.
  template <bool kAlong, class T>
  void add_dense(const T* x, ptrdiff_t next, ptrdiff_t steps) {
    while (steps > 0) {
      const ptrdiff_t room = static_cast<ptrdiff_t>(kSteps - count_ % kSteps), n = steps < room ? steps : room;
      Acc local[kLanes];
      for (uint32_t k = 0; k < kLanes; ++k) local[k] = level_[0][k];
      for (ptrdiff_t i = 0; i < n; ++i, x += next)
        for (uint32_t k = 0; k < kLanes; ++k) local[k] = op_.combine(local[k], op_.map(load(x + k), kAlong ? 0 : k));
      for (uint32_t k = 0; k < kLanes; ++k) level_[0][k] = local[k];
      count_ += static_cast<uint32_t>(n);
      steps -= n;
      if (count_ % kSteps == 0) fold();
    }
  }
  Acc lane(uint32_t k) const {
    Acc total = level_[0][k];
    for (uint32_t l = 1; l < used_; ++l) total = op_.combine(level_[l][k], total);
    return total;
  }
  // All lanes as one result, pairwise.
  Acc all() const {
    Acc totals[kLanes];
    for (uint32_t k = 0; k < kLanes; ++k) totals[k] = lane(k);
    for (uint32_t half = kLanes / 2; half > 0; half /= 2)
      for (uint32_t k = 0; k < half; ++k) totals[k] = op_.combine(totals[k], totals[k + half]);
    return totals[0];
  }

 private:
  static constexpr uint32_t kSteps = 32, kLevels = 4;
  void clear(uint32_t l) {
    for (uint32_t k = 0; k < kLanes; ++k) level_[l][k] = op_.identity();
  }
  void fold() {
    uint32_t steps = kSteps;
    for (uint32_t l = 0; l + 1 < kLevels && count_ % steps == 0; ++l, steps *= kSteps) {
      if (used_ == l + 1) clear(used_++);
      for (uint32_t k = 0; k < kLanes; ++k) level_[l + 1][k] = op_.combine(level_[l + 1][k], level_[l][k]);
      clear(l);
    }
  }
  const Op op_;
  Acc level_[kLevels][kLanes];
  uint32_t used_ = 1;
  uint32_t count_ = 0;
};

// The totals of a block's results into out[lane].
template <class T, class Op>
inline void accumulate(const Op& op, const ReduceBlock<T>& block, typename Op::Acc* out) {
  Lanes<Op> lanes(op);
  const ptrdiff_t length = block.reduced->length, step = block.reduced->steps[1];
  if (block.lanes > 1) {
    for_each_row(*block.reduced, [&](const ptrdiff_t(&at)[2]) {
      const T* x = block.x + at[1];
      if (block.lanes == kLanes && block.lane_step == 1) return lanes.template add_dense<false>(x, step, length);
      for (ptrdiff_t i = 0; i < length; ++i) lanes.template add<false>(x + i * step, block.lane_step, block.lanes);
    });
    for (uint32_t k = 0; k < block.lanes; ++k) out[k] = lanes.lane(k);
    return;
  }
  for_each_row(*block.reduced, [&](const ptrdiff_t(&at)[2]) {
    const T* x = block.x + at[1];
    ptrdiff_t i = 0;
    if (step == 1) {
      const ptrdiff_t steps = length / kLanes;
      lanes.template add_dense<true>(x, kLanes, steps);
      i = steps * kLanes;
    }
    for (; i < length; i += kLanes)
      lanes.template add<true>(x + i * step, step, static_cast<uint32_t>(length - i < ptrdiff_t{kLanes} ? length - i : ptrdiff_t{kLanes}));
  });
  out[0] = lanes.all();
}

// Calls f(block, offset of its first result, step to the next) for all results.
template <class T, class F>
inline void for_each_block(const ReducePlan& plan, const T* x, F f) {
  const Rows<2>& kept = plan.kept;
  const ptrdiff_t width = plan.lanes_are_results ? static_cast<ptrdiff_t>(kLanes) : 1;
  for_each_row(kept, [&](const ptrdiff_t(&at)[2]) {
    for (ptrdiff_t i = 0; i < kept.length; i += width) {
      const ptrdiff_t lanes = kept.length - i < width ? kept.length - i : width;
      const ReduceBlock<T> block{x + at[1] + i * kept.steps[1], kept.steps[1], static_cast<uint32_t>(lanes), &plan.reduced};
      f(block, at[0] + i * kept.steps[0], kept.steps[0]);
    }
  });
}

// result = finish(total) for reductions of one pass.
template <class R, class T, class Op, class Finish>
inline void reduce(const Op& op, const Tensor& result, const Tensor& x, uint32_t mask, Finish finish) {
  const ReducePlan plan(result, x, mask);
  R* r = result.as<R>();
  for_each_block(plan, x.as<const T>(), [&](const ReduceBlock<T>& block, ptrdiff_t at, ptrdiff_t step) {
    typename Op::Acc total[kLanes];
    accumulate(op, block, total);
    for (uint32_t k = 0; k < block.lanes; ++k)
      store(r + at + static_cast<ptrdiff_t>(k) * step, static_cast<ComputeType<R>>(finish(total[k])));
  });
}

// For arguments of another dtype than the op computes in: a row of them converted to `as`, then to Acc's dtype, in chunks.
template <class Acc>
class ConvertedRows {
 public:
  ConvertedRows(DType from, DType as) : from_(from), as_(from == as ? DTypeOf<Acc>::value : as) {}
  // f(elements, count) for the n elements from element `offset` of `base` on.
  template <class F>
  void for_each_chunk(const void* base, ptrdiff_t offset, ptrdiff_t step, ptrdiff_t n, F f) const {
    constexpr ptrdiff_t kChunk = 4 * kLanes;
    const std::byte* x = static_cast<const std::byte*>(base);
    for (ptrdiff_t i = 0; i < n; i += kChunk) {
      const ptrdiff_t count = n - i < kChunk ? n - i : kChunk;
      const void* source = x + (offset + i * step) * static_cast<ptrdiff_t>(size_in_bytes(from_));
      alignas(16) std::byte middle[kChunk * 8];
      Acc wide[kChunk];
      if (as_ == DTypeOf<Acc>::value) {
        convert_row(from_, source, step, as_, wide, 1, count);
      } else {
        convert_row(from_, source, step, as_, middle, 1, count);
        convert_row(as_, middle, 1, DTypeOf<Acc>::value, wide, 1, count);
      }
      f(static_cast<const Acc*>(wide), count);
    }
  }

 private:
  DType from_, as_;
};

// reduce for such arguments: each result along its elements, its total converted to the result's dtype.
template <class Op, class Finish>
inline void reduce_converted(const Op& op, DType as, const Tensor& result, const Tensor& x, uint32_t mask, Finish finish) {
  using Acc = typename Op::Acc;
  const ReducePlan plan(result, x, mask);
  const ConvertedRows<Acc> rows(x.dtype, as);
  for_each_row(plan.kept, [&](const ptrdiff_t(&kept)[2]) {
    for (ptrdiff_t i = 0; i < plan.kept.length; ++i) {
      Lanes<Op> lanes(op);
      for_each_row(plan.reduced, [&](const ptrdiff_t(&at)[2]) {
        rows.for_each_chunk(x.data, kept[1] + i * plan.kept.steps[1] + at[1], plan.reduced.steps[1], plan.reduced.length,
                            [&](const Acc* wide, ptrdiff_t n) {
                              lanes.template add_dense<true>(wide, kLanes, n / kLanes);
                              if (n % kLanes) lanes.template add<true>(wide + n / kLanes * kLanes, 1, static_cast<uint32_t>(n % kLanes));
                            });
      });
      const Acc total = finish(lanes.all());
      convert_row(DTypeOf<Acc>::value, &total, 1, result.dtype,
                  result.as<std::byte>() + (kept[0] + i * plan.kept.steps[0]) * static_cast<ptrdiff_t>(size_in_bytes(result.dtype)), 1, 1);
    }
  });
}

// The dtype that sums and products of `self` have unless `argument` gives one: integers and bools widen to int64.
inline Error summed_dtype(OpContext ctx, uint32_t argument, DType self, DType* out) {
  *out = is_floating(self) ? self : DType::I64;
  if (!ctx.has(argument)) return Error::Ok;
  const int64_t dtype = ctx.integer(argument);
  if (dtype < 0 || dtype >= static_cast<int64_t>(kDTypeCount)) return Error::BadArgument;
  *out = static_cast<DType>(dtype);
  return Error::Ok;
}
// What results of this dtype are accumulated in.
constexpr DType accumulator_of(DType t) { return t == DType::F64 ? DType::F64 : is_floating(t) ? DType::F32 : DType::I64; }
// The same of a mask of dtypes.
constexpr uint32_t accumulators_of(uint32_t dtypes) {
  uint32_t all = 0;
  for (uint32_t t = 0; t < kDTypeCount; ++t)
    if (dtypes & (1u << t)) all |= mask_of(accumulator_of(static_cast<DType>(t)));
  return all;
}

}  // namespace etc
