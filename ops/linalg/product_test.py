"""mm, bmm, addmm, baddbmm and linear against PyTorch: every dtype, sizes around the tile and block borders, operands at any strides."""
import pytest
import torch

from etc_op import EtcError, call, check

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
SIZES = [(1, 1, 1), (1, 7, 5), (4, 8, 3), (5, 9, 16), (3, 1, 33), (1, 40, 300), (2, 70, 257), (70, 3, 257), (67, 130, 19), (33, 65, 600)]
# float16 and bfloat16 results are rounded once; what PyTorch rounds on the way differs from that.
TOLERANCE = {torch.float32: (1e-4, 1e-4), torch.float64: (1e-10, 1e-10), torch.float16: (5e-3, 5e-2), torch.bfloat16: (2e-2, 3e-1)}


def tensor(*sizes, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed + 97 * len(sizes) + sum(sizes))
    if dtype.is_floating_point:
        return torch.randn(sizes, generator=g, dtype=torch.float64).to(dtype)
    return torch.randint(0 if dtype == torch.uint8 else -9, 9, sizes, generator=g).to(dtype)


def tolerance(dtype):
    r, a = TOLERANCE.get(dtype, (0, 0))
    return {"rtol": r, "atol": a}


@pytest.mark.parametrize("dtype", FLOATS + INTS, ids=str)
@pytest.mark.parametrize("m,n,k", SIZES)
def test_mm_equals_pytorch(m, n, k, dtype):
    check("aten::mm", tensor(m, k, dtype=dtype), tensor(k, n, dtype=dtype, seed=1), direct=True, **tolerance(dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64], ids=str)
@pytest.mark.parametrize("m,n,k", SIZES)
@pytest.mark.parametrize("left", ["plain", "transposed", "strided"])
@pytest.mark.parametrize("right", ["plain", "transposed", "strided", "expanded"])
def test_mm_reads_any_strides(m, n, k, dtype, left, right):
    def laid_out(rows, columns, how, seed):
        if how == "transposed":
            return tensor(columns, rows, dtype=dtype, seed=seed).t()
        if how == "strided":
            return tensor(rows * 2, columns * 3, dtype=dtype, seed=seed)[::2, 1::3]
        if how == "expanded":
            return tensor(1, columns, dtype=dtype, seed=seed).expand(rows, columns)
        return tensor(rows, columns, dtype=dtype, seed=seed)

    check("aten::mm", laid_out(m, k, left, 0), laid_out(k, n, right, 1), direct=True, **tolerance(dtype))


@pytest.mark.parametrize("m,n,k", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (300, 300, 0)])
def test_empty_products_are_zeros(m, n, k):
    check("aten::mm", tensor(m, k), tensor(k, n), direct=True)
    check("aten::bmm", tensor(2, m, k), tensor(2, k, n), direct=True)
    check("aten::addmm", tensor(n), tensor(m, k), tensor(k, n), direct=True)
    check("aten::linear", tensor(m, k), tensor(n, k), tensor(n), direct=True)


def test_integers_wrap():
    x = torch.full((3, 40), 120, dtype=torch.int8)
    check("aten::mm", x, x.t(), direct=True)
    x = torch.full((3, 40), 2**62 + 12345, dtype=torch.int64)
    check("aten::mm", x, x.t(), direct=True)


@pytest.mark.parametrize("dtype", FLOATS + [torch.int32, torch.int64], ids=str)
@pytest.mark.parametrize("self_size", [(70,), (1,), (), (33, 70), (33, 1), (1, 70)], ids=str)
@pytest.mark.parametrize("beta,alpha", [(1, 1), (2, 3), (0, 1), (1, 0)])
def test_addmm_equals_pytorch(dtype, self_size, beta, alpha):
    for k in (5, 300):
        check("aten::addmm", tensor(*self_size, dtype=dtype), tensor(33, k, dtype=dtype), tensor(k, 70, dtype=dtype), beta=beta,
              alpha=alpha,
              direct=True, **tolerance(dtype))


def test_addmm_with_beta_zero_ignores_nan():
    check("aten::addmm", torch.full((4,), float("nan")), tensor(3, 5), tensor(5, 4), beta=0, direct=True)


def test_addmm_takes_transposed_weights_and_vectors():
    w = tensor(64, 128)
    check("aten::addmm", tensor(64), tensor(1, 128), w.t(), direct=True, rtol=1e-4, atol=1e-4)
    check("aten::addmm", tensor(64)[::1], tensor(128, 9).t(), w.t(), beta=0.5, alpha=0.25, direct=True, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", FLOATS + [torch.int64], ids=str)
@pytest.mark.parametrize("b,m,n,k", [(1, 3, 4, 5), (3, 17, 9, 33), (20, 5, 6, 7), (2, 200, 180, 300), (0, 3, 4, 5), (9, 1, 64, 64)])
def test_bmm_equals_pytorch(b, m, n, k, dtype):
    check("aten::bmm", tensor(b, m, k, dtype=dtype), tensor(b, k, n, dtype=dtype), direct=True, **tolerance(dtype))
    check("aten::bmm", tensor(m, b, k, dtype=dtype).transpose(0, 1), tensor(b, n, k, dtype=dtype).mT, direct=True, **tolerance(dtype))
    check("aten::bmm", tensor(1, m, k, dtype=dtype).expand(b, m, k), tensor(b, k, n, dtype=dtype), direct=True, **tolerance(dtype))


@pytest.mark.parametrize("self_size", [(3, 5, 7), (5, 7), (3, 1, 7), (1, 5, 1), (7,), ()], ids=str)
@pytest.mark.parametrize("beta,alpha", [(1, 1), (0.5, 2.0), (0, 1)])
def test_baddbmm_equals_pytorch(self_size, beta, alpha):
    for dtype in FLOATS:
        check("aten::baddbmm", tensor(*self_size, dtype=dtype), tensor(3, 5, 270, dtype=dtype), tensor(3, 270, 7, dtype=dtype), beta=beta,
              alpha=alpha, direct=True, **tolerance(dtype))


@pytest.mark.parametrize("dtype", FLOATS + [torch.int32], ids=str)
@pytest.mark.parametrize("sizes", [(20,), (1, 20), (5, 20), (2, 3, 20), (2, 3, 4, 20), (0, 20), (9, 300)], ids=str)
@pytest.mark.parametrize("out", [1, 7, 65])
@pytest.mark.parametrize("bias", [False, True])
def test_linear_equals_pytorch(dtype, sizes, out, bias):
    b = tensor(out, dtype=dtype) if bias else None
    check("aten::linear", tensor(*sizes, dtype=dtype), tensor(out, sizes[-1], dtype=dtype), b, direct=True, **tolerance(dtype))


def test_linear_reads_strided_inputs():
    check("aten::linear", tensor(6, 40)[:, ::2], tensor(9, 20), direct=True, rtol=1e-4, atol=1e-5)
    check("aten::linear", tensor(4, 3, 20)[:, 1], tensor(20, 7).t(), tensor(14)[::2], direct=True, rtol=1e-4, atol=1e-5)


def test_linear_with_a_vector_as_weight():
    check("aten::linear", tensor(4, 3, 20), tensor(20), direct=True, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("op,args", [
    ("aten::mm", [tensor(3, 4), tensor(5, 6)]),
    ("aten::mm", [tensor(3, 4), tensor(2, 4, 6)]),
    ("aten::mm", [tensor(3, 4), tensor(4, 6).double()]),
    ("aten::bmm", [tensor(2, 3, 4), tensor(3, 4, 6)]),
    ("aten::addmm", [tensor(5), tensor(3, 4), tensor(4, 6)]),
    ("aten::addmm", [tensor(1, 3, 6), tensor(3, 4), tensor(4, 6)]),
    ("aten::baddbmm", [tensor(3, 3, 6), tensor(2, 3, 4), tensor(2, 4, 6)]),
    ("aten::linear", [tensor(3, 4), tensor(6, 5)]),
    ("aten::linear", [tensor(3, 4), tensor(6, 4), tensor(5)]),
    ("aten::linear", [torch.tensor(1.0), tensor(6, 4)]),
], ids=lambda v: v if isinstance(v, str) else "x".join(str(tuple(t.shape)) for t in v))
def test_what_does_not_fit_is_refused(op, args):
    with pytest.raises(EtcError):
        call(op, *args, direct=True)
