"""Programs that draw random numbers: what PyTorch exports compiles in both forms, and one seed gives one run, whatever else differs."""
import numpy as np
import pytest
import torch
from torch._higher_order_ops.map import map as torch_map
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop

from etc_tools import COMPILE, INSPECT, RUN, compile_model, run

F = torch.nn.functional
GENERATOR = "etc.random"


class Draws(torch.nn.Module):
    """One of each, in and out of place."""

    def forward(self, x):
        noisy = x.clone()
        noisy[:, 0].uniform_(2, 3)
        noisy[:, 1].normal_(10, 0.1)
        noisy[:, 2].bernoulli_()
        noisy[:, 3].exponential_()
        noisy[:, 4].random_(7)
        return (torch.rand(4, 5), torch.rand_like(x), torch.randn(3), torch.randn_like(x, dtype=torch.float64), torch.randint(3, 9, (6,)),
                torch.randint_like(x, 4), torch.randperm(9), torch.bernoulli(x.sigmoid()), torch.normal(x, 2.0),
                torch.multinomial(x.softmax(-1), 3), torch.multinomial(x.softmax(-1), 4, replacement=True), noisy)


class Training(torch.nn.Module):
    """Layers that drop something in training, and one that keeps statistics."""

    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.25, batch_first=True)
        self.rnn = torch.nn.LSTM(8, 4, 3, dropout=0.5, bidirectional=True, batch_first=True)
        self.gru = torch.nn.GRU(8, 4, 2, dropout=0.5)
        self.drop, self.norm = torch.nn.Dropout(0.5, inplace=True), torch.nn.BatchNorm1d(3)

    def forward(self, x):
        y = self.norm(self.encoder(x))
        return self.drop(y + 1), self.rnn(y)[0], self.gru(y)[1], F.alpha_dropout(y, 0.2, True), F.dropout1d(y, 0.5, True), F.gumbel_softmax(y, hard=True)


class Steps(torch.nn.Module):
    """A walk: draws in a loop, in a branch of it that is not always taken, and around it."""

    def forward(self, x, n):
        def step(i, x):
            x = torch.cond(i % 2 == 0, lambda x: x + torch.rand_like(x), lambda x: x * 1.0, (x,))
            return i + 1, x + torch.randn_like(x)

        first = torch.rand(2)
        _, x = while_loop(lambda i, x: i < n, step, (torch.zeros((), dtype=torch.int64), x))
        return first, x, torch.rand(2)


class Rows(torch.nn.Module):
    def forward(self, x):
        noise = torch_map(lambda row: row * 0 + torch.rand_like(row), x)
        total, sums = scan(lambda sum, row: (sum + torch.rand_like(row), sum * 1.0), torch.zeros(x.shape[1]), x)
        return noise, total, sums


def export(module, inputs, folder, form, **options):
    program = torch.export.export(module, inputs, **options)
    program = program.run_decompositions() if form == "core" else program
    torch.export.save(program, folder / "model.pt2")
    compile_model(folder / "model.pt2", folder / "model.etc")
    run(INSPECT, "--verify", folder / "model.etc")
    for i, x in enumerate(inputs):
        np.save(folder / f"in{i}.npy", x.numpy())
    return program, [folder / "model.etc", *[folder / f"in{i}.npy" for i in range(len(inputs))]]


def outputs(folder, *command):
    run(RUN, *command, "-o", folder / "out.npz")
    with np.load(folder / "out.npz") as file:
        return [file[name] for name in file.files]


def same(a, b):
    return len(a) == len(b) and all(x.tobytes() == y.tobytes() for x, y in zip(a, b))


MODELS = {"draws": (Draws, (torch.randn(6, 5),)), "training": (Training, (torch.randn(2, 3, 8),)),
          "steps": (Steps, (torch.zeros(3), torch.tensor(5))), "rows": (Rows, (torch.randn(4, 3),))}


@pytest.mark.parametrize("form", ["plain", "core"])
@pytest.mark.parametrize("name", MODELS)
def test_one_seed_gives_one_run(name, form, tmp_path):
    module, inputs = MODELS[name]
    program, command = export(module().train(), inputs, tmp_path, form)
    first = outputs(tmp_path, *command, "--seed", 3)
    for theirs, ours in zip(torch.utils._pytree.tree_leaves(program.module()(*inputs)), first):
        assert list(theirs.shape) == list(ours.shape) and str(theirs.dtype) == f"torch.{ours.dtype}"
        assert np.isfinite(ours).all()
    assert same(outputs(tmp_path, *command, "--seed", 3, "--threads", 1), first)
    assert same(outputs(tmp_path, *command, "--seed", 3, "--threads", 2), first)
    assert same(outputs(tmp_path, *command, "--seed", 3, "--async"), first)
    assert not same(outputs(tmp_path, *command, "--seed", 4), first)
    assert same(outputs(tmp_path, *command), outputs(tmp_path, *command, "--seed", 0))
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", *[f"--disable-pass={p}" for p in ("merge-common", "fold-constants", "order-for-memory")])
    again = outputs(tmp_path, *command, "--seed", 3)
    assert all(np.allclose(x, y, rtol=1e-4, atol=1e-5) for x, y in zip(again, first))


def test_draws_in_place_write_where_they_should(tmp_path):
    x = torch.zeros(500, 5)
    _, command = export(Draws(), (x,), tmp_path, "plain")
    noisy = outputs(tmp_path, *command)[-1]
    assert 2 <= noisy[:, 0].min() and noisy[:, 0].max() <= 3 and abs(noisy[:, 1].mean() - 10) < 0.1
    assert set(noisy[:, 2]) == {0, 1} and noisy[:, 3].min() > 0 and set(noisy[:, 4]) == set(range(7))


def test_equal_draws_are_not_merged(tmp_path):
    class Twice(torch.nn.Module):
        def forward(self, x):
            return torch.rand(8), torch.rand(8), x + torch.rand(8)

    a, b, c = outputs(tmp_path, *export(Twice(), (torch.zeros(8),), tmp_path, "plain")[1])
    assert not (a == b).any() and not (b == c).any() and not (a == c).any()


def test_every_turn_and_branch_draws_anew(tmp_path):
    _, command = export(Rows(), (torch.zeros(40, 3),), tmp_path, "plain")
    noise, total, sums = outputs(tmp_path, *command)
    assert len(np.unique(noise)) == 120
    drawn = np.diff(np.concatenate([sums, total[None]]), axis=0)
    assert len(np.unique(drawn.round(5))) > 115 and not (noise == drawn).any()
    _, command = export(Steps(), (torch.zeros(2), torch.tensor(3)), tmp_path, "plain")
    before, walk, after = outputs(tmp_path, *command)
    assert not (before == after).any() and walk[0] != walk[1]


def test_state_goes_on_where_it_was_saved(tmp_path):
    _, command = export(Draws(), (torch.randn(6, 5),), tmp_path, "plain")
    saved = tmp_path / "state.npz"
    first = outputs(tmp_path, *command, "--seed", 5, "--save-state", saved)
    key, counter = np.load(saved)[GENERATOR]
    assert key == 5 and counter > 0
    second = outputs(tmp_path, *command, "--load-state", saved, "--save-state", tmp_path / "later.npz")
    assert np.load(tmp_path / "later.npz")[GENERATOR].tolist() == [5, 2 * counter]
    assert not same(first, second)
    run(RUN, *command, "--seed", 5, "--repeat", 2, "--save-state", tmp_path / "twice.npz")  # two runs in one process are the same two
    assert np.load(tmp_path / "twice.npz")[GENERATOR].tolist() == [5, 2 * counter]
    assert same(outputs(tmp_path, *command, "--load-state", saved, "--seed", 5), first)  # the seed wins


def test_sizes_that_vary(tmp_path):
    class Net(torch.nn.Module):
        def forward(self, x):
            n = x.shape[0]
            return torch.rand(n, 2), torch.randint(n, (n + 1,)), torch.randperm(n), F.dropout(x, 0.5, True), torch.multinomial(x.exp(), 2)

    _, command = export(Net(), (torch.randn(5, 4),), tmp_path, "plain", dynamic_shapes={"x": {0: torch.export.Dim("rows", min=2, max=64)}})
    for rows in (2, 7, 64):
        uniform, below, order, dropped, picked = outputs(tmp_path, command[0], f"{rows}x4xf32=random:1", "--seed", 1)
        assert uniform.shape == (rows, 2) and below.shape == (rows + 1,) and dropped.shape == (rows, 4) and picked.shape == (rows, 2)
        assert 0 <= below.min() and below.max() < rows and sorted(order) == list(range(rows))


def test_methods_share_the_generator(tmp_path):
    class Net(torch.nn.Module):
        def forward(self, x):
            return x + torch.rand(3)

    for name in ("a", "b"):
        torch.export.save(torch.export.export(Net(), (torch.zeros(3),)), tmp_path / f"{name}.pt2")
    words = [word for m in ("a", "b") for word in ("--method", f"{m}={tmp_path / m}.pt2")]
    run(COMPILE, *words, "-o", tmp_path / "both.etc")
    one, two = [outputs(tmp_path, tmp_path / "both.etc", "3xf32=zeros", "--method", m, "--seed", 1, "--save-state", tmp_path / "s.npz")[0] for m in ("a", "b")]
    assert same([one], [two])
    assert not (outputs(tmp_path, tmp_path / "both.etc", "3xf32=zeros", "--method", "a", "--load-state", tmp_path / "s.npz")[0] == one).any()


def test_a_seed_for_nothing_is_refused(tmp_path):
    _, command = export(torch.nn.Dropout(0.5).eval(), (torch.zeros(3),), tmp_path, "plain")
    assert "draws no random numbers" in run(RUN, *command, "--seed", 1, expect=2).stderr
    run(RUN, *command)
    _, command = export(torch.nn.Dropout(0.5), (torch.zeros(3),), tmp_path, "plain")
    for bad in ("-1", "x", str(2**64)):
        run(RUN, *command, "--seed", bad, expect=2)
    run(RUN, *command, "--seed", 2**64 - 1)


def test_a_condition_that_draws_is_refused(tmp_path):
    class Net(torch.nn.Module):
        def forward(self, x):
            return while_loop(lambda x: x.sum() + torch.rand(()) < 9, lambda x: (x + 1,), (x,))

    torch.export.save(torch.export.export(Net(), (torch.zeros(3),)), tmp_path / "model.pt2")
    message = compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", expect=3).stderr
    assert "random numbers in its condition" in message and "random_test.py:" in message
