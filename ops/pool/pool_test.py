"""Pooling against PyTorch: values, indices, borders, NaN, and operands at any strides."""
import itertools

import pytest
import torch

from etc_op import EtcError, call, check

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]


def tensor(*sizes, dtype=torch.float32):
    g = torch.Generator().manual_seed(sum(sizes))
    if dtype.is_floating_point:
        return torch.randn(sizes, generator=g, dtype=torch.float64).to(dtype)
    return torch.randint(0 if dtype == torch.uint8 else -99, 99, sizes, generator=g).to(dtype)


@pytest.mark.parametrize("window,stride,padding,ceil_mode", list(itertools.product([1, 2, 3, 5], [None, 1, 2, 3], [0, 1, 2],
                                                                                   [False, True])))
@pytest.mark.parametrize("dims", [2, 3])
def test_sliding_windows(dims, window, stride, padding, ceil_mode):
    if padding > window // 2:
        padding = window // 2
    size = [8, 7, 11][:dims] if dims == 3 else [13, 10]
    s = [] if stride is None else [stride] * dims
    for leading in ((2, 3), (3,), (0, 3)):
        x = tensor(*leading, *size)
        for dilation in (1, 2):
            if dilation * (window - 1) < min(size):
                check(f"aten::max_pool{dims}d_with_indices", x, [window] * dims, s, [padding] * dims, [dilation] * dims, ceil_mode,
                      direct=True)
        for counts_padding, divisor in ((True, None), (False, None), (True, 3), (False, -2)):
            check(f"aten::avg_pool{dims}d", x, [window] * dims, s, [padding] * dims, ceil_mode, counts_padding, divisor, direct=True)


@pytest.mark.parametrize("dtype", FLOATS + INTS, ids=str)
def test_max_dtypes(dtype):
    check("aten::max_pool2d_with_indices", tensor(2, 3, 9, 8, dtype=dtype), [3, 2], [2, 1], [1, 0], [1, 2], direct=True)
    check("aten::max_pool3d_with_indices", tensor(2, 3, 5, 9, 8, dtype=dtype), [3, 2, 2], [2, 1, 2], [1, 0, 1], [1, 2, 1], direct=True)
    if not dtype.is_floating_point:
        check("aten::max_pool2d_with_indices", torch.full((1, 1, 3, 3), torch.iinfo(dtype).min, dtype=dtype), [2], [1], [1], direct=True)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_average_dtypes(dtype):
    check("aten::avg_pool2d", tensor(2, 3, 9, 8, dtype=dtype), [3, 2], [2, 1], [1, 0], direct=True)
    if dtype in (torch.float32, torch.float64):
        check("aten::avg_pool3d", tensor(2, 3, 5, 9, 8, dtype=dtype), [3, 2, 2], [2, 1, 2], [1, 0, 1], direct=True)
    for size in ((1, 1), (3, 2), (9, 8), (12, 20), (0, 2)):
        check("aten::_adaptive_avg_pool2d", tensor(2, 3, 9, 8, dtype=dtype), list(size), direct=True)
        check("aten::adaptive_max_pool2d", tensor(2, 3, 9, 8, dtype=dtype), list(size), direct=True)
    for size in ((1, 1, 1), (3, 2, 4), (5, 9, 8), (7, 3, 20)):
        loose = {"rtol": 2e-2, "atol": 1e-2} if dtype.itemsize == 2 else {}  # PyTorch sums these in the small type
        check("aten::_adaptive_avg_pool3d", tensor(2, 3, 5, 9, 8, dtype=dtype), list(size), direct=True, **loose)
        check("aten::adaptive_max_pool3d", tensor(2, 3, 5, 9, 8, dtype=dtype), list(size), direct=True)


def test_no_batch_and_empty_batches():
    for op in ("aten::_adaptive_avg_pool2d", "aten::adaptive_max_pool2d"):
        check(op, tensor(3, 9, 8), [2, 3], direct=True)
        check(op, tensor(0, 3, 9, 8), [2, 3], direct=True)
    check("aten::_adaptive_avg_pool2d", tensor(2, 0, 9, 8), [2, 3], direct=True)


def test_nan_wins_and_infinity_has_an_index():
    nan, inf = float("nan"), float("inf")
    x = torch.tensor([[[1, nan, 3, nan, 2, 0], [-inf, -inf, -inf, -inf, inf, inf], [nan, nan, nan, nan, -inf, nan]]])
    check("aten::max_pool2d_with_indices", x, [1, 3], [1, 1], direct=True)
    check("aten::max_pool2d_with_indices", x, [2, 2], [1, 1], [1, 1], direct=True)
    check("aten::adaptive_max_pool2d", x, [2, 4], direct=True)
    check("aten::avg_pool2d", x, [2, 2], direct=True)


def test_a_window_may_miss_the_input():
    check("aten::max_pool2d_with_indices", tensor(1, 1, 2, 2), [2], [1], [1], [3], direct=True)


def test_any_strides():
    layouts = [tensor(2, 4, 8, 9).contiguous(memory_format=torch.channels_last), tensor(2, 4, 16, 27)[:, :, ::2, ::3],
               tensor(2, 1, 8, 9).expand(2, 4, 8, 9), tensor(8, 9, 4, 2).permute(3, 2, 0, 1)]
    for x in layouts:
        check("aten::max_pool2d_with_indices", x, [3], [2], [1], direct=True)
        check("aten::avg_pool2d", x, [3], [2], [1], direct=True)
        check("aten::_adaptive_avg_pool2d", x, [3, 2], direct=True)
        check("aten::adaptive_max_pool2d", x, [3, 2], direct=True)


HUGE = 2**62


@pytest.mark.parametrize("op,args", [
    ("aten::max_pool2d_with_indices", ([0, 1],)), ("aten::max_pool2d_with_indices", ([3], [0])), ("aten::max_pool2d_with_indices",
                                                                                                  ([3], [1], [2])),
    ("aten::max_pool2d_with_indices", ([3], [1], [-1])), ("aten::max_pool2d_with_indices", ([3], [1], [0], [0])),
    ("aten::max_pool2d_with_indices", ([HUGE], [1], [HUGE // 2])), ("aten::max_pool2d_with_indices", ([3], [HUGE * 2 - 1], [1])),
    ("aten::max_pool2d_with_indices", ([3], [1], [1], [HUGE])), ("aten::max_pool2d_with_indices", ([3, 3, 3],)),
    ("aten::max_pool2d_with_indices", ([],)), ("aten::max_pool2d_with_indices", ([9],)), ("aten::max_pool3d_with_indices", ([9],)),
    ("aten::avg_pool2d", ([9],)), ("aten::avg_pool2d", ([3], [1], [0], False, True, 0)), ("aten::avg_pool2d", ([3], [1], [2])),
    ("aten::_adaptive_avg_pool2d", ([3],)), ("aten::_adaptive_avg_pool2d", ([-1, 3],)), ("aten::_adaptive_avg_pool2d", ([HUGE, 3],)),
    ("aten::adaptive_max_pool2d", ([HUGE, 3],))], ids=str)
def test_what_does_not_fit_is_refused(op, args):
    with pytest.raises(EtcError):
        call(op, tensor(2, 3, 7, 7), *args, direct=True)


@pytest.mark.parametrize("sizes", [(7, 7), (2, 2, 3, 7, 7), (2, 3, 0, 7), (2, 0, 7, 7)], ids=str)
def test_inputs_of_other_shapes_are_refused(sizes):
    for op, args in (("aten::max_pool2d_with_indices", [[2]]), ("aten::avg_pool2d", [[2]]), ("aten::adaptive_max_pool2d", [[2, 2]])):
        with pytest.raises(EtcError):
            call(op, tensor(*sizes), *args, direct=True)
