"""PyTorch's own kernels in our plan: ops that etc has no kernel for, and ops that work in place."""
import json
import os

import numpy as np
import pytest
import torch

from etc_tools import INSPECT, RUN, compile_model, run

LIBRARY = os.environ.get("ETC_ATEN")
pytestmark = pytest.mark.skipif(not LIBRARY, reason="libetc-aten.so is not built")

def external_ops(program):
    ops = json.loads(run(INSPECT, program, "--ops", "--format", "json").stdout)["ops"]
    return {op["name"] for op in ops if op["external"]}


class NoKernelOfOurs(torch.nn.Module):
    def forward(self, x):
        values, vectors = torch.linalg.eigh(x @ x.t())
        return values, torch.linalg.pinv(x), torch.special.bessel_j1(x), torch.renorm(x, 2, 0, 1.0), x.unbind(1)[1]


def export(module, inputs, tmp_path):
    torch.export.save(torch.export.export(module, inputs), tmp_path / "model.pt2")
    with torch.no_grad():
        expected = module(*inputs)
    np.savez(tmp_path / "expected.npz", **{f"output_{i}": e.numpy() for i, e in enumerate(expected)})
    for i, x in enumerate(inputs):
        np.save(tmp_path / f"in{i}.npy", x.numpy())
    return tmp_path / "model.pt2", tmp_path / "model.etc"


def test_what_etc_has_no_kernel_for_runs(tmp_path):
    torch.manual_seed(0)
    model, program = export(NoKernelOfOurs(), (torch.randn(4, 4),), tmp_path)
    said = compile_model(model, program, expect=3).stderr
    assert "aten::special_bessel_j1 at " in said and "--external" in said
    compile_model(model, program, "--external", "aten::special_*", "--external", "aten::linalg_*", "--external", "aten::renorm")
    assert "aten::matmul" not in external_ops(program) and "aten::special_bessel_j1" in external_ops(program)
    run(RUN, program, tmp_path / "in0.npy", "--ops", LIBRARY, "--expect", tmp_path / "expected.npz", "--rtol", "1e-4", "--atol", "1e-5")


class InPlace(torch.nn.Module):
    def forward(self, x):
        y = x.clone()
        y[0].add_(2).mul_(x[1])
        y[1:, 1].clamp_(min=0.1)
        return y, x + 1.5


def test_in_place_ops_write_back(tmp_path):
    model, program = export(InPlace(), (torch.randn(3, 4),), tmp_path)
    compile_model(model, program, "--external", "aten::*")
    assert {"aten::add.Tensor", "aten::mul.Tensor", "aten::clamp"} <= external_ops(program)
    run(RUN, program, tmp_path / "in0.npy", "--ops", LIBRARY, "--expect", tmp_path / "expected.npz")


class Decided(torch.nn.Module):
    def forward(self, x):
        return x.nonzero(), x[x > 0] + 1, x[torch.tensor([2, 0])]


def test_sizes_that_data_decide_keep_to_their_bounds(tmp_path):
    model, program = export(Decided(), (torch.tensor([1.0, 0, -2, 0, 3, 0]),), tmp_path)
    compile_model(model, program, "--external", "aten::*", "--max-dim", "u0=4", "--max-dim", "u1=4")
    assert {"aten::nonzero", "aten::index.Tensor"} <= external_ops(program)
    run(RUN, program, tmp_path / "in0.npy", "--ops", LIBRARY, "--expect", tmp_path / "expected.npz")
    for x in (np.zeros(6), np.ones(6)):
        np.save(tmp_path / "x.npy", x.astype(np.float32))
        said = run(RUN, program, tmp_path / "x.npy", "--ops", LIBRARY, "-o", tmp_path / "out.npz", expect=3 if x.any() else 0).stderr
        assert "more than planned" in said if x.any() else np.load(tmp_path / "out.npz")["output_0"].shape == (0, 1)


class TrainingDropout(torch.nn.Module):
    def forward(self, x):
        y = torch.dropout(x, 0.5, True)
        y += 1
        return y, x * 1


def test_dropout_in_training_is_no_view(tmp_path):
    model, program = export(TrainingDropout(), (torch.ones(64),), tmp_path)
    compile_model(model, program, "--external", "aten::*")
    run(RUN, program, tmp_path / "in0.npy", "--ops", LIBRARY, "-o", tmp_path / "out.npz")
    out = np.load(tmp_path / "out.npz")
    assert set(out["output_0"]) == {1.0, 3.0} and (out["output_1"] == 1).all()
