"""Every reduction against PyTorch: dimensions, keepdim, dtypes, strides, empty and 0-d tensors, NaN and infinities."""
import pytest
import torch

from etc_op import EtcError, call, check, compare

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
ALL = FLOATS + INTS + [torch.bool]
INF, NAN = float("inf"), float("nan")


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def data(dtype, *size):
    x = torch.empty(size, dtype=torch.float64).uniform_(0 if dtype == torch.uint8 else -4, 4)
    return x.to(dtype)


def inputs(dtype):
    """Contiguous, reduced across and along rows, transposed, expanded, stepped; sizes around the kernels' blocks of 16 and 512."""
    yield data(dtype, 3, 5, 7)
    yield data(dtype, 2, 33, 40)
    yield data(dtype, 4, 3, 17).permute(2, 0, 1)
    yield data(dtype, 19, 1, 6).expand(19, 3, 6)
    yield data(dtype, 8, 70)[::2, None, 3::3]


DIMS = [[0], [1], [-1], [0, 1], [1, 2], [0, 2], [0, 1, 2], [], None]


def truth_data(dtype, *size):
    return (torch.rand(size) > 0.1).to(dtype) if dtype != torch.bool else torch.rand(size) > 0.1


def name_of(value):
    return str(value).replace("torch.", "")


@pytest.mark.parametrize("dtype", ALL, ids=name_of)
def test_sum(dtype):
    for x in inputs(dtype):
        for dims in DIMS:
            for keepdim in (False, True):
                check("aten::sum.dim_IntList", x, dims, keepdim, direct=True, atol=1e-4 if dtype == torch.float32 else None)
    check("aten::sum.dim_IntList", data(dtype), [0], True, direct=True)
    check("aten::sum.dim_IntList", data(dtype, 0, 3), [0], direct=True)
    check("aten::sum.dim_IntList", data(dtype, 3, 0), [0], direct=True)


@pytest.mark.parametrize("source", ALL, ids=name_of)
@pytest.mark.parametrize("target", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.int32], ids=name_of)
def test_sum_in_another_dtype(source, target):
    x = data(source, 3, 50, 5)
    for dims in ([1], [0, 2], None):
        for op in ("sum.dim_IntList", "mean.dim"):
            if op == "mean.dim" and not target.is_floating_point:
                continue
            check(f"aten::{op}", x, dims, dtype=target, direct=True, atol=0.2 if torch.bfloat16 in (source, target) else 1e-4)
    check("aten::prod.dim_int", x[:, :3], 1, dtype=target, direct=True, rtol=2e-2 if torch.bfloat16 in (source, target) else None)
    check("aten::cumsum", x, 1, dtype=target, direct=True, rtol=5e-2 if torch.bfloat16 in (source, target) else None)


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_mean_and_var(dtype):
    tolerance = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}.get(dtype)
    for x in inputs(dtype):
        for dims in DIMS:
            for keepdim in (False, True):
                check("aten::mean.dim", x, dims, keepdim, direct=True, atol=tolerance)
                for correction in (0, 1, None, 2.5):
                    check("aten::var.correction", x, dims, correction=correction, keepdim=keepdim, direct=True, rtol=tolerance,
                          atol=tolerance)
    check("aten::mean.dim", data(dtype, 0, 3), [0], direct=True)
    check("aten::var.correction", data(dtype, 0, 3), [0], direct=True)
    check("aten::var.correction", torch.ones(1, dtype=dtype), None, direct=True)
    check("aten::var.correction", torch.arange(3, dtype=dtype), None, correction=5, direct=True)


def test_sums_of_many_are_accurate():
    x = torch.rand(1_000_003)
    assert abs(call("aten::sum.dim_IntList", x, [0], direct=True)[0].double().item() / x.double().sum().item() - 1) < 2e-7
    y = torch.rand(200_000, 5)
    compare(call("aten::mean.dim", y, [0], direct=True)[0].double(), y.double().mean(0), rtol=3e-7)
    z = torch.rand(1000) * 1e-3 + 1e4  # cancellation in the textbook formula of the variance
    compare(call("aten::var.correction", z, [0], direct=True)[0].double(), z.double().var(), rtol=1e-4)
    half = torch.full((70_000,), 0.1, dtype=torch.float16)
    compare(call("aten::sum.dim_IntList", half, [0], direct=True)[0], half.double().sum().half(), rtol=1e-3)


@pytest.mark.parametrize("dtype", ALL, ids=name_of)
def test_prod_and_scans(dtype):
    for x in inputs(dtype):
        small = x[:3, :3, :5] if dtype.is_floating_point else x
        atol = {torch.float32: 1e-4, torch.float16: 0.1, torch.bfloat16: 1.0}.get(dtype)
        for dim in (0, 1, -1):
            check("aten::prod.dim_int", small, dim, dim == 0, direct=True)
            check("aten::cumsum", x, dim, direct=True, atol=atol)
            check("aten::cumprod", small, dim, direct=True, rtol={torch.float16: 1e-2, torch.bfloat16: 5e-2}.get(dtype))
            check("aten::cummax", x, dim, direct=True)
            check("aten::cummin", x, dim, direct=True)
        check("aten::prod", small[:2, :2, :2], direct=True)
    for op in ("cumsum", "cumprod", "cummax", "cummin"):
        check(f"aten::{op}", data(dtype), 0, direct=True)
        check(f"aten::{op}", data(dtype, 0, 3), 0, direct=True)
        check(f"aten::{op}", data(dtype, 0, 3), 1, direct=True)
    check("aten::prod.dim_int", data(dtype, 0, 3), 0, direct=True)


@pytest.mark.parametrize("dtype", ALL, ids=name_of)
def test_extremes(dtype):
    for x in inputs(dtype):
        for keepdim in (False, True):
            for dims in DIMS[:-1]:
                check("aten::amax", x, dims, keepdim, direct=True)
                check("aten::amin", x, dims, keepdim, direct=True)
            for dim in (0, 1, 2, -1):
                check("aten::max.dim", x, dim, keepdim, direct=True)
                check("aten::min.dim", x, dim, keepdim, direct=True)
            if dtype != torch.bool:
                for dim in (0, 1, -1, None):
                    check("aten::argmax", x, dim, keepdim, direct=True)
                    check("aten::argmin", x, dim, keepdim, direct=True)
    for op in ("max.dim", "min.dim"):
        check(f"aten::{op}", data(dtype), 0, direct=True)


def test_nan_is_every_extreme_and_the_first_of_equals_counts():
    x = torch.tensor([[1, NAN, 5, NAN], [2, 7, 7, -INF], [-INF, -INF, -INF, -INF], [INF, 0, INF, 1]])
    for op in ("argmax", "argmin", "max.dim", "min.dim", "cummax", "cummin"):
        for dim in (0, 1):
            check(f"aten::{op}", x, dim, direct=True)
    for op in ("amax", "amin"):
        for dims in ([0], [1], []):
            check(f"aten::{op}", x, dims, direct=True)


@pytest.mark.parametrize("op", ["amax", "amin", "argmax", "argmin", "max.dim", "min.dim"])
def test_nothing_has_no_extreme(op):
    dim = (lambda d: [d]) if op in ("amax", "amin") else (lambda d: d)
    with pytest.raises(EtcError):
        call(f"aten::{op}", torch.zeros(0, 3), dim(0), direct=True)
    check(f"aten::{op}", torch.zeros(0, 3), dim(1), direct=True)


@pytest.mark.parametrize("dtype", ALL, ids=name_of)
def test_truth(dtype):
    for x in (truth_data(dtype, 3, 5, 7), truth_data(dtype, 2, 33, 40), truth_data(dtype, 5, 4, 3).permute(2, 0, 1),
              truth_data(dtype, 0, 3, 2)):
        for dims in DIMS:
            check("aten::any.dims", x, dims, direct=True)
            check("aten::all.dims", x, dims, True, direct=True)
            check("aten::any.dims", x == 0, dims, direct=True)
    check("aten::any.dims", truth_data(dtype), None, direct=True)
    if dtype.is_floating_point:
        check("aten::any.dims", torch.tensor([0.0, -0.0], dtype=dtype), [0], direct=True)
        check("aten::all.dims", torch.tensor([NAN, 1.0], dtype=dtype), [0], direct=True)


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
def test_softmax_and_logsumexp(dtype):
    for x in inputs(dtype):
        for dim in (0, 1, 2, -1):
            check("aten::_softmax", x, dim, False, direct=True)
            # PyTorch rounds halves after every step.
            expected = torch.log_softmax(x.float(), dim).to(dtype) if dtype.itemsize == 2 else None
            check("aten::_log_softmax", x, dim, False, direct=True, expected=expected)
        for dims in ([0], [1], [-1], [0, 2], [0, 1, 2]):
            for keepdim in (False, True):
                expected = torch.logsumexp(x.float(), dims, keepdim).to(dtype) if dtype.itemsize == 2 else None
                check("aten::logsumexp", x, dims, keepdim, direct=True, expected=expected)
    x = torch.tensor([[-INF, -INF, -INF], [-INF, 0, 1], [INF, 0, 1], [NAN, 0, 1], [100, 10000, -10000]], dtype=dtype)
    for dim in (0, 1):
        check("aten::_softmax", x, dim, False, direct=True)
        check("aten::_log_softmax", x, dim, False, direct=True)
        check("aten::logsumexp", x, [dim], direct=True)
    for shape in ((), (0, 3), (3, 0)):
        check("aten::_softmax", data(dtype, *shape), 0, False, direct=True)
        check("aten::logsumexp", data(dtype, *shape), [0], direct=True)


def test_half_softmax_to_float():
    x = data(torch.float16, 4, 9)
    compare(call("aten::_softmax", x, 1, True, direct=True)[0], torch.softmax(x.float(), 1))


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
@pytest.mark.parametrize("order", [0, 1, 2, 3, 0.5, -1.0, -2.5, INF, -INF])
def test_norm(dtype, order):
    rtol = {torch.float16: 5e-3, torch.bfloat16: 2e-2}.get(dtype)
    for x in inputs(dtype):
        if order == 0 or order < 0 or order == 0.5:
            x = torch.where(x.abs() < 0.5, 1.0, x).to(dtype)
        for dims in DIMS:
            for keepdim in (False, True):
                check("aten::linalg_vector_norm", x, order, dims, keepdim, direct=True, rtol=rtol)
    check("aten::linalg_vector_norm", torch.tensor([1, 0, NAN, 2], dtype=dtype), order, direct=True)
    if order >= 0 and order != INF:
        check("aten::linalg_vector_norm", torch.zeros(0, 3, dtype=dtype), order, [0], direct=True)
    else:
        with pytest.raises(EtcError):
            call("aten::linalg_vector_norm", torch.zeros(0, 3, dtype=dtype), order, [0], direct=True)
    if dtype == torch.float16:
        check("aten::linalg_vector_norm", data(dtype, 5, 9), order if order >= 1 else 2, [1], dtype=torch.float32, direct=True)


def test_wrong_dimensions_are_refused():
    x = torch.ones(2, 3)
    for op, dims in (("sum.dim_IntList", [2]), ("sum.dim_IntList", [0, 0]), ("amax", [0, -2]), ("mean.dim", [-3]), ("any.dims", [5])):
        with pytest.raises(EtcError):
            call(f"aten::{op}", x, dims, direct=True)
    for op in ("argmax", "cumsum", "max.dim"):
        with pytest.raises(EtcError):
            call(f"aten::{op}", x, 2, direct=True)
    with pytest.raises(EtcError):
        call("aten::mean.dim", torch.ones(3, dtype=torch.int64), None, direct=True)
