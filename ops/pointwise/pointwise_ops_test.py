"""Every elementwise kernel against PyTorch: dtypes, strides, broadcasting, empty and 0-d tensors, NaN and infinities."""
import itertools

import pytest
import torch

from etc_op import EtcError, NUMBERS, call, check, compare

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
WIDE = [torch.uint16, torch.uint32, torch.uint64]
FLOAT8 = [torch.float8_e4m3fn, torch.float8_e5m2]
BOOL = [torch.bool]
NUMBER = FLOATS + INTS
ALL = NUMBER + BOOL
INF, NAN = float("inf"), float("nan")


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def data(dtype, *size, low=-6, high=6):
    """Random values of a dtype, a few of them special."""
    if dtype in WIDE or dtype == torch.uint8:
        low = 0
    x = torch.empty(size, dtype=torch.float64).uniform_(low, high)
    if dtype.is_floating_point and dtype not in FLOAT8 and x.numel() > 8:
        flat = x.view(-1)
        special = torch.tensor([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5])
        at = torch.randperm(x.numel())[: len(special)]
        flat[at] = special.double()
    if dtype in WIDE:
        return x.to(torch.int64).to(dtype)
    return x.to(dtype)


def shapes(dtype, **kw):
    """The same op sees contiguous, transposed, expanded, stepped, sliced, 0-d and empty tensors."""
    yield data(dtype, 37, **kw)
    yield data(dtype, 3, 4, 5, **kw).permute(2, 0, 1)
    yield data(dtype, 6, 9, **kw)[::2, 1:8:3]
    yield data(dtype, 5, 1, **kw).expand(2, 5, 4)
    yield data(dtype, **kw)
    yield data(dtype, 3, 0, 2, **kw)


def pairs(dtype, other=None, **kw):
    other = other or {}
    a, b = (lambda *s: data(dtype, *s, **kw)), (lambda *s: data(dtype, *s, **{**kw, **other}))
    yield a(67), b(67)
    yield a(4, 5, 6), b(6)
    yield a(4, 5, 6), b(5, 1)
    yield a(5, 1), b(4, 5, 6)
    yield a(4, 5, 6), b()
    yield a(), b(4, 7)
    yield a(1), b()
    yield a(5, 4).t(), b(4, 5)
    yield a(4, 1).expand(4, 5), b(4, 10)[:, ::2]
    yield a(2, 3, 4, 5).permute(0, 2, 3, 1), b(3)
    yield a(0, 3), b(1)


def name_of(value):
    return str(value).replace("torch.", "")


UNARY = {
    "neg": NUMBER, "abs": NUMBER, "sign": ALL, "relu": NUMBER, "floor": NUMBER, "ceil": NUMBER, "trunc": NUMBER, "round": NUMBER,
    "isnan": ALL, "isinf": ALL, "logical_not": ALL, "bitwise_not": INTS + BOOL, "nan_to_num": ALL,
    **{name: FLOATS for name in (
        "exp exp2 expm1 log log2 log10 log1p sigmoid sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc sqrt rsqrt "
        "reciprocal gelu silu mish hardsigmoid hardswish leaky_relu elu softplus").split()},
    "hardtanh": FLOATS + INTS[1:],
}


@pytest.mark.parametrize("name,dtype", [(n, d) for n, ds in UNARY.items() for d in ds], ids=name_of)
def test_unary(name, dtype):
    for x in shapes(dtype):
        if name == "gelu":
            x = torch.where(x == INF, 1.0, x.double()).to(dtype)  # PyTorch's float kernel answers NaN, its double kernel infinity
        check(f"aten::{name}", x, direct=True)


# Where a function grows or vanishes fast, over its whole range.
@pytest.mark.parametrize("name", ("exp exp2 expm1 log log2 log10 log1p sigmoid tanh sinh cosh asinh erf erfc silu mish softplus gelu "
                                  "sin cos atan sqrt").split())
@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_unary_far_from_zero(name, dtype):
    wide = torch.empty(500, dtype=torch.float64).uniform_(-85, 85).to(dtype)  # PyTorch's float sinh and cosh overflow early
    near = torch.empty(500, dtype=torch.float64).uniform_(-1e-3, 1e-3).to(dtype)
    # gelu and the like cancel where they vanish
    check(f"aten::{name}", wide, direct=True, atol=1e-6 if dtype == torch.float32 else None)
    check(f"aten::{name}", near, direct=True, atol=1e-12 if dtype == torch.float32 else None)


BINARY = {
    "add.Tensor": ALL, "sub.Tensor": NUMBER, "mul.Tensor": ALL + WIDE, "div.Tensor": FLOATS, "atan2": FLOATS, "hypot": FLOATS,
    "copysign.Tensor": FLOATS, "maximum": ALL, "minimum": ALL, "fmod.Tensor": FLOATS, "remainder.Tensor": FLOATS,
    "pow.Tensor_Tensor": FLOATS,
    **{f"{c}.Tensor": ALL for c in ("eq", "ne", "lt", "le", "gt", "ge")},
    "logical_and": ALL, "logical_or": ALL, "logical_xor": ALL,
    **{f"bitwise_{o}.Tensor": INTS + BOOL + WIDE for o in ("and", "or", "xor")},
}


@pytest.mark.parametrize("name,dtype", [(n, d) for n, ds in BINARY.items() for d in ds], ids=name_of)
def test_binary(name, dtype):
    for a, b in pairs(dtype):
        check(f"aten::{name}", a, b, direct=True)


@pytest.mark.parametrize("dtype", ALL, ids=name_of)
def test_alpha(dtype):
    for alpha in ([True] if dtype == torch.bool else [1, 2, -3] + ([0.25, -1.5] if dtype.is_floating_point else [])):
        for a, b in pairs(dtype):
            # PyTorch rounds the product to half before the sum.
            atol = {torch.float16: 0.02, torch.bfloat16: 0.2}.get(dtype)
            check("aten::add.Tensor", a, b, alpha=alpha, direct=True, atol=atol)
            if dtype != torch.bool:
                check("aten::sub.Tensor", a, b, alpha=alpha, direct=True, atol=atol)


@pytest.mark.parametrize("dtype", INTS, ids=name_of)
def test_integers_wrap(dtype):
    info = torch.iinfo(dtype)
    x = torch.tensor([info.min, info.min + 1, -1 % (info.max + 1), 0, 1, 3, info.max - 1, info.max], dtype=dtype)
    for name in ("add.Tensor", "sub.Tensor", "mul.Tensor"):
        check(f"aten::{name}", x[:, None], x, direct=True)
    check("aten::neg", x, direct=True)
    check("aten::abs", x, direct=True)


@pytest.mark.parametrize("dtype", INTS, ids=name_of)
def test_integer_division(dtype):
    info = torch.iinfo(dtype)
    x = torch.tensor([info.min, info.min + 1, -7 % (info.max + 1), 0, 1, 7, info.max], dtype=dtype)
    y = torch.tensor([1, 2, 3, 5, info.max] + ([-2, -3] if info.min else []), dtype=dtype)
    for mode in ("trunc", "floor", None):
        check("aten::div.Tensor_mode", x[:, None], y, rounding_mode=mode, direct=True)
    check("aten::remainder.Tensor", x[:, None], y, direct=True)
    check("aten::fmod.Tensor", x[:, None], y, direct=True)
    zero = torch.tensor([1, 0], dtype=dtype)
    for name, kw in (("div.Tensor_mode", {"rounding_mode": "trunc"}), ("div.Tensor_mode", {"rounding_mode": "floor"}),
                     ("remainder.Tensor", {}), ("fmod.Tensor", {})):
        with pytest.raises(EtcError):
            call(f"aten::{name}", x[:2], zero, direct=True, **kw)


def test_lowest_integer_by_minus_one_wraps():
    for dtype in INTS[1:]:
        x, y = torch.tensor([torch.iinfo(dtype).min, 5], dtype=dtype), torch.tensor([-1], dtype=dtype)
        for mode in ("trunc", "floor"):
            assert call("aten::div.Tensor_mode", x, y, rounding_mode=mode, direct=True)[0].tolist() == [x[0].item(), -5]
        assert call("aten::remainder.Tensor", x, y, direct=True)[0].tolist() == [0, 0]


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
@pytest.mark.parametrize("mode", ["trunc", "floor", None])
def test_float_division_modes(dtype, mode):
    for a, b in pairs(dtype):
        # PyTorch's halves round the quotient before they cut it in some loops; float has one way.
        expected = torch.div(a.float(), b.float(), rounding_mode=mode).to(dtype) if dtype.itemsize == 2 else None
        check("aten::div.Tensor_mode", a, b, rounding_mode=mode, direct=True, expected=expected)


@pytest.mark.parametrize("dtype", INTS, ids=name_of)
def test_integer_pow(dtype):
    x = torch.tensor([0, 1, 2, 3, 7] + ([-1, -2, -3] if dtype != torch.uint8 else []), dtype=dtype)
    check("aten::pow.Tensor_Tensor", x[:, None], torch.tensor([0, 1, 2, 3, 5, 8, 31, 63], dtype=dtype), direct=True)
    if dtype != torch.uint8:
        check("aten::pow.Tensor_Tensor", x[1:, None], torch.tensor([-1, -2, -3], dtype=dtype), direct=True)


@pytest.mark.parametrize("dtype", INTS, ids=name_of)
def test_shifts(dtype):
    x = torch.tensor([0, 1, 5, 100, torch.iinfo(dtype).max, torch.iinfo(dtype).min], dtype=dtype)
    bits = torch.iinfo(dtype).bits
    y = torch.tensor([0, 1, 3, bits - 1, bits, bits + 1] + ([-1] if dtype != torch.uint8 else []), dtype=dtype)
    check("aten::bitwise_left_shift.Tensor", x[:, None], y, direct=True)
    check("aten::bitwise_right_shift.Tensor", x[:, None], y, direct=True)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 1e30, -1e30, 1e-30, INF, -INF, NAN]


@pytest.mark.parametrize("name", [n for n, d in BINARY.items() if torch.float32 in d])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=name_of)
def test_binary_specials(name, dtype):
    x = torch.tensor(SPECIAL, dtype=dtype)
    if name == "remainder.Tensor":
        pairs_of = [(a, b) for a, b in itertools.product(SPECIAL, SPECIAL)]
        a, b = torch.tensor([p[0] for p in pairs_of], dtype=dtype), torch.tensor([p[1] for p in pairs_of], dtype=dtype)
        # The scalar path of PyTorch; its vector path differs for infinite divisors.
        expected = torch.stack([torch.remainder(s, t) for s, t in zip(a, b)])
        compare(call("aten::remainder.Tensor", a, b, direct=True)[0], expected, what=name)
        return
    check(f"aten::{name}", x[:, None], x, direct=True)


@pytest.mark.parametrize("dtype", ALL + WIDE + FLOAT8, ids=name_of)
def test_where(dtype):
    c = torch.rand(4, 5) > 0.5
    a, b = data(dtype, 4, 5), data(dtype, 5, 4).t()
    check("aten::where.self", c, a, b, direct=True)
    check("aten::where.self", c[:, :1], a[0], b, direct=True)
    check("aten::where.self", c, data(dtype), data(dtype), direct=True)
    check("aten::where.self", torch.tensor(True), a, data(dtype, 3, 1, 1), direct=True)


@pytest.mark.parametrize("dtype", NUMBER, ids=name_of)
def test_clamp(dtype):
    for x in shapes(dtype):
        for low, high in ((1, 3), (None, 2), (0, None), (4, 1)):
            check("aten::clamp", x, low, high, direct=True)
        if dtype.is_floating_point:
            check("aten::clamp", x, -0.5, INF, direct=True)
            check("aten::clamp", x, NAN, 1.0, direct=True)
    x = data(dtype, 4, 5)
    if not dtype.is_floating_point:
        check("aten::clamp", x, 0.5, 2.5, direct=True)
    check("aten::clamp.Tensor", x, data(dtype, 5), data(dtype, 4, 1), direct=True)
    check("aten::clamp.Tensor", x, None, data(dtype, 5), direct=True)
    check("aten::clamp.Tensor", x, data(dtype), direct=True)
    with pytest.raises(EtcError):
        call("aten::clamp", x, direct=True)


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_parameters(dtype):
    for x in shapes(dtype):
        check("aten::gelu", x, approximate="tanh", direct=True)
        check("aten::leaky_relu", x, 0.3, direct=True)
        check("aten::leaky_relu", x, -2, direct=True)
        check("aten::elu", x, 1.7, 1.1, 0.5, direct=True)
        check("aten::softplus", x, 2, 5, direct=True)
        check("aten::hardtanh", x, -2.5, 0.5, direct=True)
        check("aten::nan_to_num", x, 1.5, 10.0, -3.0, direct=True)
        check("aten::round.decimals", x, decimals=2, direct=True)
        check("aten::round.decimals", x, decimals=-1, direct=True)
    with pytest.raises(EtcError):
        call("aten::gelu", torch.ones(2), approximate="other", direct=True)


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_lerp(dtype):
    a, b, w = data(dtype, 4, 5), data(dtype, 5, 4).t(), data(dtype, 5, low=-1, high=2)
    check("aten::lerp.Tensor", a, b, w, direct=True)
    check("aten::lerp.Tensor", a, b, torch.tensor(0.3, dtype=dtype), direct=True)


@pytest.mark.parametrize("source", ALL + WIDE + FLOAT8, ids=name_of)
def test_cast_of_values_that_fit(source):
    for target in NUMBERS:
        for x in shapes(source, low=0, high=100):
            if x.dtype.is_floating_point and not target.is_floating_point and target != torch.bool:
                x = torch.where(x.float().isfinite(), x.float(), 3.0).to(source)
            compare(call("etc::cast", x, dtype=target, direct=True)[0], x.to(target), rtol=0, atol=0, what=f"{source} to {target}")


def test_cast_of_numbers_that_do_not_fit():
    x = torch.tensor([NAN, INF, -INF, 300.0, -1.0, 1e20, 3e9, -3e9, 70000.0, 0.99, -0.99])
    lowest = {torch.int32: -(2**31), torch.int64: -(2**63)}
    for dtype in (torch.float32, torch.float64):
        for target in (torch.int32, torch.int64):
            ours = call("etc::cast", x.to(dtype), dtype=target, direct=True)[0].tolist()
            limit = -lowest[target]
            assert ours == [int(v) if v == v and -limit <= v < limit else lowest[target] for v in x.to(dtype).tolist()]
        assert call("etc::cast", x.to(dtype), dtype=torch.uint8, direct=True)[0].tolist() == [0, 0, 0, 44, 255, 0, 0, 0, 112, 0, 0]
        assert call("etc::cast", x.to(dtype), dtype=torch.bool, direct=True)[0].tolist() == [True] * 11
    compare(call("etc::cast", x, dtype=torch.float16, direct=True)[0], x.half(), rtol=0, atol=0)
    big = torch.tensor([2**63 - 1, -(2**63), 2**53 + 1, -5])
    for target in FLOATS + INTS + WIDE:
        compare(call("etc::cast", big, dtype=target, direct=True)[0], big.to(target), rtol=0, atol=0, what=str(target))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16] + FLOAT8, ids=name_of)
def test_small_floats_convert_as_in_pytorch(dtype):
    bits = torch.arange(2 ** (8 * dtype.itemsize), dtype=torch.int32)
    small = bits.to(torch.uint8 if dtype.itemsize == 1 else torch.uint16).view(dtype)
    floats = call("etc::cast", small, dtype=torch.float32, direct=True)[0]
    compare(floats, small.float(), rtol=0, atol=0)
    assert floats.signbit().equal(small.float().signbit())
    # Back, and what lies between: halfway, and just beside it.
    every = small.float()[small.float().isfinite()].sort().values
    middle = (every[1:] + every[:-1]) / 2
    random = torch.randint(-(2**31), 2**31, (200_000,)).to(torch.int32).view(torch.float32)
    for x in (small.float(), middle, middle.nextafter(torch.tensor(INF)), middle.nextafter(torch.tensor(-INF)), random):
        compare(call("etc::cast", x, dtype=dtype, direct=True)[0], x.to(dtype), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.float64], ids=name_of)
@pytest.mark.parametrize("order", [(0, 2, 3, 1), (0, 3, 1, 2), (3, 2, 1, 0), (1, 0, 3, 2), (2, 3, 0, 1)], ids=str)
@pytest.mark.parametrize("sizes", [(2, 3, 17, 33), (1, 40, 16, 5), (3, 1, 31, 2)], ids=str)
def test_copy_of_transposed(sizes, order, dtype):
    x = data(dtype, *sizes).permute(order)
    for part in (x, x[:, :, 1:], x[..., ::2]):
        compare(call("etc::copy", part, direct=True)[0], part, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", list(NUMBERS), ids=name_of)
def test_copy_and_view_scatter(dtype):
    for x in shapes(dtype):
        compare(call("etc::copy", x, direct=True)[0], x, rtol=0, atol=0)
    x, src = data(dtype, 4, 6), data(dtype, 3, 2).t()
    expected = x.clone()
    expected.as_strided([2, 3], [12, 2], 1).copy_(src)
    compare(call("etc::view_scatter", x, src, [2, 3], [12, 2], 1, direct=True)[0], expected, rtol=0, atol=0)
    compare(call("etc::view_scatter", x, data(dtype, 0, 2), [0, 2], [6, 1], 24, direct=True)[0], x, rtol=0, atol=0)


def test_windows_outside_are_refused():
    x, src = torch.ones(4, 6), torch.ones(2, 3)
    for size, stride, offset in (([2, 3], [12, 6], 24), ([2, 3], [12, 7], 0), ([2, 3], [-12, 1], 12), ([2, 3], [1, 1], -1),
                                 ([3, 2], [1, 1], 0), ([2, 3], [2**62, 2**62], 0), ([2, 3], [1], 0)):
        with pytest.raises(EtcError):
            call("etc::view_scatter", x, src, size, stride, offset, direct=True)


def test_shapes_and_dtypes_that_do_not_fit_are_refused():
    with pytest.raises(EtcError):
        call("aten::add.Tensor", torch.ones(3), torch.ones(4), direct=True)
    with pytest.raises(EtcError):
        call("aten::add.Tensor", torch.ones(3), torch.ones(3).double(), direct=True)
    with pytest.raises(EtcError):
        call("aten::exp", torch.ones(3, dtype=torch.int64), direct=True)
    with pytest.raises(EtcError):
        call("aten::where.self", torch.ones(3), torch.ones(3), torch.ones(3), direct=True)


# The way of the compiler: operands of several dtypes, numbers, promotion.
PROMOTED = [torch.float32, torch.float16, torch.int64, torch.uint8, torch.bool]


@pytest.mark.parametrize("a,b", itertools.product(PROMOTED, repeat=2), ids=name_of)
def test_promotion(a, b):
    x, y = data(a, 4, 5, low=1), data(b, 5, low=1)
    for name in ("add.Tensor", "mul.Tensor", "div.Tensor", "maximum", "lt.Tensor", "logical_and", "atan2"):
        check(f"aten::{name}", x, y)
    check("aten::where.self", torch.rand(4, 5) > 0.5, x, y)
    for number in (2, 1.5):
        check("aten::add.Tensor", x, number)
        check("aten::mul.Tensor", x, number)
        check("aten::eq.Scalar", x, number)
    check("aten::exp", x)
