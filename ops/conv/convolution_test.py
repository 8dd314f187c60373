"""aten::convolution against PyTorch: all dimensions, the transpose, groups, and operands at any strides."""
import itertools

import pytest
import torch

from etc_op import EtcError, call, check

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
TOLERANCE = {torch.float32: (1e-4, 1e-4), torch.float64: (1e-10, 1e-10), torch.float16: (5e-3, 5e-2), torch.bfloat16: (2e-2, 3e-1)}


def tensor(*sizes, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed + 97 * len(sizes) + sum(sizes))
    if dtype.is_floating_point:
        return torch.randn(sizes, generator=g, dtype=torch.float64).to(dtype)
    return torch.randint(-9, 9, sizes, generator=g).to(dtype)


def conv(x, w, bias=True, stride=1, padding=0, dilation=1, transposed=False, output_padding=0, groups=1):
    dims = x.dim() - 2
    many = lambda v: list(v) if isinstance(v, (list, tuple)) else [v] * dims
    channels = w.size(1) * groups if transposed else w.size(0)
    b = tensor(channels, dtype=x.dtype, seed=5) if bias is True else bias
    r, a = TOLERANCE.get(x.dtype, (0, 0))
    check("aten::convolution", x, w, b, many(stride), many(padding), many(dilation), transposed, many(output_padding), groups, direct=True,
          rtol=r, atol=a)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("stride,padding,dilation", list(itertools.product([1, 2, 3], [0, 1, 4], [1, 2])))
@pytest.mark.parametrize("window", [1, 2, 3])
def test_plain(dims, stride, padding, dilation, window):
    size = [9, 7, 11][:dims]
    for groups, channels, filters in ((1, 3, 5), (2, 4, 6), (4, 4, 4), (4, 4, 8), (3, 3, 18)):
        conv(tensor(2, channels, *size), tensor(filters, channels // groups, *[window] * dims), True, stride, padding, dilation,
             groups=groups)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("stride,padding,dilation", list(itertools.product([1, 2, 3], [0, 1], [1, 2, 3])))
@pytest.mark.parametrize("window", [1, 2, 4])
def test_transposed(dims, stride, padding, dilation, window):
    size = [5, 4, 6][:dims]
    for groups, channels, filters in ((1, 3, 5), (2, 4, 6), (4, 4, 4)):
        for more in {0, max(stride, dilation) - 1}:
            if (size[1 % dims] - 1) * stride - 2 * padding + dilation * (window - 1) + more + 1 < 1:
                continue
            conv(tensor(2, channels, *size), tensor(channels, filters // groups, *[window] * dims), True, stride, padding, dilation, True,
                 more,
                 groups)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 32])
def test_dtypes_and_depths_beyond_a_block(dtype, transposed, groups):
    conv(tensor(1, 32, 10, 12, dtype=dtype), tensor(32, 32 // groups, 3, 3, dtype=dtype), True, 1, 1, 1, transposed, 0, groups)
    conv(tensor(1, 32, 10, 12, dtype=dtype), tensor(32, 32 // groups, 3, 3, dtype=dtype), None, 2, 1, 1, transposed,
         1 if transposed else 0, groups)


def test_integers():
    conv(tensor(2, 4, 7, 6, dtype=torch.int64), tensor(6, 4, 3, 3, dtype=torch.int64), True, 1, 1)
    conv(tensor(2, 4, 7, 6, dtype=torch.int64), tensor(4, 6, 3, 3, dtype=torch.int64), None, 2, 1, 1, True)


@pytest.mark.parametrize("x,w,args", [
    ((1, 3, 64, 64), (16, 3, 7, 7), dict(stride=2, padding=3)),
    ((1, 64, 14, 14), (32, 64, 1, 1), dict()),
    ((3, 64, 7, 7), (40, 64, 1, 1), dict(stride=2)),
    ((1, 16, 56, 56), (16, 16, 3, 3), dict(padding=1)),
    ((1, 24, 30, 31), (24, 1, 5, 5), dict(padding=2, groups=24)),
    ((1, 24, 30, 31), (48, 1, 3, 3), dict(padding=1, stride=2, groups=24)),
    ((1, 8, 200), (8, 1, 9), dict(padding=4, groups=8)),
    ((2, 80, 300), (48, 80, 3), dict(padding=1)),
    ((1, 6, 4, 9, 9), (5, 6, 2, 3, 3), dict(padding=(0, 1, 1), stride=(1, 2, 2))),
    ((1, 4, 5, 300), (3, 4, 1, 3), dict(padding=(0, 200), dilation=(1, 100))),
    ((1, 2, 3, 3), (4, 2, 3, 3), dict()),
    ((4, 512, 1, 1), (8, 512, 1, 1), dict()),
], ids=str)
def test_layers_of_models(x, w, args):
    conv(tensor(*x), tensor(*w), **args)


@pytest.mark.parametrize("x,w,args", [
    ((1, 64, 8, 8), (64, 32, 2, 2), dict(stride=2)),
    ((2, 16, 8, 8), (16, 8, 4, 4), dict(stride=2, padding=1)),
    ((1, 8, 20), (8, 4, 10), dict(stride=5, padding=2, output_padding=1)),
    ((1, 4, 3, 3), (4, 4, 1, 1), dict(stride=3, output_padding=2)),
    ((1, 4, 3, 5), (4, 2, 3, 2), dict(stride=(2, 3), dilation=(3, 2), padding=(1, 0))),
], ids=str)
def test_transposed_layers_of_models(x, w, args):
    conv(tensor(*x), tensor(*w), transposed=True, **args)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_any_strides(transposed, groups):
    w = tensor(4, 4 // groups, 3, 3)
    layouts = [tensor(2, 4, 8, 9).contiguous(memory_format=torch.channels_last), tensor(2, 4, 16, 27)[:, :, ::2, ::3],
               tensor(2, 1, 8, 9).expand(2, 4, 8, 9), tensor(2, 8, 8, 9)[:, ::2], tensor(8, 9, 4, 2).permute(3, 2, 0, 1)]
    weights = [w, w.contiguous(memory_format=torch.channels_last), tensor(3, 3, 4, 4 // groups).permute(2, 3, 0, 1),
               tensor(4, 4 // groups, 3, 1).expand(4, 4 // groups, 3, 3)]
    for x, v in itertools.product(layouts, weights):
        conv(x, v, tensor(8)[::2], 2, 1, 1, transposed, 0, 1) if groups == 1 else conv(x, v, True, 2, 1, 1, transposed, 0, groups)
    for x in layouts:
        conv(x, tensor(4, 4 // groups, 1, 1), None, transposed=transposed, groups=groups)


def test_empty_batches_and_no_filters():
    conv(tensor(0, 3, 5, 5), tensor(4, 3, 3, 3))
    conv(tensor(0, 4, 5, 5), tensor(4, 3, 3, 3), transposed=True)


def test_one_number_stands_for_all_dimensions():
    check("aten::convolution", tensor(1, 2, 9, 8), tensor(3, 2, 3, 2), None, [2], [1], [2], False, [0], 1, direct=True, rtol=1e-4,
          atol=1e-5)


HUGE = 2**62


@pytest.mark.parametrize("change", [
    dict(groups=0), dict(groups=-1), dict(groups=3), dict(stride=[0, 1]), dict(stride=[-1, 1]), dict(padding=[-1, 0]), dict(dilation=[0,
                                                                                                                                      1]),
    dict(dilation=[HUGE, 1]), dict(padding=[HUGE, 0]), dict(stride=[1, 1, 1]), dict(x=tensor(1, 4, 2, 2)), dict(x=tensor(4, 9, 9)),
    dict(w=tensor(4, 3, 3, 3)), dict(w=tensor(4, 4, 3, 3).double()), dict(b=tensor(5)), dict(b=tensor(1, 4)), dict(stride=[HUGE * 2 - 1,
                                                                                                                           1]),
    dict(transposed=True, output_padding=[1, 0]), dict(transposed=True, stride=[HUGE, 1]), dict(transposed=True, padding=[6, 6]),
    dict(transposed=True, output_padding=[-1, 0]), dict(transposed=True, groups=HUGE), dict(dilation=[])], ids=str)
def test_what_does_not_fit_is_refused(change):
    a = dict(x=tensor(1, 4, 9, 9), w=tensor(4, 4, 3, 3), b=tensor(4), stride=[1, 1], padding=[0, 0], dilation=[1, 1], transposed=False,
             output_padding=[0, 0], groups=1)
    a.update(change)
    with pytest.raises(EtcError):
        call("aten::convolution", *a.values(), direct=True)
