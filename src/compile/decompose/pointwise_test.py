"""Pointwise decompositions and their overloads, in every dtype that PyTorch takes."""
import math

import pytest
import torch

from etc_op import check
from op_cases import FLOATS, INTS, case, check_dtypes

torch.manual_seed(1)
X, Y = torch.randn(3, 4), torch.randn(3, 4)
ROW, POSITIVE, UNIT = torch.randn(4), torch.rand(3, 4) + 0.5, torch.rand(3, 4) * 0.9 + 0.05
MASK = torch.rand(3, 4) > 0.5
SPECIAL = torch.tensor([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 0.5, -2.5])

BINARY = ["add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge", "remainder", "fmod", "multiply", "subtract", "divide", "true_divide",
          "greater", "greater_equal", "less", "less_equal", "not_equal"]
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor", "__and__", "__or__", "__xor__"]
SHIFTS = ["__lshift__", "__rshift__"]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("number", [2, 2.5, True])
def test_number_for_other(name, number):
    if number is True and name.startswith("sub"):
        pytest.skip("PyTorch does not subtract bools")
    check_dtypes(f"aten::{name}.Scalar", (X, number), {}, FLOATS + INTS)


@pytest.mark.parametrize("name", BITS)
def test_bits(name):
    for t in [torch.tensor([5, 6, 7, -1]), torch.tensor([True, False, True])]:
        check(f"aten::{name}.Tensor", t, t.flip(0))
        check(f"aten::{name}.Scalar", t, True if t.dtype == torch.bool else 3)


@pytest.mark.parametrize("name", SHIFTS)
def test_shifts(name):
    t = torch.tensor([1, 2, 3, 64], dtype=torch.int32)
    check(f"aten::{name}.Tensor", t, torch.tensor([0, 1, 2, 3], dtype=torch.int32))
    check(f"aten::{name}.Scalar", t, 2)


NUMBERS = [
    case("aten::rsub.Scalar", X, 3, 2), case("aten::rsub.Tensor", X, Y, alpha=2), case("aten::add.Scalar", X, 2, 3),
    case("aten::sub.Scalar", X, 2, 3), case("aten::remainder.Scalar_Tensor", 7, POSITIVE), case("aten::copysign.Scalar", X, -1.0),
    case("aten::lerp.Scalar", X, Y, 0.4), case("aten::lerp.Scalar", X, Y, 0.8),
    case("aten::div.Scalar_mode", X, 2.5, rounding_mode="floor"),
    case("aten::div.Scalar_mode", X, 2, rounding_mode="trunc"), case("aten::floor_divide", X, POSITIVE),
    case("aten::floor_divide.Scalar", X, 2),
    case("aten::max.other", X, ROW), case("aten::min.other", X, ROW),
    case("aten::clamp_min", X, 0.25), case("aten::clamp_min", X, 1), case("aten::clamp_max", X, 0.25),
    case("aten::clamp_min.Tensor", X, ROW),
    case("aten::clamp_max.Tensor", X, ROW), case("aten::where.ScalarSelf", MASK, 1.5, X),
    case("aten::where.ScalarOther", MASK, X, 0), case("aten::where.ScalarOther", MASK, X, 0.5), case("aten::where.Scalar", MASK, 1, 2.5),
    case("aten::where.Scalar", MASK, 1, 2), case("aten::where.Scalar", MASK, True, False), case("aten::masked_fill.Scalar", X, MASK, -1e9),
    case("aten::masked_fill.Scalar", X, MASK[0], 2), case("aten::masked_fill.Tensor", X, MASK, torch.tensor(3.0)),
    case("aten::masked_fill.Scalar", ROW, MASK, 1), case("aten::addcmul", X, Y, ROW, value=0.5), case("aten::addcmul", X, Y, ROW),
    case("aten::addcmul", X, Y, ROW, value=2), case("aten::addcdiv", X, Y, POSITIVE, value=0.5), case("aten::square", X),
    case("aten::heaviside", SPECIAL, torch.tensor(0.25)), case("aten::frac", X * 5), case("aten::fmax", SPECIAL, SPECIAL.flip(0)),
    case("aten::fmin", SPECIAL, SPECIAL.flip(0)), case("aten::isfinite", SPECIAL), case("aten::isposinf", SPECIAL),
    case("aten::isneginf", SPECIAL),
    case("aten::isreal", SPECIAL), case("aten::signbit", SPECIAL), case("aten::sgn", X), case("aten::absolute", X),
    case("aten::negative", X),
    case("aten::fix", X * 3), case("aten::ldexp.Tensor", X, torch.tensor([1, -2, 3, 0])), case("aten::deg2rad", X),
    case("aten::rad2deg", X),
    case("aten::xlogy.Tensor", X.abs(), POSITIVE),
    case("aten::xlogy.Tensor", torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0.0, math.nan, 0.0])),
    case("aten::xlogy.Scalar_Self", 2, POSITIVE), case("aten::xlogy.Scalar_Other", X, 2.0), case("aten::special_xlog1py", X, UNIT),
    case("aten::logaddexp", X, Y), case("aten::logaddexp", SPECIAL, SPECIAL.flip(0)), case("aten::logaddexp", SPECIAL, SPECIAL),
    case("aten::logaddexp2", X, Y), case("aten::sinc", X), case("aten::sinc", SPECIAL[:4]), case("aten::logit", UNIT),
    case("aten::logit", UNIT, 0.2),
    case("aten::special_expit", X), case("aten::arctan2", X, Y), case("aten::float_power.Tensor_Scalar", POSITIVE, 2.5),
    case("aten::float_power.Scalar", 2, X), case("aten::float_power.Tensor_Tensor", POSITIVE, X), case("aten::pow.Scalar", 2.0, X),
    case("aten::pow.Scalar", 3, X),
]


@pytest.mark.parametrize("op,args,kwargs", NUMBERS)
def test_formula(op, args, kwargs):
    check_dtypes(op, args, kwargs, FLOATS + INTS)


def test_clip():
    for args in [(X, -0.5, 0.5), (X, None, 1), (X, 1)]:
        check_dtypes("aten::clip", args, {}, FLOATS + INTS[:-1])
    check_dtypes("aten::clip.Tensor", (X, ROW, None), {}, FLOATS + INTS[:-1])


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -0.5, -1.0, -2.0, 1.5, 2.0, 4])
def test_power(exponent):
    check_dtypes("aten::pow.Tensor_Scalar", (POSITIVE, exponent), {}, FLOATS + INTS)


def test_powers_of_special_numbers():
    for exponent in [0, 2, 3, 0.5, -1.0]:
        check("aten::pow.Tensor_Scalar", SPECIAL, exponent)


@pytest.mark.parametrize("equal_nan", [True, False])
@pytest.mark.parametrize("rtol,atol", [(1e-5, 1e-8), (0.1, 0.2), (0.0, 0.0)])
def test_isclose(rtol, atol, equal_nan):
    near = SPECIAL + torch.tensor([0.1, 0, 1e-6, 0.3, 0, 0, 0, 0.05, 1])
    check("aten::isclose", SPECIAL, near, rtol, atol, equal_nan)
    check("aten::isclose", torch.tensor([1, 5, 9]), torch.tensor([1, 6, 12]), rtol, atol, False)


def test_numbers_promote_like_python_numbers():
    half, zero_dim = torch.ones(3, dtype=torch.float16), torch.tensor(2, dtype=torch.int32)
    check("aten::where.ScalarOther", torch.tensor([True, False, True]), half, 2.5)
    check("aten::clamp_min", zero_dim, 0.5)
    check("aten::clamp_min", torch.tensor([1, 2], dtype=torch.int16), 2)
    check("aten::pow.Tensor_Scalar", torch.tensor([1, 2, 3]), 0.5)
    check("aten::addcmul", half, torch.tensor(2.0, dtype=torch.float64), half)


@pytest.mark.parametrize("name", ["erfinv", "special_erfinv", "lgamma", "special_gammaln", "digamma", "special_psi", "special_digamma", "special_ndtr", "special_entr"])
def test_special_function(name):
    x = torch.cat([torch.linspace(-6.3, 6.3, 64), torch.tensor([1e-3, 0.5, 1.0, 1.5, 2.0, 30.0, 100.0, -1.0, 0.99, -0.999, 0.7])])
    if "erfinv" in name:
        x = torch.cat([x / 7, x[-4:]])
    check_dtypes(f"aten::{name}", (x,), {}, [torch.float32], rtol=1e-5, atol=2e-6)
    check_dtypes(f"aten::{name}", (x.double(),), {}, [torch.float64], rtol=1e-11, atol=1e-12)
    check(f"aten::{name}", SPECIAL)
    check(f"aten::{name}", torch.tensor([1, 2, 3]), rtol=1e-5)
