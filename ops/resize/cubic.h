// Keys' cubic convolution with a = -0.75, as PyTorch uses it: the weights of the four elements around a place.
#pragma once

namespace etc {

template <class C>
inline void cubic_weights(C t, C (&weight)[4]) {
  const C a = C(-0.75);
  auto inner = [a](C x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };        // |x| <= 1
  auto outer = [a](C x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };  // 1 < |x| < 2
  weight[0] = outer(t + 1);
  weight[1] = inner(t);
  weight[2] = inner(1 - t);
  weight[3] = outer(2 - t);
}

}  // namespace etc
