// What softmax, its logarithm and logsumexp share: the largest element, and the sum of exponentials under it.
#pragma once

#include "ops/math.h"
#include "ops/pointwise.h"
#include "ops/reduce/reduce.h"

namespace etc {

template <class A>
struct Largest {
  using Acc = A;
  A identity() const { return -math::infinity<A>(); }
  A map(A x, uint32_t) const { return x; }
  A combine(A a, A b) const { return a > b || a != a ? a : b; }
};
template <class A>
struct SumOfExponentials {
  using Acc = A;
  const A* largest;
  A identity() const { return A{0}; }
  A map(A x, uint32_t lane) const { return math::exp(x - largest[lane]); }
  A combine(A a, A b) const { return a + b; }
};

}  // namespace etc
