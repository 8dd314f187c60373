"""Gathering, scattering, sorting and searching against PyTorch."""
import pytest
import torch

from etc_op import EtcError, call, check

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int8, torch.uint8, torch.bool]
NUMBERS = [d for d in DTYPES if d != torch.bool]


def data(dtype, *size):
    return (torch.randn(size) * 5).to(dtype)


def ints(high, *size, low=0):
    return torch.randint(low, high, size)


@pytest.mark.parametrize("dtype", DTYPES)
def test_index_select_and_embedding(dtype):
    x = data(dtype, 3, 4, 5)
    for dim in (0, 1, -1):
        check("aten::index_select", x, dim, ints(3, 6), direct=True)
        check("aten::index_select", x, dim, ints(3, 2).int(), direct=True)
    check("aten::index_select", x, 1, torch.tensor(2), direct=True)
    if dtype.is_floating_point:
        check("aten::embedding", data(dtype, 7, 4), ints(7, 2, 3), direct=True)
        check("aten::embedding", data(dtype, 7, 4), ints(7, 2, 3).int(), 0, direct=True)
        check("aten::embedding", data(dtype, 7, 4), torch.tensor(3), direct=True)


def test_indices_outside_are_errors():
    x = data(torch.float32, 3, 4)
    for bad in (3, -1, 2**40):
        i = torch.tensor([0, bad])
        with pytest.raises(EtcError):
            call("aten::index_select", x, 0, i, direct=True)
        with pytest.raises(EtcError):
            call("aten::embedding", x, i, direct=True)
        with pytest.raises(EtcError):
            call("aten::gather", x, 0, i[:, None], direct=True)
    for bad in (3, -4):
        with pytest.raises(EtcError):
            call("etc::index", x, [torch.tensor([bad])], direct=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_index_by_tensors(dtype):
    x = data(dtype, 3, 4, 5, 2)
    i, j = ints(3, 2, 6, low=-3), ints(4, 6, low=-4)
    for indices in ([i], [i, j], [None, j], [None, j, None, ints(2, 2, 1)], [i, None, ints(5, 6)], [None, None, ints(5, 0)], [torch.tensor(1)],
                    [ints(3, 6).int(), j.int()]):
        check("etc::index", x, indices, direct=True, expected=torch.ops.aten.index.Tensor(x, indices))
        check("etc::index", x.transpose(1, 2).contiguous().transpose(1, 2), indices, direct=True,
              expected=torch.ops.aten.index.Tensor(x, indices))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("accumulate", [False, True])
def test_index_put(dtype, accumulate):
    x = data(dtype, 3, 4, 5)
    i, j = torch.tensor([[0, -1], [1, 0]]), torch.tensor([1, 3])
    for indices, size in (([torch.tensor([2, 0])], (2, 4, 5)), ([torch.tensor([2, 0])], (1, 5)), ([i, j], (2, 2, 5)), ([None, j], (3, 2, 5)),
                          ([None, j], ()), ([torch.tensor([0, 2]), None, torch.tensor([1, 4])], (2, 4)), ([torch.tensor(1)], (4, 5))):
        values = data(dtype, *size)
        check("etc::index_put", x, indices, values, accumulate, direct=True,
              expected=torch.ops.aten.index_put(x, indices, values, accumulate))
    if accumulate and dtype in (torch.float32, torch.int64):
        repeated, values = torch.tensor([1, 1, 1, 0]), data(dtype, 4, 4, 5)
        check("etc::index_put", x, [repeated], values, True, direct=True, expected=torch.ops.aten.index_put(x, [repeated], values, True))


@pytest.mark.parametrize("dtype", DTYPES)
def test_index_add_and_copy(dtype):
    x = data(dtype, 3, 4, 5)
    for dim in (0, 1, 2):
        n = x.shape[dim]
        index = torch.randperm(n)[:2]
        size = list(x.shape)
        size[dim] = 2
        check("aten::index_copy", x, dim, index, data(dtype, *size), direct=True)
        check("aten::index_add", x, dim, index, data(dtype, *size), direct=True)
        if dtype != torch.bool:
            check("aten::index_add", x, dim, index.int(), data(dtype, *size), alpha=2, direct=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gather_and_scatter(dtype):
    x = data(dtype, 3, 4, 5)
    for dim in (0, 1, -1):
        check("aten::gather", x, dim, ints(3, 2, 3, 4), direct=True)
        index = torch.stack([torch.randperm(x.shape[dim])[:2] for _ in range(6)]).reshape(2, 3, 2).movedim(-1, dim).contiguous()
        index = index[:3, :4, :5]
        check("aten::scatter.src", x, dim, index, data(dtype, 3, 4, 5), direct=True)
        check("aten::scatter.value", x, dim, index, 1, direct=True)
        check("aten::scatter_add", x, dim, index, data(dtype, 3, 4, 5), direct=True)
    check("aten::gather", data(dtype, 4), 0, ints(4, 7), direct=True)
    check("aten::gather", x, 1, torch.zeros(0, 2, 2, dtype=torch.int64), direct=True)
    check("aten::gather", x[0, 0, 0].clone(), 0, torch.tensor(0), direct=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.int32, torch.bfloat16])
@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
def test_scatter_reduce(dtype, reduce, include_self):
    x, source = data(dtype, 3, 5), data(dtype, 4, 5)
    if dtype.is_floating_point:
        source[0, 0] = float("nan")
    index = ints(3, 4, 5)
    loose = dict(rtol=3e-2, atol=1) if dtype == torch.bfloat16 else {}
    check("aten::scatter_reduce.two", x, 0, index, source, reduce, include_self=include_self, direct=True, **loose)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("descending", [False, True])
def test_sort_is_stable(dtype, descending):
    x = ints(6, 4, 7, 3).to(dtype)
    if dtype.is_floating_point:
        x[1, 2, 1] = float("nan")
        x[0, 0, 0] = float("-inf")
    for dim in (0, 1, -1):
        check("aten::sort.stable", x, stable=True, dim=dim, descending=descending, direct=True)
    check("aten::sort.stable", torch.tensor(3).to(dtype), stable=True, direct=True)
    check("aten::sort.stable", torch.empty(0, 3).to(dtype), stable=True, dim=0, direct=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bfloat16])
@pytest.mark.parametrize("largest", [False, True])
def test_topk(dtype, largest):
    x = torch.randperm(4 * 20).reshape(4, 20).to(dtype)  # no ties: PyTorch breaks them in no particular order
    for k, dim in ((3, 1), (0, 1), (20, 1), (4, 0)):
        check("aten::topk", x, k, dim, largest, True, direct=True)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.int32])
def test_search(right, dtype):
    x, boundaries = data(dtype, 3, 5), torch.tensor([-3, -1, -1, 0, 4]).to(dtype)
    if dtype.is_floating_point:
        x[0, 0], x[0, 1] = float("nan"), float("inf")
    check("aten::bucketize.Tensor", x, boundaries, right=right, direct=True)
    check("aten::bucketize.Tensor", x, boundaries, out_int32=True, right=right, direct=True)
    check("aten::searchsorted.Tensor", data(dtype, 3, 6).sort(-1)[0], x, right=right, direct=True)
    check("aten::searchsorted.Tensor", boundaries, x, side="right" if right else "left", direct=True)


@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_embedding_bag(mode, dtype):
    weight, indices = data(dtype, 9, 4), ints(9, 12)
    for offsets, last in (([0, 4, 4, 9], False), ([0, 3, 12], True)):
        for padding in (-1, 2):
            check("aten::_embedding_bag", weight, indices, torch.tensor(offsets), False, mode, False, None, last, padding, direct=True,
                  skip=(1, 2, 3))
    if mode == 0:
        check("aten::_embedding_bag", weight, indices, torch.tensor([0, 5]), False, 0, False, data(dtype, 12), False, -1, direct=True,
              skip=(1, 2, 3))
