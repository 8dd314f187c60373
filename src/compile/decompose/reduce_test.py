"""Reductions, norms, orders and quantiles."""
import math

import pytest
import torch

from etc_op import check
from op_cases import FLOATS, INTS, case, check_dtypes

torch.manual_seed(3)
X = torch.randn(3, 4, 5)
M = torch.randn(4, 4)
NAN = torch.tensor([[1.0, math.nan, -2.0, 0.0], [0.0, 3.0, math.inf, 5.0]])
B = torch.rand(3, 4) > 0.6
SCALAR = torch.tensor(2.5)

CASES = [case(f"aten::{op}", x) for op in ["sum", "mean", "any", "all", "max", "min", "aminmax", "count_nonzero", "nansum", "median"] for x in (X, NAN, SCALAR)]
CASES += [case(f"aten::{op}", x) for op in ["var", "std", "var_mean", "std_mean"] for x in (X, M)]
CASES += [
    case("aten::sum", X, dtype=torch.float64), case("aten::mean", X, dtype=torch.float64), case("aten::any.dim", B, 1),
    case("aten::any.dim", X, -1, True),
    case("aten::all.dim", B, 0, True), case("aten::aminmax", X, dim=1), case("aten::aminmax", X, dim=-1, keepdim=True),
    case("aten::count_nonzero", X, 1), case("aten::count_nonzero.dim_IntList", X, [0, 2]), case("aten::trace", M),
    case("aten::trace", torch.randn(2, 5)),
    case("aten::nansum", NAN, [1], True), case("aten::nanmean", NAN, [1]), case("aten::nanmean", NAN, [0, 1], True),
    case("aten::dist", X, X + 1, 3.0),
    case("aten::special_logsumexp", X, [1]), case("aten::logcumsumexp", X, 1), case("aten::logcumsumexp", X * 100, 2),
    case("aten::logcumsumexp", SCALAR, 0),
    case("aten::diff", X), case("aten::diff", X, 2, 1), case("aten::diff", B, 1, 0), case("aten::diff", M, 1, -1, M[:, :1], M[:, :2]),
    case("aten::diff", X, 9),
]
for name in ["var", "std", "var_mean", "std_mean"]:
    CASES += [case(f"aten::{name}.dim", X, [1]), case(f"aten::{name}.dim", X, [0, 2], False, True),
    case(f"aten::{name}.dim", X, None, True, True)]
    if name != "var":
        CASES += [case(f"aten::{name}.correction", X, [1], correction=0),
        case(f"aten::{name}.correction", X, None, correction=2, keepdim=True)]
for p in [0, 1, 2, 3.5, math.inf, -math.inf]:
    CASES += [case("aten::norm.Scalar", X, p), case("aten::norm.ScalarOpt_dim", X, p, [1], True), case("aten::linalg_norm", M[0], p)]
for p in [1, -1, math.inf, -math.inf]:
    CASES += [case("aten::linalg_norm", M, p), case("aten::linalg_matrix_norm", X, p, [0, 2], True),
    case("aten::linalg_matrix_norm", X, p, [2, 0])]
CASES += [
    case("aten::linalg_norm", X), case("aten::linalg_norm", X, None, [0, 1]), case("aten::linalg_norm.ord_str", X, "fro", [0, 2], True),
    case("aten::linalg_matrix_norm.str_ord", X), case("aten::frobenius_norm.dim", X, [1, 2]), case("aten::norm_except_dim", X, 2, 0),
    case("aten::norm_except_dim", X, 2, 1), case("aten::norm_except_dim", X, 2, -1), case("aten::norm.ScalarOpt_dim", X, None, [0], False),
]


@pytest.mark.parametrize("op,args,kwargs", CASES)
def test_reduction(op, args, kwargs):
    check_dtypes(op, args, kwargs, FLOATS + INTS)


def test_norms_with_a_dtype():
    check("aten::norm.ScalarOpt_dtype", X, 2, dtype=torch.float64)
    check("aten::norm.ScalarOpt_dim_dtype", X, 1, [0, 1], True, dtype=torch.float64)
    check("aten::linalg_norm", X, 2, [1], True, dtype=torch.float64)


def distinct(*sizes):
    return torch.randperm(math.prod(sizes)).reshape(sizes).float()


ORDERS = [
    case("aten::sort", distinct(3, 4), 0), case("aten::sort", distinct(3, 4), -1, True), case("aten::argsort", distinct(3, 4), 1, True),
    case("aten::argsort.stable", M.round(), stable=True, dim=0), case("aten::msort", distinct(4, 3)),
    case("aten::kthvalue", distinct(3, 7), 3),
    case("aten::kthvalue", distinct(3, 7), 2, 0, True), case("aten::median.dim", distinct(3, 6), 1),
    case("aten::median.dim", distinct(3, 5), 0, True),
    case("aten::median.dim", NAN, 1), case("aten::median.dim", SCALAR, 0),
]


@pytest.mark.parametrize("op,args,kwargs", ORDERS)
def test_order(op, args, kwargs):
    check_dtypes(op, args, kwargs, [torch.float32, torch.float64, torch.int64, torch.int32])


@pytest.mark.parametrize("between", ["linear", "lower", "higher", "nearest", "midpoint"])
@pytest.mark.parametrize("x,dim", [(X, None), (X, 0), (X, 1), (X, -1), (NAN, 1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_quantile(x, dim, keepdim, between):
    for q in [0.0, 0.25, 0.6, 1.0]:
        check("aten::quantile.scalar", x, q, dim, keepdim, interpolation=between)
    check("aten::quantile", x, torch.tensor([0.1, 0.5, 1.0]), dim, keepdim, interpolation=between)
    check("aten::quantile", x, torch.tensor(0.3), dim, keepdim, interpolation=between)


def test_quantile_of_a_number():
    for keepdim in [False, True]:
        check("aten::quantile.scalar", SCALAR, 0.5, 0, keepdim)
        check("aten::quantile", SCALAR, torch.tensor([0.5, 0.2]), 0, keepdim)
