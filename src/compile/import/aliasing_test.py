"""Models that write in place: through views, into inputs and buffers, under other dtypes and layouts. Eager PyTorch is the judge."""
import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from etc_tools import RUN, compile_model, run

X = torch.tensor([[0.5, -1.25, 2.0, -3.5], [1.5, 0.25, -0.75, 4.0], [-2.5, 3.25, 0.125, 1.0]])
MODELS = {}


class Model(torch.nn.Module):
    def __init__(self, forward, buffers):
        super().__init__()
        self.function = forward
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor)

    def forward(self, *args):
        return self.function(self, *args)


def model(*args, buffers=dict, core=True):
    """Registers a forward(self, *args). `core`: the functional form is tested too."""

    def register(forward):
        MODELS[forward.__name__] = (forward, args, buffers, core)
        return forward

    return register


@model(X)
def clone_keeps_strides(self, x):
    y = x.t().clone()
    flat = y.t().view(-1)  # a view in PyTorch, whose clone is laid out like x.t()
    flat.add_(1)
    y[0] = 5
    return y, flat


@model(torch.arange(120.0).reshape(2, 3, 4, 5) - 60)
def reshape_of_channels_last(self, x):
    z = torch.relu(x.to(memory_format=torch.channels_last))
    rows = z.permute(0, 2, 3, 1).reshape(-1, 3)
    rows.mul_(2)
    z[0, 0] = 1
    return z.sum((2, 3)), rows


@model(X)
def conversions_that_do_nothing_alias(self, x):
    a = x.clone()
    b = a.contiguous()
    b.add_(1)
    a.to(torch.float32).mul_(2)
    c = a.to(torch.float64)
    c.zero_()
    return a, c


@model(X)
def writes_into_zeros(self, x):
    y = torch.zeros(4, 5)
    y[1:3, ::2] = x[:2, :3]
    y[0].fill_(3)
    y.diagonal().add_(10)
    y[:, None, 1].mul_(2)
    return y


def overlapping_buffers():
    base = torch.zeros(3, 8)
    return {"base": base, "part": base[:, 1:3]}


@model(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), buffers=overlapping_buffers, core=False)  # run_decompositions fails on it
def buffers_in_one_storage(self, x):
    self.base[:, :2].copy_(x)
    self.part.add_(1)
    return self.base * 1, self.part


def sliced_buffers():
    base = torch.arange(24.0).reshape(4, 6)
    return {"base": base, "even": base[:, ::2]}


@model(X, buffers=sliced_buffers, core=False)  # here too
def strided_buffers_in_one_storage(self, x):
    self.even.add_(1)
    self.base.mul_(2)
    return self.even * 1


@model(X)
def parts_of_a_split(self, x):
    a, b, c = x.clone().split([1, 2, 1], 1)
    b.neg_()
    a += c
    return a, b, c, torch.cat([a, b], 1)


@model(X)
def parts_of_a_chunk(self, x):
    y = x.clone()
    for part in y.chunk(2, 0):
        part.sub_(part.mean())
    return y


@model(X)
def masked_and_unbound(self, x):
    y = x.expand(2, 3, 4).clone()
    y[1] -= 1
    y.clamp_(min=0).sqrt_()
    first = y.unbind(0)[0]
    first.masked_fill_(first > 0.5, 9.0)
    return y


@model(X)
def shapes_changed_in_place(self, x):
    y = x.clone()
    y.unsqueeze_(0)
    z = y.squeeze(0)
    z.transpose_(0, 1)
    z.add_(1)
    w = x.clone()
    w.t_()
    w.squeeze().mul_(3)
    return y, z, w


@model(X)
def inputs_and_their_views(self, x):
    x.add_(1)
    row = x[1]
    row.zero_()
    return x.sum(), row


@model(X)
def bits_in_place(self, x):
    y = x.clone()
    y.view(torch.int32).bitwise_and_(0x7FFFFFFF)
    return y, (x.view(torch.int32) & 0x7FFFFFFF).view(torch.float32)


@model(X)
def indexed_writes(self, x):
    y = x.clone()
    y[y > 1] = 0
    y[torch.tensor([0, 2])] += 1
    y.index_add_(0, torch.tensor([1]), x[:1])
    y.scatter_(1, torch.tensor([[0], [1], [2]]), 7.0)
    return y


@model(X)
def dtypes_stay_in_place(self, x):
    y = x > 0
    y |= x < -1
    y.logical_not_()
    z = x.int()
    z <<= 1
    z += y
    z.pow_(2)
    h = x.half()
    h.add_(1.5)
    h *= torch.tensor(2.0)
    h /= 3
    w = torch.full((3, 4), 2, dtype=torch.int64)
    w[1] = x[1]
    return y, z, h, w


@model(X)
def views_of_a_range(self, x):
    y = torch.arange(6.0).reshape(2, 3)
    y.t()[0] += x[0, :2]
    flat = y.flatten()
    flat[0] = 100
    return y, flat, y.movedim(0, 1)


@model(X)
def strided_windows(self, x):
    y = x.clone()
    y.as_strided((2, 2), (1, 2), 1).add_(100)
    return y, torch.as_strided(y, (3,), (4,), 2)


@model(X, core=False)  # PyTorch's decomposition makes a copy of what dropout returns
def dropout_returns_its_input(self, x):
    y = x.clone()
    y.detach().add_(1)
    F.dropout(y, 0.5, False).mul_(2)
    return y


@model(X)
def activations_in_place(self, x):
    y = F.relu(x, inplace=True)
    z = F.hardtanh(y * 2, inplace=True)
    F.leaky_relu_(z, 0.1)
    F.silu(z, inplace=True)
    return z, F.elu_(x - 1)


@model(X)
def swapped_columns(self, x):
    y = x.clone()
    y[..., 0], y[..., 1] = y[..., 1].clone(), y[..., 0].clone()
    y[:, 2:] = y[:, 2:].flip(1)
    return y


@model(X, buffers=lambda: {"weights": torch.arange(12.0).reshape(3, 4)})
def views_of_a_buffer(self, x):
    halves = self.weights.view(2, 6)
    halves[0].zero_()
    self.weights.t()[1].add_(1)
    return self.weights + x, halves.sum()


@model(X)
def expanded_views_see_later_writes(self, x):
    y = x.clone()
    z = y.expand(2, 3, 4)
    y.add_(1)
    return z.sum(0), z


@model(X)
def without_gradients(self, x):
    with torch.no_grad():
        y = x * 2
        y.add_(1)
    return y


@model(X)
def arithmetic_in_place(self, x):
    y = x * 1
    y.clamp_min_(0)
    y.round_()
    y.floor_divide_(2)
    y.remainder_(3)
    y.lerp_(x, 0.5)
    y.addcmul_(x, x, value=0.5)
    y.addmm_(torch.ones(3, 3), x, beta=0.5)
    return y


@pytest.mark.parametrize("form", ["export", "core"])
@pytest.mark.parametrize("name", MODELS)
def test_writes_reach_what_they_reach_in_pytorch(name, form, tmp_path):
    forward, args, buffers, core = MODELS[name]
    if form == "core" and not core:
        pytest.skip("not in the functional form")
    eager = Model(forward, buffers()).eval()
    program = torch.export.export(Model(forward, buffers()).eval(), copy.deepcopy(args), strict=False)
    torch.export.save(program.run_decompositions() if form == "core" else program, tmp_path / "model.pt2")
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc")

    state = []
    for call in range(2):  # the second starts from the state that the first left
        given = copy.deepcopy(args)
        np.savez(tmp_path / "in.npz", *[tensor.numpy() for tensor in given])
        run(RUN, tmp_path / "model.etc", tmp_path / "in.npz", "-o", tmp_path / "out.npz", *state, "--save-state", tmp_path / f"state{call}.npz")
        state = ["--load-state", tmp_path / f"state{call}.npz"]
        ours = list(np.load(tmp_path / "out.npz").values())
        results = eager(*given)
        expected = [*(results if isinstance(results, tuple) else (results,))]
        expected += [after for before, after in zip(args, given) if not torch.equal(before, after)]
        assert len(ours) == len(expected)
        for got, wanted in zip(ours, expected):
            np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-3 if wanted.dtype == torch.float16 else 1e-5, atol=1e-6)
