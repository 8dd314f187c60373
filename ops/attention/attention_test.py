"""aten::scaled_dot_product_attention against PyTorch: sizes around the block borders, masks, causality, grouped heads, any strides."""
import math

import pytest
import torch

from etc_op import EtcError, call, check

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
LOOSE = {torch.float32: (1e-4, 1e-5), torch.float64: (1e-9, 1e-9), torch.float16: (5e-3, 5e-3), torch.bfloat16: (2e-2, 3e-2)}
OP = "aten::scaled_dot_product_attention"


def tensor(*sizes, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed + sum(sizes))
    return torch.randn(sizes, generator=g, dtype=torch.float64).to(dtype)


def same(q, k, v, *args, **kwargs):
    r, a = LOOSE[q.dtype]
    check(OP, q, k, v, *args, direct=True, rtol=r, atol=a, **kwargs)


SIZES = [(1, 1, 1, 1), (4, 4, 8, 8), (1, 300, 64, 64), (33, 129, 16, 24), (64, 256, 32, 32), (70, 5, 40, 7), (7, 260, 300, 5)]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("queries,keys,size,value_size", SIZES)
@pytest.mark.parametrize("causal", [False, True])
def test_sizes(dtype, queries, keys, size, value_size, causal):
    q, k = tensor(2, 3, queries, size, dtype=dtype), tensor(2, 3, keys, size, dtype=dtype, seed=1)
    v = tensor(2, 3, keys, value_size, dtype=dtype, seed=2)
    same(q, k, v, None, 0.0, causal)
    same(q, k, v, None, 0.0, causal, scale=0.3)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("mask_size", [(50, 140), (1, 140), (50, 1), (3, 50, 140), (2, 1, 50, 140), (2, 1, 1, 140), (1, 1, 1, 1),
                                       (2, 3, 50, 140)], ids=str)
def test_masks(dtype, mask_size):
    q, k, v = tensor(2, 3, 50, 16, dtype=dtype), tensor(2, 3, 140, 16, dtype=dtype, seed=1), tensor(2, 3, 140, 16, dtype=dtype, seed=2)
    same(q, k, v, tensor(*mask_size, dtype=dtype))
    same(q, k, v, tensor(*mask_size) > -0.5)
    if dtype.itemsize == 2:
        same(q, k, v, tensor(*mask_size))


def test_rows_without_keys_are_zero():
    q, k, v = tensor(1, 2, 40, 8), tensor(1, 2, 200, 8, seed=1), tensor(1, 2, 200, 8, seed=2)
    keep = torch.ones(40, 200, dtype=torch.bool)
    keep[3], keep[7, 100:], keep[9, :150] = False, False, False
    same(q, k, v, keep)
    same(q, k, v, torch.zeros(40, 200).masked_fill(~keep, -math.inf))
    same(q, k, v, torch.zeros(40, 200).masked_fill(~keep, torch.finfo(torch.float32).min))


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
def test_a_mask_hides_no_nan(dtype):
    """PyTorch adds minus infinity."""
    q, k, v = tensor(2, 3, 8), tensor(2, 5, 8, seed=1), tensor(2, 5, 8, seed=2)
    k[0, 2, 1] = float("nan")
    seen = torch.arange(5).expand(3, 5) != 2
    mask = seen if dtype == torch.bool else torch.zeros(3, 5).masked_fill(~seen, -math.inf)
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)
    assert expected[0].isnan().all() and not expected[1].isnan().any()
    torch.testing.assert_close(call(OP, q, k, v, mask, 0.0, False)[0], expected, rtol=1e-4, atol=1e-5, equal_nan=True)


def test_large_scores_do_not_overflow():
    same(tensor(1, 1, 5, 8) * 100, tensor(1, 1, 300, 8) * 100, tensor(1, 1, 300, 8))


def test_leading_dimensions():
    for sizes in ((4, 8), (3, 4, 8), (2, 3, 4, 8), (2, 2, 3, 4, 8)):
        same(tensor(*sizes), tensor(*sizes, seed=1), tensor(*sizes, seed=2))
    q = tensor(2, 3, 4, 8)
    for k, v in ((q[:1], q[:1]), (q[:, :1], q[:, :1]), (q[0], q[0]), (q[:1], q[:, :1])):
        same(q, k, v)
    same(q[:1], q, q)
    same(q[:1, :1], q[:, :1], q[:1])


@pytest.mark.parametrize("heads,k_heads,v_heads", [(6, 3, 3), (6, 2, 3), (4, 1, 1), (4, 4, 4)])
def test_grouped_heads(heads, k_heads, v_heads):
    same(tensor(2, heads, 5, 8), tensor(2, k_heads, 9, 8), tensor(2, v_heads, 9, 8), enable_gqa=True)
    same(tensor(heads, 5, 8), tensor(k_heads, 9, 8), tensor(v_heads, 9, 8), enable_gqa=True)


def test_any_strides():
    q, k, v = (tensor(2, n, 3, 8, seed=i).transpose(1, 2) for i, n in enumerate((40, 150, 150)))
    same(q, k, v)
    same(q, k, v, (tensor(150, 40) > 0).t())
    qkv = tensor(2, 40, 3, 3, 8)
    same(*[qkv[:, :, i].transpose(1, 2) for i in range(3)], None, 0.0, True)
    same(tensor(2, 8, 40).mT, tensor(2, 8, 150).mT, tensor(2, 16, 150).mT[..., ::2])
    same(tensor(2, 40, 8), tensor(2, 1, 8).expand(2, 50, 8), tensor(2, 50, 8), torch.zeros(1, 1).expand(40, 50))


def test_empty():
    q = tensor(2, 3, 4, 8)
    for args in ((q, q[:, :, :0], q[:, :, :0]), (q[:, :, :0], q, q), (q[:0], q[:0], q[:0]), (q, q, q[..., :0])):
        same(*args)


Q = tensor(2, 3, 4, 8)


@pytest.mark.parametrize("args,kwargs", [
    ((Q, Q[..., :7], Q), {}), ((Q, Q[:, :, :3], Q), {}), ((Q, Q.double(), Q), {}), ((Q.int(), Q.int(), Q.int()), {}),
    ((Q, tensor(3, 3, 4, 8), Q), {}), ((Q, Q, Q, torch.zeros(4, 5)), {}), ((Q, Q, Q, torch.zeros(1, 1, 1, 4, 4)), {}),
    ((Q, Q, Q, torch.zeros(4)), {}),
    ((Q, Q, Q, torch.zeros(4, 4).long()), {}), ((Q, Q, Q, torch.zeros(4, 4).half()), {}), ((Q, Q, Q, None, 0.5), {}),
    ((Q[0, 0, 0], Q, Q), {}),
    ((tensor(2, 5, 4, 8), Q, Q), {"enable_gqa": True}), ((Q, Q[:, :0], Q[:, :0]), {"enable_gqa": True}),
    ((Q[0, 0], Q[0, 0], Q[0, 0]), {"enable_gqa": True})], ids=str)
def test_what_does_not_fit_is_refused(args, kwargs):
    with pytest.raises(EtcError):
        call(OP, *args, direct=True, **kwargs)
