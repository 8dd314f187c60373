"""Normalisation against PyTorch: values, saved statistics and their dtypes, mixed parameters, and operands at any strides."""
import pytest
import torch

from etc_op import EtcError, call, check

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
# Input and parameter dtypes that go together.
PAIRS = [(t, t) for t in FLOATS] + [(torch.float16, torch.float32), (torch.bfloat16, torch.float32)]
LOOSE = {torch.float32: (1e-4, 1e-5), torch.float64: (1e-9, 1e-9), torch.float16: (5e-3, 1e-2), torch.bfloat16: (2e-2, 8e-2)}


def tensor(*sizes, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed + sum(sizes))
    return (torch.randn(sizes, generator=g, dtype=torch.float64) + 0.3).to(dtype)


def same(op, *args, **kwargs):
    r, a = LOOSE[args[0].dtype]
    check(op, *args, direct=True, rtol=r, atol=a, **kwargs)


@pytest.mark.parametrize("dtype,parameters", PAIRS, ids=str)
@pytest.mark.parametrize("sizes,normalized", [((5, 7), 1), ((1, 1), 1), ((2, 3, 64), 1), ((2, 3, 9, 5), 2), ((2, 3), 2), ((4, 3000), 1),
                                              ((0, 8), 1)], ids=str)
def test_layer_and_rms_norm(dtype, parameters, sizes, normalized):
    x, shape = tensor(*sizes, dtype=dtype), list(sizes[-normalized:])
    w, b = tensor(*shape, dtype=parameters, seed=1), tensor(*shape, dtype=parameters, seed=2)
    for weight, bias in ((w, b), (w, None), (None, b), (None, None)):
        same("aten::native_layer_norm", x, shape, weight, bias, 1e-5)
    for eps in (None, 1e-6, 0.1):
        same("aten::rms_norm", x, shape, w if dtype == parameters else None, eps)
        same("aten::rms_norm", x, shape, None, eps)


def test_small_rows_show_the_default_epsilon():
    for dtype in FLOATS:
        same("aten::rms_norm", tensor(3, 8, dtype=dtype) * 1e-4, [8])


def test_long_rows_keep_their_digits():
    check("aten::native_layer_norm", tensor(2, 300000) + 100, [300000], None, None, 1e-5, direct=True, rtol=1e-4, atol=2e-3)


def test_rows_apart_and_nan():
    same("aten::native_layer_norm", tensor(6, 40)[::2, :20], [20], None, None, 1e-5)
    same("aten::native_layer_norm", tensor(20, 6).t(), [20], None, None, 1e-5)
    x = tensor(4, 8)
    x[1, 3] = float("nan")
    same("aten::native_layer_norm", x, [8], None, None, 1e-5)
    x[2, 0] = float("inf")
    same("aten::rms_norm", x, [8], None, 1e-5)


@pytest.mark.parametrize("dtype,parameters", PAIRS, ids=str)
@pytest.mark.parametrize("sizes,groups", [((2, 6, 5, 4), 3), ((2, 6, 5, 4), 1), ((2, 6, 5, 4), 6), ((1, 4), 2), ((3, 8, 40), 4),
                                          ((0, 4, 3), 2)], ids=str)
def test_group_norm(dtype, parameters, sizes, groups):
    x = tensor(*sizes, dtype=dtype)
    n, c = sizes[:2]
    pixels = x[0, 0].numel() if n else 3
    w, b = tensor(c, dtype=parameters, seed=1), tensor(c, dtype=parameters, seed=2)
    for weight, bias in ((w, b), (w, None), (None, b), (None, None)):
        same("aten::native_group_norm", x, weight, bias, n, c, pixels, groups, 1e-5)


@pytest.mark.parametrize("dtype,parameters", PAIRS, ids=str)
@pytest.mark.parametrize("sizes", [(2, 6, 5, 4), (5, 6), (3, 6, 40), (2, 6, 3, 4, 5)], ids=str)
def test_batch_norm(dtype, parameters, sizes):
    x, c = tensor(*sizes, dtype=dtype), sizes[1]
    w, b, mean = (tensor(c, dtype=parameters, seed=s) for s in (1, 2, 3))
    var = tensor(c, dtype=parameters, seed=4).abs() + 0.5
    for weight, bias in ((w, b), (None, None), (w, None)):
        same("aten::_native_batch_norm_legit_no_training", x, weight, bias, mean, var, 0.1, 1e-5)
        same("aten::_native_batch_norm_legit_functional", x, weight, bias, mean, var, False, 0.1, 1e-5)
        same("aten::_native_batch_norm_legit_functional", x, weight, bias, mean, var, True, 0.3, 1e-5)
        same("aten::_native_batch_norm_legit.no_stats", x, weight, bias, True, 0.1, 1e-5)


def test_batch_norm_reads_any_planes():
    layouts = [tensor(2, 4, 8, 9).contiguous(memory_format=torch.channels_last), tensor(2, 8, 8, 9)[:, ::2], tensor(4, 2, 8,
                                                                                                                    9).transpose(0, 1),
               tensor(2, 4, 8, 18)[..., ::2]]
    for x in layouts:
        same("aten::_native_batch_norm_legit_no_training", x, tensor(4), None, tensor(4), tensor(4).abs(), 0.1, 1e-5)
        same("aten::_native_batch_norm_legit.no_stats", x, tensor(4), tensor(4), True, 0.1, 1e-5)


def test_one_element_has_no_unbiased_variance():
    check("aten::_native_batch_norm_legit_functional", tensor(1, 3), None, None, torch.zeros(3), torch.ones(3), True, 0.1, 1e-5,
          direct=True,
          atol=1e-4)


X = tensor(2, 4, 5)


@pytest.mark.parametrize("op,args", [
    ("aten::native_layer_norm", (X, [4], None, None, 1e-5)), ("aten::native_layer_norm", (X, [], None, None, 1e-5)),
    ("aten::native_layer_norm", (X, [2, 2, 4, 5], None, None, 1e-5)), ("aten::native_layer_norm", (X, [5], tensor(4), None, 1e-5)),
    ("aten::native_layer_norm", (X, [5], tensor(5).double(), None, 1e-5)), ("aten::native_layer_norm", (X.int(), [5], None, None, 1e-5)),
    ("aten::native_layer_norm", (X.half(), [5], tensor(5), tensor(5).half(), 1e-5)), ("aten::rms_norm", (X, [5], tensor(1, 5))),
    ("aten::native_group_norm", (X, None, None, 2, 4, 5, 0, 1e-5)), ("aten::native_group_norm", (X, None, None, 2, 4, 5, 3, 1e-5)),
    ("aten::native_group_norm", (X, None, None, 2, 4, 6, 2, 1e-5)), ("aten::native_group_norm", (X, tensor(5), None, 2, 4, 5, 2, 1e-5)),
    ("aten::native_group_norm", (X, None, None, -2, -4, 5, -2, 1e-5)), ("aten::native_group_norm", (X, None, None, 2**62, 4, 5, 2, 1e-5)),
    ("aten::_native_batch_norm_legit_no_training", (X, None, None, tensor(5), tensor(4), 0.1, 1e-5)),
    ("aten::_native_batch_norm_legit_no_training", (tensor(4), None, None, tensor(4), tensor(4), 0.1, 1e-5)),
    ("aten::_native_batch_norm_legit_no_training", (X.half(), tensor(4).half(), None, tensor(4), tensor(4), 0.1, 1e-5)),
    ("aten::_native_batch_norm_legit.no_stats", (X, None, None, False, 0.1, 1e-5))], ids=str)
def test_what_does_not_fit_is_refused(op, args):
    with pytest.raises(EtcError):
        call(op, *args, direct=True)
