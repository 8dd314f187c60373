"""cat, pads, flip, roll, triangles against PyTorch."""
import pytest
import torch

from etc_op import check

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.uint8, torch.bool]


def data(dtype, *size):
    return (torch.randn(size) * 5).to(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cat_joins_strided_tensors(dtype):
    a, b = data(dtype, 2, 3, 4), data(dtype, 4, 3, 2).permute(2, 1, 0)
    for dim in (0, 1, 2, -1):
        check("aten::cat", [a, b], dim, direct=True)
    check("aten::cat", [a, data(dtype, 2, 0, 4), b], 1, direct=True)
    check("aten::cat", [data(dtype, 0), a, b], 2, direct=True)
    check("aten::cat", [data(dtype, 3)[::2], data(dtype, 1).expand(4)], direct=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pad", [[1, 2], [0, 0, 3, 1], [-1, 2, 1, -1], [1, 1, 1, 1, 2, 0], [-1, 0]])
def test_constant_pad(dtype, pad):
    x = data(dtype, 2, 3, 4)
    for value in (0, 1, 2.5, float("inf")):
        if value in (2.5, float("inf")) and not dtype.is_floating_point:
            continue
        check("aten::constant_pad_nd", x, pad, value, direct=True)
        check("aten::constant_pad_nd", x.transpose(0, 2), pad, value, direct=True)


@pytest.mark.parametrize("kind", ["reflection", "replication"])
@pytest.mark.parametrize("n,pads", [(1, [2, 1]), (1, [0, 3]), (1, [-1, 2]), (2, [1, 2, 2, 0]), (2, [0, 0, 1, 1]), (3, [1, 0, 1, 1, 2, 1])])
def test_edge_pads(kind, n, pads):
    for dtype in (torch.float32, torch.float64):
        for size in ([2, 4, 5, 4, 6][4 - n:], [3, 2, 4, 5, 4, 6][4 - n:])[:2]:
            x = data(dtype, *size)
            if x.dim() in (n + 1, n + 2):
                check(f"aten::{kind}_pad{n}d", x, pads, direct=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_flip_and_roll(dtype):
    x = data(dtype, 3, 4, 5)
    for dims in ([0], [1, 2], [-1], [0, 1, 2], []):
        check("aten::flip", x, dims, direct=True)
        check("aten::flip", x.transpose(0, 2), dims, direct=True)
    check("aten::flip", data(dtype, 0, 3), [0], direct=True)
    for shifts, dims in (([1], [0]), ([-7], [2]), ([2, 1], [0, 2]), ([13], []), ([0], [1])):
        check("aten::roll", x, shifts, dims, direct=True)
    check("aten::roll", x.transpose(0, 1), [1, 2], [0, 1], direct=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("diagonal", [0, 1, -1, 5, -7, 2**62, -(2**62)])
def test_triangles(dtype, diagonal):
    for size in ((4, 5), (2, 3, 3), (5, 2), (0, 3)):
        if abs(diagonal) < 2**60:
            check("aten::tril", data(dtype, *size), diagonal, direct=True)
            check("aten::triu", data(dtype, *size), diagonal, direct=True)
        else:
            x = data(dtype, *size)
            keep = diagonal > 0
            check("aten::tril", x, diagonal, direct=True, expected=x if keep else torch.zeros_like(x))
