"""Activations and softmaxes."""
import math

import pytest
import torch

from etc_op import EtcError, call, check
from op_cases import FLOATS, case, check_dtypes

torch.manual_seed(2)
X = torch.randn(2, 6, 3) * 3
SPECIAL = torch.tensor([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 30.0, -30.0, 0.5])
MASKED = torch.tensor([[0.0, -math.inf, 1.0], [-math.inf] * 3])

CASES = [case(op, x) for op in ["aten::relu6", "aten::selu", "aten::celu", "aten::log_sigmoid", "aten::log_sigmoid_forward", "aten::hardshrink",
                                "aten::softshrink"] for x in (X, SPECIAL)]
CASES += [
    case("aten::celu", X, 0.5), case("aten::hardshrink", X, 1.0), case("aten::softshrink", X, 1.0),
    case("aten::threshold", SPECIAL, 0.5, 20),
    case("aten::threshold", X, 0.1, -2.5), case("aten::glu", X, 1), case("aten::glu", torch.randn(4, 8)),
    case("aten::prelu", X, torch.rand(6)),
    case("aten::prelu", X, torch.rand(1)), case("aten::prelu", torch.randn(5), torch.rand(1)),
    case("aten::prelu", torch.tensor(-2.0), torch.rand(1)),
    case("aten::_prelu_kernel", X, torch.rand(1, 6, 1)), case("aten::rrelu", X), case("aten::rrelu", X, 0.1, 0.2),
    case("aten::softmax.int", X, 1), case("aten::softmax.int", X, -1, torch.float64), case("aten::softmax.int", torch.tensor(2.0), 0),
    case("aten::log_softmax.int", X, 0), case("aten::special_softmax", X, 2), case("aten::special_log_softmax", X, 1),
    case("aten::_safe_softmax", MASKED, -1), case("aten::_safe_softmax", MASKED, 0),
]


@pytest.mark.parametrize("op,args,kwargs", CASES)
def test_activation(op, args, kwargs):
    check_dtypes(op, args, kwargs, FLOATS)


def test_softmax_of_integers_with_a_dtype():
    check("aten::softmax.int", torch.arange(6).reshape(2, 3), 1, torch.float32)


def test_noise_is_not_written_in_training():
    with pytest.raises(EtcError, match="use rrelu"):
        call("aten::rrelu_with_noise", X, X, 0.1, 0.3, True)
