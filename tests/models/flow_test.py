"""Control flow through etc-compile and etc-run, compared with PyTorch eager: both export forms, passes on and off, several inputs."""
import sys

import numpy as np
import pytest
import torch
from torch._higher_order_ops.map import map as torch_map
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop

from etc_tools import COMPILE, INSPECT, ROOT, RUN, run

torch.manual_seed(7)


class Closures(torch.nn.Module):
    """Both branches use parameters, one gives two views of one tensor."""

    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(6, 6), torch.nn.Linear(6, 6)

    def forward(self, x, p):
        def yes(x):
            y = self.a(x).relu()
            return y[:, :3] + 1, y.t().contiguous()

        def no(x):
            y = self.b(x) - 1
            return y[:, 3:].clone(), (y * 2).t().contiguous()

        left, right = torch.cond(p, yes, no, (x,))
        return left * 2, right


class Nested(torch.nn.Module):
    """A cond in a cond in a loop, and a loop in a branch."""

    def forward(self, x, n):
        def body(i, h):
            def odd(h):
                return torch.cond(h.sum() > 0, lambda h: h * 0.5, lambda h: h + 1.5, (h,))

            def even(h):
                _, doubled = while_loop(lambda j, g: j < 2, lambda j, g: (j + 1, g * 1.25), (torch.zeros((), dtype=torch.int64), h))
                return doubled

            return i + 1, torch.cond(i % 2 == 1, odd, even, (h,))

        return while_loop(lambda i, h: i < n, body, (torch.zeros((), dtype=torch.int64), x))


class Fibonacci(torch.nn.Module):
    """Carried values that take each other's place."""

    def forward(self, a, b, n):
        _, a, b = while_loop(lambda i, a, b: i < n, lambda i, a, b: (i + 1, b.clone(), a + b), (torch.zeros((), dtype=torch.int64), a, b))
        return a, b


class Large(torch.nn.Module):
    """A carried value that is still needed when its successor is made: they change places."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.randn(40, 40) / 7)

    def forward(self, x, n):
        i, y = while_loop(lambda i, h: i < n, lambda i, h: (i + 1, h @ self.w + h[:, :1]), (torch.zeros((), dtype=torch.int64), x))
        return y, y.sum(), i


class Transposing(torch.nn.Module):
    def forward(self, x, n):
        return while_loop(lambda i, h: i < n, lambda i, h: (i + 1, (h.t() * 2 + h).contiguous()), (torch.zeros((), dtype=torch.int64), x))[1]


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = torch.nn.GRUCell(5, 7)

    def forward(self, xs, h):
        def step(h, x):
            h = self.cell(x, h)
            return h, h.clone()

        last, all_of_them = scan(step, h, xs, dim=0)
        return last, all_of_them


class Backwards(torch.nn.Module):
    def forward(self, xs, h):
        def step(carry, x):
            total, count = carry
            return (total + x["a"], count + 1), x["a"] * x["b"] - total

        return scan(step, (h, torch.zeros((), dtype=torch.int64)), {"a": xs, "b": xs * 2}, dim=0, reverse=True)


class Mapped(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.randn(4))

    def forward(self, xs, y):
        return torch_map(lambda x, y: (x * self.w + y).cumsum(0), xs, y)


class MappedInLoop(torch.nn.Module):
    def forward(self, xs, n):
        def body(i, h):
            return i + 1, torch_map(lambda x: x.sin() + x.flip(0), h)

        return while_loop(lambda i, h: i < n, body, (torch.zeros((), dtype=torch.int64), xs))[1]


class Counting(torch.nn.Module):
    """State before, through and after a cond."""

    def __init__(self):
        super().__init__()
        self.register_buffer("n", torch.zeros(()))
        self.register_buffer("history", torch.zeros(3, 2))

    def forward(self, x):
        self.n += 1
        y = torch.cond(self.n % 2 == 1, lambda x, h: x + h.sum(0), lambda x, h: x * 3 - h[1], (x, self.history))
        self.history.copy_(torch.cat([self.history[1:], y[None]]))
        self.n *= 2
        return y + self.n


class LoopOverState(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("acc", torch.zeros(3))

    def forward(self, x, n):
        _, acc = while_loop(lambda i, acc: i < n, lambda i, acc: (i + 1, acc * 0.5 + x), (torch.zeros((), dtype=torch.int64), self.acc.clone()))
        self.acc.copy_(acc)
        return acc.sum()


class Autocast(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(8, 8), torch.nn.Linear(8, 4)

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.b(self.a(x).softmax(-1) + 1)
            with torch.autocast("cpu", enabled=False):
                z = y.float() @ torch.eye(4)
        with torch.no_grad():
            return z + x.sum(-1, keepdim=True), y


class UnequalBranches(torch.nn.Module):
    """Branches that give tensors of different sizes, which then are computed with; and different numbers."""

    def forward(self, x):
        y = torch.cond(x.sum() > 0, lambda x: x[:2] * 2, lambda x: x + 1, (x,))
        return y.exp(), y.sum(0), torch.cat([y, y])


class OnSizes(torch.nn.Module):
    """A predicate on sizes, and loops over dynamic sizes."""

    def forward(self, x):
        y = torch.cond(x.shape[0] > 4, lambda x: x * 2, lambda x: x.flip(0), (x,))
        return while_loop(lambda i, h: i < x.shape[0], lambda i, h: (i + 1, h * 0.5 + i), (torch.zeros((), dtype=torch.int64), y))[1]


class LongScan(torch.nn.Module):
    def forward(self, xs, h):
        last, all_of_them = scan(lambda h, x: ((h + x).tanh(), h * x), h, xs, dim=0)
        return last, all_of_them, torch_map(lambda x, h: x.relu() + h, xs, h)


def integer(n):
    return torch.tensor(n)


# Module, and the inputs of several runs of one program.
MODELS = {
    "closures": (Closures, [(torch.randn(6, 6), torch.tensor(p)) for p in (True, False)]),
    "nested": (Nested, [(torch.randn(3) * 4, integer(n)) for n in (0, 1, 2, 7)]),
    "fibonacci": (Fibonacci, [(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), integer(n)) for n in (0, 1, 2, 9)]),
    "fibonacci_large": (Fibonacci, [(torch.randn(20, 20), torch.randn(20, 20), integer(n)) for n in (0, 1, 2, 5)]),
    "large": (Large, [(torch.randn(20, 40), integer(n)) for n in (0, 1, 2, 5)]),
    "transposing": (Transposing, [(torch.randn(12, 12), integer(n)) for n in (0, 1, 4)]),
    "recurrent": (Recurrent, [(torch.randn(6, 2, 5), torch.randn(2, 7)) for _ in range(2)]),
    "backwards": (Backwards, [(torch.randn(5, 3), torch.randn(3))]),
    "mapped": (Mapped, [(torch.randn(5, 4), torch.randn(4))]),
    "mapped_in_loop": (MappedInLoop, [(torch.randn(5, 4), integer(n)) for n in (0, 3)]),
    "counting": (Counting, [(torch.randn(2),) for _ in range(3)]),
    "loop_over_state": (LoopOverState, [(torch.randn(3), integer(n)) for n in (3, 0, 2)]),
    "autocast": (Autocast, [(torch.randn(3, 8),)]),
}


def sized(low, high, axis=0):
    return {axis: torch.export.Dim("size", min=low, max=high)}


# Module, inputs, and what varies in them.
DYNAMIC = {
    "unequal_branches": (UnequalBranches, [(torch.randn(3, 4) + b,) for b in (5, -5)], None),
    "unequal_dynamic_branches": (UnequalBranches, [(torch.randn(n, 4) + b,) for n, b in ((5, 5), (7, -5), (3, 5))], (sized(3, 12),)),
    "on_sizes": (OnSizes, [(torch.randn(n, 3),) for n in (6, 3, 9)], (sized(2, 16),)),
    "long_scan": (LongScan, [(torch.randn(n, 4), torch.randn(4)) for n in (5, 8, 2)], (sized(2, 16), None)),
}


def leaves(x):
    return [x] if isinstance(x, torch.Tensor) else [leaf for part in x for leaf in leaves(part)]


def check(program, module, cases, folder, rtol, atol):
    state = []
    for case, inputs in enumerate(cases):
        for i, x in enumerate(inputs):
            np.save(folder / f"in{i}.npy", x.numpy())
        load = ["--load-state", state[-1]] if state else []
        state.append(folder / f"state{case}.npz")
        run(RUN, program, *[folder / f"in{i}.npy" for i in range(len(inputs))], *load, "--save-state", state[-1], "-o", folder / "out.npz")
        with torch.no_grad():
            expected = leaves(module(*[x.clone() for x in inputs]))
        ours = np.load(folder / "out.npz")
        assert len(ours.files) == len(expected)
        for key, e in zip(ours.files, expected):
            a = ours[key]
            if e.dtype == torch.bfloat16:
                a, e = torch.from_numpy(a.view(np.int16).copy()).view(torch.bfloat16).float().numpy(), e.float()
            np.testing.assert_allclose(a, e.numpy(), rtol=rtol, atol=atol, err_msg=f"case {case} {key}")
        saved = np.load(state[-1])
        for name, buffer in module.named_buffers():
            np.testing.assert_allclose(saved[name], buffer.numpy(), rtol=rtol, atol=atol, err_msg=f"case {case} state {name}")


PASSES = ["dead-code", "fold-constants", "remove-copies", "remove-noops", "merge-common", "order-for-memory"]


@pytest.mark.parametrize("name", MODELS)
def test_equals_eager(name, tmp_path):
    make, cases = MODELS[name]
    tolerance = (2e-2, 2e-2) if name == "autocast" else (1e-4, 1e-4)
    torch.manual_seed(3)
    module = make()
    fresh = {k: v.clone() for k, v in module.state_dict().items()}
    exported = torch.export.export(module, cases[-1])
    torch.export.save(exported, tmp_path / "plain.pt2")
    torch.export.save(exported.run_decompositions(), tmp_path / "core.pt2")
    for form in "plain", "core":
        for options in [], [o for p in PASSES for o in ("--disable-pass", p)]:
            run(COMPILE, tmp_path / f"{form}.pt2", "-o", tmp_path / "p.etc", *options)
            run(INSPECT, tmp_path / "p.etc", "--verify")
            module.load_state_dict(fresh)
            check(tmp_path / "p.etc", module, cases, tmp_path, *tolerance)


@pytest.mark.parametrize("name", DYNAMIC)
def test_dynamic_sizes_equal_eager(name, tmp_path):
    make, cases, dynamic = DYNAMIC[name]
    module = make()
    exported = torch.export.export(module, cases[0], dynamic_shapes=dynamic)
    torch.export.save(exported, tmp_path / "plain.pt2")
    torch.export.save(exported.run_decompositions(), tmp_path / "core.pt2")
    for form in "plain", "core":
        run(COMPILE, tmp_path / f"{form}.pt2", "-o", tmp_path / "p.etc")
        run(INSPECT, tmp_path / "p.etc", "--verify")
        check(tmp_path / "p.etc", module, cases, tmp_path, 1e-4, 1e-4)


class Endless(torch.nn.Module):
    def forward(self, x):
        return while_loop(lambda i, h: i >= 0, lambda i, h: (i * 0, h * 1.0001), (torch.zeros((), dtype=torch.int64), x))[1]


def test_a_runaway_loop_stops(tmp_path):
    torch.export.save(torch.export.export(Endless(), (torch.ones(4),)), tmp_path / "endless.pt2")
    run(COMPILE, tmp_path / "endless.pt2", "-o", tmp_path / "endless.etc")
    done = run(RUN, tmp_path / "endless.etc", "4xf32=1,1,1,1", "--max-instructions", 100000, expect=4)
    assert "--max-instructions" in done.stderr


def test_unresolved_vmap_is_refused(tmp_path):
    from torch._higher_order_ops.associative_scan import associative_scan

    class Prefix(torch.nn.Module):
        def forward(self, x):
            return associative_scan(lambda a, b: a * b, x, 0, combine_mode="generic")

    exported = torch.export.export(Prefix(), (torch.randn(5, 2),))
    torch.export.save(exported, tmp_path / "plain.pt2")
    done = run(COMPILE, tmp_path / "plain.pt2", "-o", tmp_path / "p.etc", expect=3)
    assert "run_decompositions()" in done.stderr and "flow_test.py" in done.stderr
    torch.export.save(exported.run_decompositions(), tmp_path / "core.pt2")
    run(COMPILE, tmp_path / "core.pt2", "-o", tmp_path / "p.etc")


def test_the_page_about_control_flow_is_true(tmp_path):
    page = (ROOT / "docs" / "control-flow.md").read_text()
    (tmp_path / "page.py").write_text(page.split("```python\n")[1].split("```")[0])
    run(sys.executable, "page.py", cwd=tmp_path)
    run(COMPILE, tmp_path / "collatz.pt2", "-o", tmp_path / "collatz.etc")
    for n, steps in (1, 0), (6, 8), (27, 111):
        assert f"{steps}" in run(RUN, tmp_path / "collatz.etc", f"i64={n}").stdout.split()[-1]
    graph = run(INSPECT, tmp_path / "collatz.etc", "--graph").stdout
    assert "block 1:" in graph and "is false" in graph
