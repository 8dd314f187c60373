"""Tensors made from nothing."""
import pytest
import torch

from etc_op import call, check
from op_cases import case

X = torch.randn(2, 3, dtype=torch.float64)
I = torch.ones(2, dtype=torch.int32)

CASES = [
    case("aten::zeros", [2, 3]), case("aten::zeros", [2], dtype=torch.int64), case("aten::ones", []),
    case("aten::ones", [3], dtype=torch.bool),
    case("aten::full", [2, 2], 1.5), case("aten::full", [2], 3), case("aten::full", [2], True),
    case("aten::full", [2], 3, dtype=torch.float16),
    case("aten::zeros_like", X), case("aten::ones_like", I), case("aten::ones_like", X, dtype=torch.uint8),
    case("aten::full_like", X, 2), case("aten::full_like", I, 2.7),
    case("aten::full_like", I, 2.5, dtype=torch.float32), case("aten::new_zeros", I, [3]),
    case("aten::new_ones", X, [2, 2], dtype=torch.bool),
    case("aten::new_full", X, [2], 3), case("aten::new_full", I, [2], 3.5, dtype=torch.float32), case("aten::scalar_tensor", 3),
    case("aten::scalar_tensor", 3, dtype=torch.int64), case("aten::arange", 5), case("aten::arange", 4.5),
    case("aten::arange", 3.5, dtype=torch.int64), case("aten::arange", 5, dtype=torch.float32),
    case("aten::arange.start", 2, 7), case("aten::arange.start", 0.5, 3), case("aten::arange.start_step", 7, 1, -2),
    case("aten::linspace", 0, 1, 5),
    case("aten::linspace", -2, 10, 7, dtype=torch.float64), case("aten::logspace", 0, 2, 5), case("aten::logspace", -1, 1, 1, 2.0),
    case("aten::logspace", 0, 3, 4, 2.0, dtype=torch.int64), case("aten::eye", 3), case("aten::eye.m", 2, 4),
    case("aten::tril_indices", 3, 4),
    case("aten::tril_indices", 4, 3, -1), case("aten::triu_indices", 3, 4, 1), case("aten::triu_indices", 3, 3, dtype=torch.int32),
    case("aten::hann_window", 7), case("aten::hann_window.periodic", 7, False), case("aten::hamming_window", 6),
    case("aten::hamming_window.periodic", 6, False),
    case("aten::blackman_window", 9), case("aten::blackman_window.periodic", 9, False), case("aten::bartlett_window", 5),
    case("aten::bartlett_window", 6),
    case("aten::bartlett_window.periodic", 5, False), case("aten::hann_window", 1), case("aten::hann_window", 8, dtype=torch.float64),
]


@pytest.mark.parametrize("op,args,kwargs", CASES)
def test_creation(op, args, kwargs):
    check(op, *args, atol=1e-6, **kwargs)


@pytest.mark.parametrize("op,args,sizes,dtype", [
    ("aten::empty.memory_format", ([2, 3],), [2, 3], torch.float32), ("aten::empty_like", (X,), [2, 3], torch.float64),
    ("aten::new_empty", (I, [4]), [4], torch.int32),
    ("aten::empty_strided", ([2, 3], [3, 1]), [2, 3], torch.float32), ("aten::empty_permuted", ([2, 3], [1, 0]), [2, 3], torch.float32),
    ("aten::new_empty_strided", (X, [2, 3], [1, 2]), [2, 3], torch.float64),
])
def test_what_is_empty_has_sizes_and_dtype(op, args, sizes, dtype):
    [result] = call(op, *args)
    assert list(result.shape) == sizes and result.dtype == dtype
