"""MobileNetV2, ResNet18 and MiniLM through each backend that this build has, alone and several by preference, compared with PyTorch."""
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from etc_tools import COMPILE, RUN, run
from models.networks import NETWORKS

MODULES = Path(os.environ["ETC_BUILD"]) / "backends"
PREFERENCES = [["xnnpack"], ["onednn"], ["xnnpack", "onednn", "reference"], ["reference", "onednn"]]

torch.set_num_threads(1)


def need(backends):
    for name in backends:
        if name != "reference" and not (MODULES / f"libetc-{name}.so").exists():
            pytest.skip(f"this build has no backend {name}")


@pytest.fixture(scope="module", params=["mobilenetv2_100", "resnet18", "minilm"])
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(sum(map(ord, request.param)))
    module, cases = NETWORKS[request.param]["build"]()
    inputs = cases[0] if isinstance(cases, list) else cases
    with torch.no_grad():
        torch.export.save(torch.export.export(module, inputs), folder / "model.pt2")
        np.savez(folder / "expected.npz", output_0=module(*inputs).numpy())
    for i, x in enumerate(inputs):
        np.save(folder / f"in{i}.npy", x.numpy())
    yield request.param, folder, [folder / f"in{i}.npy" for i in range(len(inputs))]
    (folder / "model.pt2").unlink()


@pytest.mark.parametrize("backends", PREFERENCES, ids="-".join)
def test_equals_eager(exported, backends, tmp_path):
    need(backends)
    name, folder, inputs = exported
    words = [w for b in backends for w in ("--backend", b)]
    report = json.loads(run(COMPILE, folder / "model.pt2", *words, "-o", tmp_path / "model.etc", "--format", "json").stdout)
    takers = {d["backend"] for d in report["delegates"]}
    assert backends[0] in takers or backends[0] == "reference", report["delegates"]
    if name == "minilm" and backends == ["xnnpack", "onednn", "reference"]:
        assert {"xnnpack", "onednn"} <= takers
    spec = NETWORKS[name]
    done = run(RUN, tmp_path / "model.etc", *inputs, "--expect", folder / "expected.npz", "--rtol", spec["rtol"], "--atol", spec["atol"],
               "--format", "json")
    # Libraries hold packed weights; ours hold nothing.
    heap = json.loads(done.stdout)["backend_heap_bytes"]
    assert heap > 10000 if takers - {"reference"} else heap < 10000
    (tmp_path / "model.etc").unlink()


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)

    def forward(self, x):
        y = torch.relu(self.conv(x))
        return torch.cumsum(y, 3), torch.erf(y.flatten(1))


@pytest.fixture
def small(tmp_path):
    with torch.no_grad():
        torch.export.save(torch.export.export(Small(), (torch.randn(1, 3, 8, 8),)), tmp_path / "small.pt2")
    return tmp_path / "small.pt2"


def test_says_why_a_node_stays(small, tmp_path):
    out = run(COMPILE, small, "--backend", "xnnpack", "--explain-partition", "-o", tmp_path / "small.etc").stdout
    assert "xnnpack takes 2 nodes" in out
    assert re.search(r"%cumsum = aten::cumsum at \S+backends_test.py:\d+: xnnpack: the backend does not know this op", out), out
    report = json.loads(
        run(COMPILE, small, "--backend", "xnnpack", "--explain-partition", "--format", "json", "-o", tmp_path / "small.etc").stdout)
    assert {r["op"] for r in report["refusals"]} == {"aten::cumsum", "aten::erf"}
    assert all(r["line"] and r["reason"] for r in report["refusals"])


def test_a_missing_backend_is_named(small, tmp_path):
    run(COMPILE, small, "--backend", "xnnpack", "-o", tmp_path / "small.etc")
    program = (tmp_path / "small.etc").read_bytes().replace(b"xnnpack", b"nowhere")
    (tmp_path / "small.etc").write_bytes(program)
    done = run(RUN, tmp_path / "small.etc", "=zeros", expect=4)
    assert "the backend nowhere is missing; give its library with --backend FILE.so" in done.stderr


def test_refuses_what_is_no_backend(small, tmp_path):
    assert "there is no backend nowhere" in run(COMPILE, small, "--backend", "nowhere", expect=2).stderr
    run(COMPILE, small, "-o", tmp_path / "small.etc")
    (tmp_path / "no.so").write_text("no library")
    assert "cannot be loaded" in run(RUN, tmp_path / "small.etc", "=zeros", "--backend", tmp_path / "no.so", expect=4).stderr


class Rows(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(6, 8)
        self.second = torch.nn.Linear(8, 4)
        self.norm = torch.nn.LayerNorm(4)

    def forward(self, x):
        y = torch.relu(self.first(x)) * self.second.weight.sum()
        y = y + y * y
        both = torch.cat([y, y.flip(0)])
        return torch.softmax(self.norm(self.second(both) * 0.5), -1), both * both - both


@pytest.mark.parametrize("backends", [["reference"], ["xnnpack"], ["onednn"], ["xnnpack", "onednn", "reference"]], ids="-".join)
def test_batches_that_vary(backends, tmp_path):
    """What takes no sizes that vary leaves these nodes to etc's kernels; each batch size gives PyTorch's answers."""
    torch.manual_seed(0)
    module = Rows().eval()
    with torch.no_grad():
        program = torch.export.export(module, (torch.randn(5, 6),), dynamic_shapes={"x": {0: torch.export.Dim("rows", max=32)}})
    torch.export.save(program, tmp_path / "model.pt2")
    words = [w for b in backends for w in ("--backend", b)]
    report = json.loads(
        run(COMPILE, tmp_path / "model.pt2", *words, "--explain-partition", "-o", tmp_path / "model.etc", "--format", "json").stdout)
    assert {d["backend"] for d in report["delegates"]} == {"reference"} & set(backends), report["delegates"]
    reasons = {r["reason"] for r in report["refusals"] if r["op"] == "aten::linear" and r["backend"] != "reference"}
    assert reasons == ({"sizes that vary from run to run"} if backends != ["reference"] else set())
    for rows in (5, 32, 1, 17):
        x = torch.randn(rows, 6)
        np.save(tmp_path / "x.npy", x.numpy())
        with torch.no_grad():
            np.savez(tmp_path / "expected.npz", **{f"output_{i}": y.numpy() for i, y in enumerate(module(x))})
        run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", "--expect", tmp_path / "expected.npz", "--rtol", "1e-4", "--atol", "1e-5")
    np.save(tmp_path / "x.npy", np.zeros((33, 6), np.float32))
    assert run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", expect=None).returncode not in (0, 70)


class TwoTowers(torch.nn.Module):
    """One side has a size that the data decide, the other is fixed and all the backend's."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(6, 4)

    def forward(self, x, y):
        picked = x[x > 0]
        return picked * 2, torch.relu(self.layer(y))


@pytest.mark.parametrize("backends", [["reference"], ["xnnpack"], ["onednn"]], ids="-".join)
def test_sizes_that_data_decide_beside_a_subgraph(backends, tmp_path):
    need(backends)
    torch.manual_seed(0)
    module, y = TwoTowers().eval(), torch.randn(3, 6)
    with torch.no_grad():
        torch.export.save(torch.export.export(module, (torch.randn(9), y)), tmp_path / "model.pt2")
    report = json.loads(
        run(COMPILE, tmp_path / "model.pt2", "--backend", backends[0], "-o", tmp_path / "model.etc", "--format", "json").stdout)
    assert [d["backend"] for d in report["delegates"]] == backends, report["delegates"]
    np.save(tmp_path / "y.npy", y.numpy())
    for x in (torch.randn(9), torch.ones(9), -torch.ones(9)):
        np.save(tmp_path / "x.npy", x.numpy())
        with torch.no_grad():
            np.savez(tmp_path / "expected.npz", **{f"output_{i}": r.numpy() for i, r in enumerate(module(x, y))})
        run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", tmp_path / "y.npy", "--expect", tmp_path / "expected.npz", "--rtol", "1e-4",
            "--atol", "1e-5")


class Negations(torch.nn.Module):
    def forward(self, x):
        return torch.erf(-(-(-x))) - x


def test_a_backend_outside_of_the_tree(tmp_path):
    x = torch.randn(4, 3)
    with torch.no_grad():
        torch.export.save(torch.export.export(Negations(), (x,)), tmp_path / "model.pt2")
    np.save(tmp_path / "x.npy", x.numpy())
    np.savez(tmp_path / "expected.npz", output_0=Negations()(x).numpy())
    libraries = Path(os.environ["ETC_BUILD"]) / "examples/backend"
    out = run(COMPILE, tmp_path / "model.pt2", "--plugin", libraries / "negate_partition.so", "--backend", "negate", "--explain-partition", "-o",
              tmp_path / "model.etc").stdout
    assert "negate takes 3 nodes" in out
    run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", "--backend", libraries / "negate.so", "--expect", tmp_path / "expected.npz")
    assert "the backend negate is missing" in run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", expect=4).stderr
