"""Fast attention and pooling over [n, h, w, c] against PyTorch."""
import pytest
import torch
import torch.nn.functional as F

from etc_op import EtcError, call


def tensor(*sizes, seed=0):
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed + sum(sizes)))


def attention(q, k, v, mask=None, causal=False, scale=None):
    return call("etc::fast_attention", q, k, v, mask, causal, scale, direct=True)[0].transpose(1, 2)


SIZES = [(1, 1, 1, 1), (4, 4, 8, 8), (1, 300, 64, 64), (2, 77, 32, 24), (33, 129, 16, 24), (70, 5, 40, 7), (200, 1000, 8, 16), (49, 48, 64, 32)]


@pytest.mark.parametrize("queries,keys,size,value_size", SIZES)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads,key_heads", [(3, 3), (6, 2)])
def test_attention(queries, keys, size, value_size, causal, heads, key_heads):
    q, k, v = tensor(2, heads, queries, size), tensor(2, key_heads, keys, size, seed=1), tensor(2, key_heads, keys, value_size, seed=2)
    for scale in (None, 0.3):
        expected = F.scaled_dot_product_attention(q, k, v, None, 0.0, causal, scale=scale, enable_gqa=heads != key_heads)
        torch.testing.assert_close(attention(q, k, v, None, causal, scale), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mask_size", [(1, 1, 1, 70), (2, 1, 50, 70), (1, 3, 50, 70), (2, 3, 50, 70), (2, 1, 1, 70)], ids=str)
@pytest.mark.parametrize("queries", [1, 50])
def test_masks(mask_size, queries):
    q, k, v = tensor(2, 3, queries, 16), tensor(2, 3, 70, 16, seed=1), tensor(2, 3, 70, 16, seed=2)
    mask = tensor(*mask_size[:2], min(mask_size[2], queries), 70)
    torch.testing.assert_close(attention(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, mask), rtol=1e-4, atol=1e-5)
    mask[..., 5:] = float("-inf")
    torch.testing.assert_close(attention(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, mask), rtol=1e-4, atol=1e-5)
    mask[..., 0, :] = float("-inf")
    torch.testing.assert_close(attention(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, mask), rtol=1e-4, atol=1e-5)


def test_masked_keys_count_for_nothing():
    """However large their values are: no weight is zero, not merely small."""
    q, k, v = tensor(1, 1, 3, 4), tensor(1, 1, 5, 4, seed=1), tensor(1, 1, 5, 16)
    mask = torch.zeros(1, 1, 1, 5)
    mask[..., 2] = float("-inf")
    v[..., 2, :] = 3e38
    torch.testing.assert_close(attention(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, mask), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_mask_hides_no_nan(number):
    """Infinity less infinity is none either: PyTorch adds the mask."""
    q, k, v = tensor(1, 2, 3, 16), tensor(1, 2, 40, 16, seed=1), tensor(1, 2, 40, 16, seed=2)
    q[..., 3], k[0, 0, 7, 3] = 1, number
    mask = torch.zeros(3, 40).masked_fill(torch.arange(40) == 7, float("-inf"))
    expected = F.scaled_dot_product_attention(q, k, v, mask)
    assert expected.isnan().any() and not expected[:, 1].isnan().any()
    torch.testing.assert_close(attention(q, k, v, mask[None, None]), expected, rtol=1e-4, atol=1e-5, equal_nan=True)


def test_attention_over_views():
    """Heads as a projection leaves them: [n, t, h, d] seen as [n, h, t, d], parts of one tensor."""
    qkv = tensor(2, 30, 3, 4, 16)
    q, k, v = (qkv[:, :, i].transpose(1, 2) for i in range(3))
    torch.testing.assert_close(attention(q, k, v), F.scaled_dot_product_attention(q, k, v), rtol=1e-4, atol=1e-5)


def pool(op, x, *args):
    return call(op, x.permute(0, 2, 3, 1).contiguous(), *args, direct=True)[0].permute(0, 3, 1, 2)


@pytest.mark.parametrize("kernel,stride,padding,dilation", [((3, 3), (2, 2), (1, 1), (1, 1)), ((2, 2), (2, 2), (0, 0), (1, 1)), ((3, 2), (1, 2), (1, 0), (2, 3)),
                                                            ((13, 11), (1, 1), (0, 0), (1, 1)), ((5, 5), (3, 3), (2, 2), (2, 2))], ids=str)
@pytest.mark.parametrize("channels", [1, 16, 37])
def test_pools(kernel, stride, padding, dilation, channels):
    x = tensor(2, channels, 13, 11)
    x[0, 0, 3, 4] = float("nan")
    x[1, :, 5:, 5:] = float("-inf")
    assert torch.equal(pool("etc::max_pool2d_nhwc", x, list(kernel), list(stride), list(padding), list(dilation)).nan_to_num(99),
                       F.max_pool2d(x, kernel, stride, padding, dilation).nan_to_num(99))
    x = tensor(2, channels, 13, 11)
    for counts in (True, False):
        for divisor in (None, 7):
            torch.testing.assert_close(pool("etc::avg_pool2d_nhwc", x, list(kernel), list(stride), list(padding), counts, divisor),
                                       F.avg_pool2d(x, kernel, stride, padding, False, counts, divisor), rtol=1e-5, atol=1e-6)


def test_windows_of_any_size():
    """Larger than the image by far: 5 channels of them are 2^64 - 1 numbers, one less than none."""
    x = tensor(1, 5, 1, 1)
    kernel = [1722007169, 2142470067]
    padding = [k // 2 for k in kernel]
    assert torch.equal(pool("etc::max_pool2d_nhwc", x, kernel, [1, 1], padding, [1, 1]), x)
    torch.testing.assert_close(pool("etc::avg_pool2d_nhwc", x, kernel, [1, 1], padding, False, None), x)


def test_refusals():
    x = tensor(1, 8, 8, 4)
    for args in ([3, 3], [1, 1], [2, 1], [1, 1]), ([9, 9], [1, 1], [0, 0], [1, 1]), ([3, 3], [0, 1], [1, 1], [1, 1]):
        with pytest.raises(EtcError):
            call("etc::max_pool2d_nhwc", x, *args, direct=True)
    with pytest.raises(EtcError):
        call("etc::fast_attention", tensor(1, 3, 4, 8), tensor(1, 2, 4, 8), tensor(1, 2, 4, 8), None, False, None, direct=True)
