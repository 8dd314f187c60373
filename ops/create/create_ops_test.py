"""full, arange, linspace, eye against PyTorch."""
import pytest
import torch

from etc_op import EtcError, call, check

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.uint8]


@pytest.mark.parametrize("dtype", DTYPES + [torch.bool])
def test_full_and_eye(dtype):
    for size in ([2, 3], [], [0], [4]):
        check("aten::full", size, 1, dtype=dtype, direct=True)
        if dtype.is_floating_point:
            check("aten::full", size, -2.75, dtype=dtype, direct=True)
            check("aten::full", size, float("nan"), dtype=dtype, direct=True)
    check("aten::eye", 3, dtype=dtype, direct=True)
    check("aten::eye.m", 2, 4, dtype=dtype, direct=True)


@pytest.mark.parametrize("start,end,step", [(0, 10, 1), (5, -3, -2), (0, 1, 0.25), (1.5, 7, 1.1), (3, 3, 1), (0, 7, 3), (-1.0, 1.0, 0.1)])
def test_arange(start, end, step):
    check("aten::arange.start_step", start, end, step, direct=True)
    for dtype in (torch.float32, torch.float64, torch.int64, torch.bfloat16):
        if dtype == torch.int64 and any(isinstance(v, float) for v in (start, end, step)):
            continue
        check("aten::arange.start_step", start, end, step, dtype=dtype, direct=True)


def test_arange_refuses_what_has_no_end():
    for start, end, step in ((0, 5, 0), (0, 5, -1), (0.0, 1.0, float("nan")), (0.0, float("inf"), 1.0)):
        with pytest.raises(EtcError):
            call("aten::arange.start_step", start, end, step, direct=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64])
def test_linspace(dtype):
    for start, end, steps in ((0, 1, 5), (-1.0, 1.0, 7), (3, 3, 1), (0, 10, 0), (5.0, -5.0, 12)):
        if dtype == torch.int64 and steps in (5, 7):
            continue
        check("aten::linspace", start, end, steps, dtype=dtype, direct=True, **({"atol": 1} if dtype == torch.int64 else {}))
