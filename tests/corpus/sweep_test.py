"""Models of dynamic shapes at the smallest, a middle and the largest sizes of their ranges: equal to PyTorch's run of the same .pt2.

Also: sizes outside of the ranges are refused before anything is written, and what has no upper bound is asked for by name.
"""
import numpy as np
import pytest
import torch

from etc_tools import COMPILE, INSPECT, RUN, assert_close, compile_model, run
from corpus.corpus_test import CORPUS, FILES, LATER, MANIFEST, WITH_CONTROL_FLOW, bounds_of

DYNAMIC = [f for f in FILES if f not in LATER and f.removesuffix(".core") not in WITH_CONTROL_FLOW
           and "dynamic" in MANIFEST[f.removesuffix(".core")]["tags"]]
CAP = 40  # taken for dimensions without an upper bound: what BOUNDS says


def user_inputs(program):
    names = {s.arg.name: s for s in program.graph_signature.input_specs if s.kind.name == "USER_INPUT" and hasattr(s.arg, "name")}
    return [n for n in program.graph.nodes if n.op == "placeholder" and n.name in names]


def symbols_of(program):
    """Ranges of the free symbols of the inputs, by sympy symbol."""
    ranges = {}
    for node in user_inputs(program):
        sizes = node.meta["val"].shape if isinstance(node.meta["val"], torch.Tensor) else [node.meta["val"]]
        for s in sizes:
            if isinstance(s, torch.SymInt):
                for symbol in s.node.expr.free_symbols:
                    r = program.range_constraints.get(symbol)
                    is_open = r is None or "oo" in str(r.upper)
                    ranges[symbol] = (max(2 if r is None else int(r.lower), 1), CAP if is_open else min(int(r.upper), CAP))
    return ranges


def arguments_for(program, sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    made = []
    for node in user_inputs(program):
        value = node.meta["val"]
        number = lambda s: int(s.node.expr.subs(sizes)) if isinstance(s, torch.SymInt) else int(s)
        if not isinstance(value, torch.Tensor):
            made.append(number(value))
            continue
        shape = [number(s) for s in value.shape]
        if value.dtype.is_floating_point:
            made.append(torch.randn(shape, generator=generator).to(value.dtype))
        else:
            made.append(torch.randint(0, 3, shape, generator=generator).to(value.dtype))
    return made


def save(arguments, tmp):
    files = []
    for i, a in enumerate(arguments):
        np.save(tmp / f"in{i}.npy", a.numpy() if isinstance(a, torch.Tensor) else np.int64(a))
        files.append(tmp / f"in{i}.npy")
    return files


def numbers(leaf):
    """As an array, bfloat16 as its bits, and the name of what they mean."""
    if not isinstance(leaf, torch.Tensor):
        return np.asarray(leaf), None
    if leaf.dtype == torch.bfloat16:
        return leaf.contiguous().view(torch.uint16).numpy(), "bfloat16"
    return leaf.detach().numpy(), None


@pytest.mark.parametrize("file", DYNAMIC)
def test_equals_pytorch_at_every_size(file, tmp_path):
    name = file.removesuffix(".core")
    program = torch.export.load(CORPUS / f"{file}.pt2")
    compile_model(CORPUS / f"{file}.pt2", tmp_path / "program.etc", *bounds_of(CORPUS / name))
    ranges = symbols_of(program)
    assert ranges
    tried = 0
    for seed, at in enumerate((0.0, 0.2, 0.45, 0.7, 1.0)):
        sizes = {s: round(low + at * (high - low)) for s, (low, high) in ranges.items()}
        arguments = arguments_for(program, sizes, seed)
        module = torch.export.load(CORPUS / f"{file}.pt2").module()  # a fresh state
        try:
            with torch.no_grad():
                expected = torch.utils._pytree.tree_leaves(module(*[a.clone() if isinstance(a, torch.Tensor) else a for a in arguments]))
        except (RuntimeError, AssertionError):
            continue  # PyTorch guards against sizes that the ranges allow
        tried += 1
        run(RUN, tmp_path / "program.etc", *save(arguments, tmp_path), "-o", tmp_path / "out.npz")
        ours = np.load(tmp_path / "out.npz")
        wanted = [numbers(e) for e in expected if e is not None]
        for key, (want, dtype) in zip(ours.files, wanted):
            assert_close(ours[key], want, dtype, MANIFEST[name]["rtol"] * 10, MANIFEST[name]["atol"] * 10, f"{sizes} {key}")
        assert len(ours.files) >= len(wanted)
    assert tried >= 2


def test_sizes_out_of_range_are_refused(tmp_path):
    compile_model(CORPUS / "mlp.pt2", tmp_path / "mlp.etc", "--max-dim", "input.0=8")
    for rows, code in ((1, 0), (8, 0), (9, 2), (0, 2)):
        np.save(tmp_path / "x.npy", np.zeros((rows, 4), np.float32))
        done = run(RUN, tmp_path / "mlp.etc", tmp_path / "x.npy", "-o", tmp_path / "out.npz", expect=None)
        assert (done.returncode == 0) == (code == 0), f"{rows}: {done.stderr}"


def test_a_size_that_is_no_multiple_is_refused(tmp_path):
    compile_model(CORPUS / "dyn_multiple_of_4.pt2", tmp_path / "p.etc")
    np.save(tmp_path / "x.npy", np.zeros((10, 3), np.float32))
    done = run(RUN, tmp_path / "p.etc", tmp_path / "x.npy", expect=None)
    assert done.returncode not in (0, 70), done.stderr


def test_open_sizes_are_asked_for_by_name(tmp_path):
    done = run(COMPILE, CORPUS / "dyn_conv_hw.pt2", "-o", tmp_path / "p.etc", expect=3)
    words = [w for w in done.stderr.split() if w.startswith("input.")]
    assert sorted(w.split("=")[0] for w in words) == ["input.2", "input.3"], done.stderr
    compile_model(CORPUS / "dyn_conv_hw.pt2", tmp_path / "p.etc", *[x for w in words for x in ("--max-dim", w.replace("=N", "=40"))])


@pytest.mark.parametrize("bound", ["input.7=4", "y.0=4", "input.1=8", "input.0", "input.0=0", "input.0=many"])
def test_bounds_that_cannot_be_are_usage_errors(bound, tmp_path):
    run(COMPILE, CORPUS / "mlp.pt2", "-o", tmp_path / "p.etc", "--max-dim", bound, expect=2)
