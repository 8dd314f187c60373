"""aten::_cdist_forward against PyTorch."""
import pytest
import torch

from etc_op import EtcError, call, check

INF = float("inf")


def tensor(*sizes, dtype=torch.float32, seed=0):
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed + sum(sizes)), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, INF])
@pytest.mark.parametrize("left,right", [((3, 4), (5, 4)), ((2, 3, 4), (2, 5, 4)), ((2, 1, 3, 4), (3, 5, 4)), ((1, 3, 4), (5, 4)),
                                        ((40, 7), (30, 7)),
                                        ((0, 4), (5, 4)), ((3, 4), (0, 4)), ((3, 0), (5, 0)), ((0, 3, 4), (0, 5, 4))], ids=str)
def test_distances(dtype, p, left, right):
    check("aten::_cdist_forward", tensor(*left, dtype=dtype), tensor(*right, dtype=dtype, seed=1), p, 2, direct=True, rtol=1e-5, atol=1e-5)


def test_any_strides():
    check("aten::_cdist_forward", tensor(4, 9).t()[::2], tensor(5, 8)[:, ::2], 2.0, None, direct=True, rtol=1e-5, atol=1e-5)
    check("aten::_cdist_forward", tensor(1, 3, 4).expand(2, 3, 4), tensor(2, 1, 4).expand(2, 5, 4), 1.0, None, direct=True, rtol=1e-5,
          atol=1e-5)


@pytest.mark.parametrize("args", [(tensor(3, 4), tensor(5, 5), 2.0, None), (tensor(4), tensor(5, 4), 2.0, None), (tensor(3, 4),
                                                                                                                  tensor(5, 4), -1.0, None),
                                  (tensor(3, 4), tensor(5, 4).double(), 2.0, None), (tensor(2, 3, 4), tensor(3, 5, 4), 2.0, None),
                                  (tensor(3, 4), tensor(5, 4), 2.0, 7), (tensor(3, 4), tensor(5, 4), float("nan"), None)], ids=str)
def test_what_does_not_fit_is_refused(args):
    with pytest.raises(EtcError):
        call("aten::_cdist_forward", *args, direct=True)
