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
