"""Recurrent layers against PyTorch: depth, directions, layouts, biases, projections, batch and sequence sizes around the chunk."""
import itertools

import pytest
import torch

from etc_op import EtcError, call, check

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
LOOSE = {torch.float32: (1e-4, 1e-5), torch.float64: (1e-9, 1e-9), torch.float16: (5e-3, 5e-3), torch.bfloat16: (3e-2, 3e-2)}
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def tensor(*sizes, dtype=torch.float32, seed=0, scale=1.0):
    g = torch.Generator().manual_seed(seed + sum(sizes))
    return (torch.randn(sizes, generator=g, dtype=torch.float64) * scale).to(dtype)


def arguments(kind, steps=5, batch=2, width=7, hidden=6, layers=1, bidirectional=False, batch_first=False, biases=True, projection=0,
              dtype=torch.float32):
    directions, out = 1 + bidirectional, projection or hidden
    x = tensor(*((batch, steps, width) if batch_first else (steps, batch, width)), dtype=dtype)
    h = tensor(layers * directions, batch, out, dtype=dtype, seed=1)
    state = [h, tensor(layers * directions, batch, hidden, dtype=dtype, seed=2)] if kind == "lstm" else h
    parameters = []
    for i in range(layers * directions):
        depth = width if i < directions else out * directions
        sizes = [(GATES[kind] * hidden, depth), (GATES[kind] * hidden, out)] + [(GATES[kind] * hidden,)] * (2 * biases)
        sizes += [(projection, hidden)] if projection else []
        parameters += [tensor(*s, dtype=dtype, seed=10 * i + j, scale=(depth + out) ** -0.5) for j, s in enumerate(sizes)]
    return [x, state, parameters, biases, layers, 0.0, False, bidirectional, batch_first]


def same(kind, args):
    r, a = LOOSE[args[0].dtype]
    check(f"aten::{kind}.input", *args, direct=True, rtol=r, atol=a)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("layers,bidirectional,batch_first,biases", list(itertools.product([1, 2, 3], [False, True], [False, True],
                                                                                           [False, True])))
def test_structures(kind, layers, bidirectional, batch_first, biases):
    same(kind, arguments(kind, layers=layers, bidirectional=bidirectional, batch_first=batch_first, biases=biases))


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("steps,batch,width,hidden", [(1, 1, 1, 1), (17, 1, 5, 33), (40, 1, 300, 16), (9, 3, 4, 8), (20, 15, 3, 4),
                                                      (3, 16, 9, 5), (4, 40, 9, 5),
                                                      (3, 2, 270, 290)])
@pytest.mark.parametrize("batch_first", [False, True])
def test_sizes(kind, steps, batch, width, hidden, batch_first):
    same(kind, arguments(kind, steps, batch, width, hidden, batch_first=batch_first, bidirectional=True, layers=2))


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_dtypes(kind, dtype):
    same(kind, arguments(kind, dtype=dtype, layers=2, bidirectional=True))


@pytest.mark.parametrize("layers,bidirectional,batch_first", list(itertools.product([1, 2], [False, True], [False, True])))
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_projections(layers, bidirectional, batch_first, dtype):
    same("lstm", arguments("lstm", layers=layers, bidirectional=bidirectional, batch_first=batch_first, projection=3, dtype=dtype))


@pytest.mark.parametrize("kind", GATES)
def test_any_strides(kind):
    args = arguments(kind, steps=6, batch=3, width=8)
    args[0] = tensor(3, 8, 12)[:, :, ::2].permute(2, 0, 1)
    args[2] = [p.t().contiguous().t() if p.dim() == 2 else torch.stack([p, p], 1)[:, 0] for p in args[2]]
    state = tensor(3, 1, 12).transpose(0, 1)[..., ::2]
    args[1] = [state, state] if kind == "lstm" else state
    same(kind, args)


@pytest.mark.parametrize("kind", GATES)
def test_empty_batch(kind):
    ours = call(f"aten::{kind}.input", *arguments(kind, batch=0, layers=2), direct=True)
    assert list(ours[0].shape) == [5, 0, 6] and list(ours[1].shape) == [2, 0, 6]


def change(kind, **kwargs):
    args = arguments(kind, layers=2)
    for i, v in kwargs.items():
        args[int(i[1:])] = v(args[int(i[1:])]) if callable(v) else v
    return args


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("changes", [
    dict(_0=tensor(5, 2, 8)), dict(_0=tensor(5, 7)), dict(_0=tensor(5, 3, 7)), dict(_0=tensor(0, 2, 7)), dict(_0=tensor(5, 2, 7).double()),
    dict(_2=lambda p: p[:-1]), dict(_2=lambda p: p + p), dict(_2=lambda p: [q.double() for q in p]), dict(_2=lambda p: p[::-1]),
    dict(_3=False), dict(_4=1),
    dict(_4=0), dict(_4=-2), dict(_4=2**62), dict(_5=0.5, _6=True), dict(_7=True), dict(_8=True)], ids=lambda c: str(list(c)))
def test_what_does_not_fit_is_refused(kind, changes):
    with pytest.raises(EtcError):
        call(f"aten::{kind}.input", *change(kind, **changes), direct=True)


def test_states_that_do_not_fit_are_refused():
    for state in ([tensor(2, 2, 6)], [tensor(2, 2, 6), tensor(2, 2, 6), tensor(2, 2, 6)], [tensor(2, 2, 6), tensor(2, 6)],
                  [tensor(2, 3, 6), tensor(2, 2, 6)],
                  [tensor(2, 2, 6), tensor(1, 2, 6)], [tensor(2, 2, 6), tensor(2, 2, 5)]):
        with pytest.raises(EtcError):
            call("aten::lstm.input", *change("lstm", _1=state), direct=True)
    with pytest.raises(EtcError):
        call("aten::gru.input", *change("gru", _1=tensor(2, 6)), direct=True)
