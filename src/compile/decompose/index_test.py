"""Gathering, scattering and putting together."""
import pytest
import torch

from etc_op import EtcError, call, check
from op_cases import case, check_dtypes

torch.manual_seed(6)
r = torch.randn
X, M = r(3, 4, 5), r(3, 4)
DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]
T = torch.tensor

CASES = [
    case("aten::index_fill.int_Scalar", X, 1, T([0, 2]), 2.5), case("aten::index_fill.int_Scalar", X, -1, T(1), 3),
    case("aten::index_fill.int_Tensor", M, 0, T([2]), T(7.0)),
    case("aten::take", M, T([[0, 5], [11, -1]])), case("aten::take_along_dim", M, T([[0], [2], [1]]), 1),
    case("aten::take_along_dim", M, T([[1, 0, 2, 0]]), 0),
    case("aten::take_along_dim", M, T([3, 11])), case("aten::take_along_dim", M, T([[-1, 0, 2, -2]]), 0),
    case("aten::masked_scatter", M, M > 0, r(12)), case("aten::masked_scatter", r(2, 3, 4), M > 0, r(24)),
    case("aten::scatter.reduce", r(3, 5), 1, T([[0, 1, 1], [2, 2, 0]]), r(2, 3), reduce="add"),
    case("aten::scatter.reduce", r(3, 5), 0, T([[0, 1, 1], [2, 2, 0]]), r(2, 3), reduce="multiply"),
    case("aten::scatter.value_reduce", r(3, 5), 1, T([[0, 1, 1]]), 2, reduce="add"),
    case("aten::isin.Tensor_Tensor", M.round(), T([0.0, 1.0])),
    case("aten::isin.Tensor_Tensor", T([1, 2, 3]), T([[3], [5]]), invert=True), case("aten::isin.Tensor_Scalar", T([1, 2]), 2),
    case("aten::isin.Scalar_Tensor", 2, T([1, 2])), case("aten::_unsafe_index.Tensor", X, [T([0, 2]), None, T([1, 1])]),
    case("aten::_unsafe_index_put", X, [T([0, 2])], r(2, 4, 5), True),
    case("aten::stack", [M, M + 1], 1), case("aten::stack", [M, M + 1], -1), case("aten::stack", [T(1.0), T(2.0)]),
    case("aten::hstack", [M, M]),
    case("aten::hstack", [r(2), r(3)]), case("aten::vstack", [r(3), M[:, :3]]), case("aten::row_stack", [r(3), r(3)]),
    case("aten::dstack", [M, M]),
    case("aten::column_stack", [r(3), M]), case("aten::concat", [M, M[:1]]), case("aten::concatenate", [M, M], 1),
    case("aten::repeat", M, [2, 1, 3]),
    case("aten::repeat", M, [1, 0]), case("aten::tile", M, [2]), case("aten::tile", M, [2, 1, 2]),
    case("aten::repeat_interleave.self_int", X, 3, 1),
    case("aten::repeat_interleave.self_int", M, 2), case("aten::fliplr", M), case("aten::flipud", M), case("aten::diag_embed", M),
    case("aten::diag_embed", M, 1), case("aten::diag_embed", M, -2, 0, 2), case("aten::diag_embed", M, 1, 2, 0),
    case("aten::diag", r(3), 1), case("aten::diag", M, -1), case("aten::cartesian_prod", [r(2), r(3), r(2)]),
    case("aten::cartesian_prod", [r(2)]),
]
CASES += [case(f"aten::fft_{name}", *args) for name in ["fftshift", "ifftshift"] for args in [(X,), (X, [1]), (M, [0, -1])]]
CASES += [case("aten::rot90", M, k, [0, 1]) for k in range(-1, 5)] + [case("aten::rot90", X, 1, [2, 0])]


@pytest.mark.parametrize("op,args,kwargs", CASES)
def test_index(op, args, kwargs):
    check_dtypes(op, args, kwargs, DTYPES)


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_embedding_bag(mode):
    weight, indices, offsets = r(10, 3), T([1, 2, 4, 5, 4, 9]), T([0, 2, 2])
    check("aten::embedding_bag", weight, indices, offsets, False, mode, skip=(1, 2, 3))
    check("aten::embedding_bag.padding_idx", weight, indices, offsets, False, mode, False, None, False, -6, skip=(1, 2, 3))
    check("aten::embedding_bag.padding_idx", weight, indices, offsets, False, mode, False, None, False, None, skip=(1, 2, 3))


def test_one_hot():
    check("aten::one_hot", T([[0, 2], [3, 1]]), 5)
    with pytest.raises(EtcError, match="number of classes"):
        call("aten::one_hot", T([0, 2]))


def test_searching_numbers():
    edges = T([1.0, 3.0, 5.0, 7.0])
    for right in [False, True]:
        check("aten::searchsorted.Scalar", edges, 3.0, right=right)
        check("aten::bucketize.Scalar", 4, edges, right=right)
    check("aten::bucketize.Scalar", 2.5, T([1, 2, 3]))


@pytest.mark.parametrize("low,high", [(0, 0), (-1, 1), (0, 3), (-0.5, 0.5)])
@pytest.mark.parametrize("bins", [1, 4, 10])
def test_histc(bins, low, high):
    check("aten::histc", r(50), bins, low, high)
    check("aten::histc", torch.full((3,), 2.0), bins, low, high)
    check("aten::histc", T([0, 1, 1, 2, 3, 3, 3], dtype=torch.float32), 4, 0, 3)
