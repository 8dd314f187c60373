"""Products, contractions and distances."""
import pytest
import torch

from etc_op import EtcError, call, check
from op_cases import case, check_dtypes

torch.manual_seed(4)
r = torch.randn


def matmul_shapes():
    return [((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 5)), ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (4,)), ((4,), (2, 4, 5)),
    ((3, 4), (2, 4, 5)),
            ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (6, 4, 5)), ((1, 3, 4), (2, 4, 5)), ((2, 2, 3, 4), (4, 5)), ((0, 3, 4), (4, 5)),
            ((2, 3, 0), (0, 5))]


@pytest.mark.parametrize("a,b", matmul_shapes())
def test_matmul(a, b):
    check_dtypes("aten::matmul", (r(a), r(b)), {}, [torch.float32, torch.float64, torch.bfloat16], rtol=2e-2, atol=2e-2)
    check("aten::matmul", r(a), r(b))


def test_matmul_of_strided_operands():
    check("aten::matmul", r(3, 2, 4).transpose(0, 1), r(5, 4).T)
    check("aten::matmul", r(4, 3).T, r(2, 5, 4).transpose(1, 2))


PRODUCTS = [
    case("aten::dot", r(5), r(5)), case("aten::vdot", r(5), r(5)), case("aten::mv", r(3, 4), r(4)), case("aten::outer", r(3), r(4)),
    case("aten::ger", r(3), r(4)), case("aten::inner", r(2, 3, 4), r(5, 4)), case("aten::inner", r(4), r(4)),
    case("aten::inner", r(()), r(2, 3)),
    case("aten::linalg_vecdot", r(3, 4), r(4)), case("aten::linalg_vecdot", r(3, 4), r(3, 4), dim=0),
    case("aten::linalg_matmul", r(2, 3, 4), r(4, 5)),
    case("aten::addmv", r(3), r(3, 4), r(4)), case("aten::addmv", r(()), r(3, 4), r(4), beta=0.5, alpha=2),
    case("aten::addmv", r(3), r(3, 4), r(4), beta=0),
    case("aten::addr", r(3, 4), r(3), r(4), beta=2, alpha=0.5), case("aten::addbmm", r(3, 5), r(2, 3, 4), r(2, 4, 5), beta=0.5, alpha=2),
    case("aten::addbmm", r(5), r(2, 3, 4), r(2, 4, 5)), case("aten::tensordot", r(2, 3, 4), r(4, 3, 5), [1, 2], [1, 0]),
    case("aten::tensordot", r(2, 3), r(4, 5), [], []), case("aten::tensordot", r(2, 1), r(4, 5), [1], [0]),
    case("aten::tensordot", r(2, 3), r(3, 2), [0, 1], [1, 0]), case("aten::kron", r(2, 3), r(4, 5)), case("aten::kron", r(3), r(2, 2)),
    case("aten::linalg_multi_dot", [r(2, 30), r(30, 3), r(3, 20)]), case("aten::linalg_multi_dot", [r(3), r(3, 4), r(4, 5), r(5)]),
    case("aten::chain_matmul", [r(2, 3), r(3, 4), r(4, 5), r(5, 6)]), case("aten::linalg_matrix_power", r(2, 3, 3), 5),
    case("aten::linalg_matrix_power", r(3, 3), 0), case("aten::matrix_power", r(3, 3), 1), case("aten::cross", r(4, 3), r(4, 3)),
    case("aten::cross", r(3, 4), r(3, 4), 0), case("aten::linalg_cross", r(2, 3), r(1, 3)),
    case("aten::linalg_cross", r(3, 2), r(3, 2), dim=0),
    case("aten::bilinear", r(2, 5, 3), r(2, 5, 4), r(6, 3, 4), r(6)), case("aten::bilinear", r(2, 3), r(2, 4), r(6, 3, 4)),
    case("aten::_trilinear", r(2, 3), r(6, 3, 4), r(2, 4), [1, 3], [0], [1, 2], [2, 3]), case("aten::cosine_similarity", r(3, 4), r(3, 4)),
    case("aten::cosine_similarity", r(3, 4), r(1, 4), 1, 1e-4), case("aten::cosine_similarity", torch.zeros(2, 3), r(2, 3), -1),
    case("aten::pairwise_distance", r(3, 4), r(3, 4)), case("aten::pairwise_distance", r(3, 4), r(4), 1.0, 1e-3, True),
]


@pytest.mark.parametrize("op,args,kwargs", PRODUCTS)
def test_product(op, args, kwargs):
    check_dtypes(op, args, kwargs, [torch.float32, torch.float64])


@pytest.mark.parametrize("equation,shapes", [
    ("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("ij->ji", [(2, 3)]), ("ij->", [(2, 3)]), ("ii->i", [(3, 3)]),
    ("ii", [(3, 3)]),
    ("iji->j", [(3, 2, 3)]), ("i,j->ij", [(2,), (3,)]), ("bij,bjk->bik", [(5, 2, 3), (5, 3, 4)]), ("bhid,bhjd->bhij", [(2, 3, 4, 5),
    (2, 3, 6, 5)]),
    ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]), ("...ij,jk->...ik", [(2, 6, 3, 4), (4, 5)]), ("b...,b...->b...", [(2, 3, 4),
    (2, 3, 4)]),
    ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]), ("i,ij,j", [(2,), (2, 3), (3,)]), ("ijk->kj", [(2, 3, 4)]), ("ij,ij->ij", [(2, 3), (2, 3)]),
    ("ij,kj->ki", [(2, 3), (4, 3)]), ("abc,cd->dab", [(2, 3, 4), (4, 5)]), ("bn,anm,bm->ba", [(2, 3), (5, 3, 4), (2, 4)]),
    ("bij,bjk->bik", [(1, 2, 3), (5, 3, 4)]), ("BIj, jK -> BIK", [(2, 3, 4), (4, 5)]), ("...->...", [(2, 3)]), ("i...->...i", [(2, 3, 4)]),
    ("bhwc,hkc->bhwk", [(2, 3, 4, 5), (3, 6, 5)]), ("ij,k->i", [(2, 3), (4,)]),
])
def test_einsum(equation, shapes):
    check("aten::einsum", equation, [r(s) for s in shapes], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("equation,shapes", [("ij,jk", [(2, 3)]), ("ij", [(2,)]), ("i-j", [(2, 3)]), ("ij,jk->ik", [(2, 3), (4, 5)])])
def test_einsum_refuses(equation, shapes):
    with pytest.raises(EtcError):
        call("aten::einsum", equation, [r(s) for s in shapes])


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, float("inf")])
def test_cdist(p):
    check("aten::cdist", r(2, 3, 4), r(2, 5, 4), p, rtol=1e-4, atol=1e-4)
    check("aten::cdist", r(3, 4), r(5, 4), p, rtol=1e-4, atol=1e-4)


def test_sums_of_products_of_integers():
    i = torch.arange(12).reshape(3, 4)
    check("aten::addmv", i[:, 0], i, i[0], beta=2, alpha=3)
    check("aten::addr", i, i[:, 0], i[0], beta=0, alpha=2)
    check("aten::addr", i > 3, i[:, 0] > 4, i[0] > 1)


def test_int_mm():
    a, b = torch.randint(-128, 127, (17, 8), dtype=torch.int8), torch.randint(-128, 127, (8, 16), dtype=torch.int8)
    check("aten::_int_mm", a, b)


@pytest.mark.parametrize("ends", [[2, 2, 5, 7], [0, 7, 7, 7], [1, 3, 4, 6]])
def test_grouped_mm(ends):
    x, w, expected, start = r(7, 3), r(4, 3, 5), torch.zeros(7, 5), 0
    for i, end in enumerate(ends):
        expected[start:end] = x[start:end] @ w[i]
        start = end
    check("transformers::grouped_mm_fallback", x, w, torch.tensor(ends, dtype=torch.int32), expected=expected)
