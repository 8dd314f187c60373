"""Custom ops from torch.library to a kernel in a library: compiled without their schema, bound when the program is loaded."""
import math
import os
import sys

import numpy as np
import pytest
import torch

from etc_tools import ROOT, RUN, compile_model, run

OPS = os.environ.get("ETC_CUSTOM_OPS")
SNAKE = os.environ.get("ETC_SNAKE_OPS")

LIBRARY = torch.library.Library("custom", "DEF")


def define(schema, implementation):
    LIBRARY.define(schema)
    LIBRARY.impl(schema[: schema.index("(")], implementation, "CompositeExplicitAutograd")


def combine(xs, w=None, *, mode="sum", negate=False):
    total = torch.stack(xs).prod(0) if mode == "prod" else torch.stack(xs).sum(0)
    total = total if w is None else total * w
    return -total if negate else total.clone(), xs[0].new_full((), len(xs), dtype=torch.int64)


def fill(x, value, like=None):
    x.fill_(value)


def accumulate(x, y):
    return x.add_(y)


define("combine(Tensor[] xs, Tensor? w=None, *, str mode='sum', bool negate=False) -> (Tensor, Tensor)", combine)
define("combine.scaled(Tensor x, Scalar factor) -> Tensor", lambda x, factor: x * factor)
define("count(Tensor x, int[]? dims=None) -> Tensor", lambda x, dims=None: x.new_full((), math.prod(x.shape[d] for d in dims) if dims else x.numel(), dtype=torch.int64))
define("fill(Tensor(a!) x, float value, Tensor? like=None) -> ()", fill)
define("acc_(Tensor(a!) x, Tensor y) -> Tensor(a!)", accumulate)
define("rows(Tensor x) -> Tensor[]", lambda x: [row.clone() for row in x])


def pick(x):
    rows = x[x[:, 0] > 0]
    return rows, x.sum(1), x.new_tensor([x.shape[0], rows.shape[0]])


def picked_rows(x):
    return x.new_empty(torch.library.get_ctx().new_dynamic_size(min=0), x.shape[1])


# Ops whose results the shapes of fakes describe.
for name, implementation, fake in (
    ("longer(Tensor x, SymInt n) -> Tensor", lambda x, n: torch.cat([x, x.new_zeros(n, x.shape[1])]), lambda x, n: x.new_empty(x.shape[0] + n, x.shape[1])),
    ("pick(Tensor x) -> (Tensor, Tensor, Tensor)", pick, lambda x: (picked_rows(x), x.new_empty(x.shape[0]), x.new_empty(2))),
    ("wrong(Tensor x) -> (Tensor, Tensor)", lambda x: (x[:1], x[:, 0]), lambda x: (picked_rows(x), x.new_empty(x.shape[0]))),
    ("twice(Tensor x) -> Tensor", lambda x: x[:2], lambda x: x.new_empty(2 * torch.library.get_ctx().new_dynamic_size(min=0), x.shape[1])),
):
    LIBRARY.define(name)
    op = "custom::" + name[: name.index("(")]
    torch.library.impl(op, "CPU", implementation, lib=LIBRARY)
    torch.library.register_fake(op, fake, lib=LIBRARY)
custom = torch.ops.custom


class Model(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.register_buffer("total", torch.zeros(2, 3))

    def forward(self, x, y):
        return self.function(self, x, y)


def arguments(m, x, y):
    a, n = custom.combine([x, y, x], mode="prod")
    b, _ = custom.combine([a.t(), y.t()], x.t(), negate=True)  # views become contiguous
    return custom.combine.scaled(a, 3), b, n, custom.count(x), custom.count(x, [0])


def lists(m, x, y):
    rows = custom.rows(x)
    return rows[1] + y[0], rows[0]


def writes(m, x, y):
    work = x * 2
    view = work[:, 1]
    custom.fill(work[0], 7.0)
    custom.fill(work[1:, 2:], 5.0)
    custom.fill(m.total[1], 2.0)
    return view + 1, work, m.total + x


def writes_one_base_twice(m, x, y):
    work = y.clone()
    custom.fill(work, 1.0)
    custom.fill(work.view(3, 2)[2], 4.0)
    kept = work * 1
    custom.fill(work, 9.0)
    return kept, work


def writes_input(m, x, y):
    custom.fill(x[1], 3.0)
    return x + y


def returns_what_it_writes(m, x, y):
    work = x.clone()
    again = custom.acc_(work, y)
    again += 1
    return work, again * 2


def check(function, tmp_path, decompose=False, options=()):
    torch.manual_seed(0)
    inputs = (torch.randn(2, 3), torch.randn(2, 3))
    program = torch.export.export(Model(function).eval(), inputs)
    torch.export.save(program.run_decompositions() if decompose else program, tmp_path / "model.pt2")
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", *options)
    for i, x in enumerate(inputs):
        np.save(tmp_path / f"in{i}.npy", x.numpy())
    with torch.no_grad():
        eager = Model(function).eval()
        expected = eager(*inputs)
    np.savez(tmp_path / "expected.npz", **{f"output_{i}": e.numpy() for i, e in enumerate(expected if isinstance(expected, tuple) else [expected])})
    run(RUN, tmp_path / "model.etc", tmp_path / "in0.npy", tmp_path / "in1.npy", "--ops", OPS, "--expect", tmp_path / "expected.npz",
        "--save-state", tmp_path / "state.npz", "-o", tmp_path / "out.npz")
    state, out = np.load(tmp_path / "state.npz"), np.load(tmp_path / "out.npz")
    if "total" in state:
        np.testing.assert_array_equal(state["total"], eager.total.numpy())
    if "x" in out:
        np.testing.assert_array_equal(out["x"], inputs[0].numpy())


BOTH_FORMS = [arguments, lists, writes, writes_one_base_twice, writes_input]


@pytest.mark.parametrize("decompose", [False, True], ids=["plain", "decomposed"])
@pytest.mark.parametrize("function", BOTH_FORMS, ids=lambda f: f.__name__)
def test_equals_eager(function, decompose, tmp_path):
    check(function, tmp_path, decompose)


def test_an_op_that_returns_what_it_writes(tmp_path):
    check(returns_what_it_writes, tmp_path)  # run_decompositions() refuses such ops


def of_the_sizes_of_the_input(x):
    return custom.combine.scaled(x, 3) + 1, custom.combine.scaled(x.t(), 2)


def of_an_expression_of_them(x):
    longer = custom.longer(x, x.shape[0] + 1)
    return longer * 2, custom.longer(longer, 3), custom.count(longer)


def decided_by_data(x):
    rows, sums, counts = custom.pick(custom.longer(x, 2))
    return rows + 1, sums, counts, torch.cat([rows, x]), custom.combine.scaled(rows, 2)


def decided_twice(x):
    rows, _, _ = custom.pick(x)
    fewer, sums, _ = custom.pick(rows[:, 1:].contiguous())
    return rows, fewer * 2, sums


class Varying(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def export_varying(function, folder, decompose=False, **dim):
    shapes = {"x": {0: torch.export.Dim("rows", **dim)}} if dim else None
    program = torch.export.export(Varying(function), (torch.randn(5, 3),), dynamic_shapes=shapes)
    torch.export.save(program.run_decompositions() if decompose else program, folder / "model.pt2")


def run_varying(function, x, folder):
    np.save(folder / "x.npy", x.numpy())
    results = function(x)
    np.savez(folder / "expected.npz", **{f"output_{i}": r.numpy() for i, r in enumerate(results if isinstance(results, tuple) else [results])})
    run(RUN, folder / "model.etc", folder / "x.npy", "--ops", OPS, "--expect", folder / "expected.npz")


VARYING = {of_the_sizes_of_the_input: [], of_an_expression_of_them: [], decided_by_data: ["u0"], decided_twice: ["u0", "u1"]}


@pytest.mark.parametrize("decompose", [False, True], ids=["plain", "decomposed"])
@pytest.mark.parametrize("function", VARYING, ids=lambda f: f.__name__)
def test_sizes_vary(function, decompose, tmp_path):
    export_varying(function, tmp_path, decompose, min=1, max=16)
    # No kernel of ours says how much that can be.
    bounds = [word for symbol in VARYING[function] for word in ("--max-dim", f"{symbol}=18")]
    if bounds:
        said = compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", expect=3).stderr
        assert all(f"--max-dim {symbol}=N" in said for symbol in VARYING[function]), said
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", *bounds)
    torch.manual_seed(0)
    for rows in (5, 16, 1, 7):
        run_varying(function, torch.randn(rows, 3), tmp_path)
    run_varying(function, torch.ones(16, 3), tmp_path)
    run_varying(function, -torch.ones(4, 3), tmp_path)


def test_data_decide_sizes_of_fixed_inputs(tmp_path):
    export_varying(decided_by_data, tmp_path)
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", "--max-dim", "u0=7")
    for x in (torch.randn(5, 3), torch.ones(5, 3), -torch.ones(5, 3)):
        run_varying(decided_by_data, x, tmp_path)


def test_more_than_planned_is_an_error(tmp_path):
    export_varying(decided_by_data, tmp_path, min=1, max=16)
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", "--max-dim", "u0=4")
    x = -torch.ones(16, 3)
    x[3:7] = 1
    run_varying(decided_by_data, x, tmp_path)
    x[9] = 1
    np.save(tmp_path / "x.npy", x.numpy())
    said = run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", "--ops", OPS, expect=None)
    assert said.returncode not in (0, 70, -11) and "custom::pick" in said.stderr, said.stderr


def test_a_kernel_of_other_sizes_than_the_model_was_told_is_refused(tmp_path):
    export_varying(lambda x: custom.wrong(x)[1] * 2, tmp_path, min=2, max=16)
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", "--max-dim", "u0=16")
    np.save(tmp_path / "x.npy", np.ones((4, 3), np.float32))
    said = run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", "--ops", OPS, expect=3).stderr
    assert "shapes do not fit" in said, said


def test_a_size_that_no_dimension_is_is_refused(tmp_path):
    export_varying(lambda x: custom.twice(x) + 1, tmp_path)
    said = compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", "--max-dim", "u0=4", expect=3).stderr
    assert "custom::twice" in said and "u0" in said and "tools/custom_ops_test.py:" in said, said


def test_missing_ops_are_all_named_with_their_lines(tmp_path):
    torch.export.save(torch.export.export(Model(arguments).eval(), (torch.randn(2, 3), torch.randn(2, 3))), tmp_path / "model.pt2")
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc")
    said = run(RUN, tmp_path / "model.etc", "2x3xf32=zeros", "2x3xf32=zeros", expect=4).stderr
    line = next(i for i, text in enumerate(open(__file__), 1) if "self.function(self, x, y)" in text)
    assert f"custom::combine at tools/custom_ops_test.py:{line}" in said
    assert "custom::combine.scaled at " in said and "custom::count at " in said and "--ops" in said


def test_a_kernel_that_does_not_take_the_call_says_its_schema(tmp_path):
    inputs = (torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 3))
    torch.export.save(torch.export.export(Model(lambda m, x, y: custom.rows(x)[0] + y), inputs), tmp_path / "model.pt2")
    compile_model(tmp_path / "model.pt2", tmp_path / "model.etc")
    said = run(RUN, tmp_path / "model.etc", "2x3xf64=zeros", "2x3xf32=zeros", "--ops", OPS, expect=4).stderr
    assert "custom::rows(Tensor x) -> Tensor[]" in said and "tools/custom_ops_test.py:" in said


def test_the_example(tmp_path):
    run(sys.executable, ROOT / "examples/custom_op/snake.py", tmp_path / "snake.pt2")
    compile_model(tmp_path / "snake.pt2", tmp_path / "snake.etc")
    x = torch.linspace(-2, 2, 12).reshape(3, 4)
    np.save(tmp_path / "x.npy", x.numpy())
    namespace = {"__name__": "snake"}
    exec(compile((ROOT / "examples/custom_op/snake.py").read_text(), "snake.py", "exec"), namespace)
    np.savez(tmp_path / "expected.npz", output_0=namespace["Vocoder"]().eval()(x).detach().numpy())
    run(RUN, tmp_path / "snake.etc", tmp_path / "x.npy", "--ops", SNAKE, "--expect", tmp_path / "expected.npz")
