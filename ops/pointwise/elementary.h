// An op that is one function of ops/math.h, in all floats.
#pragma once

#include "ops/math.h"
#include "ops/pointwise.h"

#define ETC_ELEMENTARY_OP(name)                       \
  namespace {                                         \
  template <class T>                                  \
  struct Apply_##name {                               \
    T operator()(T x) const { return math::name(x); } \
  };                                                  \
  }                                                   \
  ETC_OP(name, "aten::" #name "(Tensor self) -> Tensor", infer_float<1>, (select_unary<Apply_##name, FloatTypes>), kUnaryFloat)
