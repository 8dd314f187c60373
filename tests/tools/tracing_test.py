"""--profile, --dump-value and --compare-with, on models that are exported here; the code is that of docs/tracing.md."""
import json
import re

import numpy as np
import pytest
import torch

from etc_tools import ROOT, RUN, compile_model, run

DOC = (ROOT / "docs" / "tracing.md").read_text()
exec(re.search(r"```python\n(.*?)```", DOC, re.S)[1])  # write_reference


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(6, 8), torch.nn.Linear(8, 5)
        self.register_buffer("steps", torch.zeros(3))

    def forward(self, x):
        self.steps.add_(1)
        h = torch.relu(self.first(x))
        values, places = torch.sort(self.second(h))
        return values.softmax(-1) + self.steps.sum(), places


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    folder = tmp_path_factory.mktemp("net")
    torch.manual_seed(1)
    x = torch.randn(4, 6)
    torch.export.save(torch.export.export(Net().eval(), (x,)), folder / "net.pt2")
    report = json.loads(compile_model(folder / "net.pt2", folder / "net.etc", "--cpu", "generic", "--format", "json").stdout)
    compile_model(folder / "net.pt2", folder / "fused.etc", "--cpu", "x86-64")
    (folder / "pool_bytes").write_text(str(report["methods"][0]["pools"][0]["bytes"]))
    np.save(folder / "x.npy", x.numpy())
    write_reference(folder / "net.pt2", [x], folder / "reference.npz")
    return folder


def test_trace_has_every_instruction_and_the_pools(net, tmp_path):
    report = json.loads(run(RUN, net / "net.etc", net / "x.npy", "--profile", tmp_path / "t.json", "--repeat", 3, "--warmup", 2,
                            "--format", "json").stdout)
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    spans = [e for e in events if e["ph"] == "X"]
    runs, calls = [e for e in spans if e["cat"] == "run"], [e for e in spans if e["cat"] != "run"]
    assert len(runs) == 3
    instructions = {e["args"]["instruction"] for e in calls}
    assert instructions == set(range(len(instructions))) and len(calls) == 3 * len(instructions)
    for call in calls:
        assert any(r["ts"] <= call["ts"] and call["ts"] + call["dur"] <= r["ts"] + r["dur"] for r in runs)
    linear = next(e for e in calls if e["cat"] == "aten::linear")
    assert linear["name"] == linear["args"]["node"] == "linear" and linear["args"]["module"] == "first"
    assert re.fullmatch(r"tools/tracing_test\.py:\d+", linear["args"]["source"])
    # The pool fills up to the plan's peak but for rounding, and is empty in the end.
    levels = [e["args"]["live bytes"] for e in events if e["ph"] == "C" and e["name"] == "pool main"]
    planned = int((net / "pool_bytes").read_text())
    assert planned - 64 * 8 < max(levels) <= planned and levels[-1] == 0
    profile = report["profile"]
    assert profile["runs"] == 3
    assert sum(o["calls"] for o in profile["ops"]) == len(calls) == sum(i["calls"] for i in profile["instructions"])
    assert sum(o["share"] for o in profile["ops"]) == pytest.approx(1)
    assert any("node linear of module first at" in i["name"] for i in profile["instructions"])


def test_profile_prints_a_table_on_stderr(net, tmp_path):
    done = run(RUN, net / "net.etc", net / "x.npy", "--profile", tmp_path / "t.json")
    assert re.search(r"\d+\.\d+ +\d+\.\d% +2  aten::linear\n", done.stderr)
    assert "output_0" in done.stdout


def test_dumped_values_are_those_of_pytorch(net, tmp_path):
    names = ["linear", "relu", "sort.1", "x"]
    dumps = [word for name in names for word in ("--dump-value", name)]
    run(RUN, net / "net.etc", net / "x.npy", *dumps, "-o", tmp_path / "o.npz")
    ours, reference = np.load(tmp_path / "o.npz"), np.load(net / "reference.npz")
    for name in ("linear", "relu"):
        np.testing.assert_allclose(ours[name], reference[name], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(ours["sort.1"], np.argsort(reference["linear_1"]))
    np.testing.assert_array_equal(ours["x"], np.load(net / "x.npy"))
    text = run(RUN, net / "net.etc", net / "x.npy", "--dump-value", "relu").stdout
    assert re.search(r"^relu 4x8xf32$", text, re.M)


def test_unknown_values_are_named(net):
    assert "makes no value 'nothing'" in run(RUN, net / "net.etc", net / "x.npy", "--dump-value", "nothing", expect=2).stderr


def test_equal_values_are_equal(net):
    done = run(RUN, net / "net.etc", net / "x.npy", "--compare-with", net / "reference.npz")
    assert re.search(r"^all [4-9] values that are in both are equal", done.stdout)


def test_values_inside_of_fused_layers_are_not_there(net, tmp_path):
    """Where an op takes its activation with it, the result has the name of the activation."""
    done = run(RUN, net / "fused.etc", net / "x.npy", "--compare-with", net / "reference.npz")
    assert re.search(r"^all [3-9] values that are in both are equal", done.stdout)
    run(RUN, net / "fused.etc", net / "x.npy", "--dump-value", "relu", "-o", tmp_path / "o.npz")
    np.testing.assert_allclose(np.load(tmp_path / "o.npz")["relu"], np.load(net / "reference.npz")["relu"], rtol=1e-5, atol=1e-6)
    assert "makes no value 'linear'" in run(RUN, net / "fused.etc", net / "x.npy", "--dump-value", "linear", expect=2).stderr


def test_the_first_departure_is_found(net, tmp_path):
    reference = dict(np.load(net / "reference.npz"))
    for wrong in ("relu", "linear_1", "softmax"):  # the latter ones are wrong as well, but later
        reference[wrong] = reference[wrong] + 0.5
    np.savez(tmp_path / "wrong.npz", **reference, unheard_of=np.zeros(1))
    done = run(RUN, net / "net.etc", net / "x.npy", "--compare-with", tmp_path / "wrong.npz", expect=1)
    assert re.search(r"first departure after \d+ equal values, instruction \d+ \(aten::relu, node relu at .*tracing_test\.py:\d+\):\n  relu: 32 of 32",
                     done.stdout)
    assert "unheard_of" in done.stdout
    report = json.loads(run(RUN, net / "net.etc", net / "x.npy", "--compare-with", tmp_path / "wrong.npz", "--format", "json", expect=1).stdout)
    assert report["compare_with"]["departure"]["name"] == "relu" and not report["compare_with"]["equal"]
    assert "unheard_of" in report["compare_with"]["unknown"]
    run(RUN, net / "net.etc", net / "x.npy", "--compare-with", tmp_path / "wrong.npz", "--atol", 1)


def test_references_without_a_known_name_are_refused(net, tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(1))
    assert "has no array with the name of a value" in run(RUN, net / "net.etc", net / "x.npy", "--compare-with", tmp_path / "other.npz", expect=2).stderr
