"""--async and --optimize-for: the same bits as one after the other, side by side where the model allows."""
import json
import os

import numpy as np
import pytest
import torch

from etc_tools import RUN, compile_model, run


class Towers(torch.nn.Module):
    """Two chains that meet at the end."""

    def __init__(self, width=8, height=4):
        super().__init__()
        self.left = torch.nn.Sequential(*(torch.nn.Linear(width, width) for _ in range(height)))
        self.right = torch.nn.Sequential(*(torch.nn.Linear(width, width) for _ in range(height)))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.count.add_(1)
        return self.left(x).tanh() + self.right(x).sigmoid() * self.count


@pytest.fixture(scope="module")
def towers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("towers")
    x = torch.randn(4, 8)
    torch.export.save(torch.export.export(Towers().eval(), (x,)), folder / "towers.pt2")
    np.save(folder / "x.npy", x.numpy())
    reports = {goal: json.loads(compile_model(folder / "towers.pt2", folder / f"{goal}.etc", "--optimize-for", goal, "--format", "json").stdout)
               for goal in ("memory", "latency")}
    run(RUN, folder / "memory.etc", folder / "x.npy", "-o", folder / "expected.npz")
    return folder, reports


def test_latency_takes_at_most_twice_the_memory(towers):
    folder, reports = towers
    memory, latency = (reports[goal]["methods"][0]["pools"][0]["bytes"] for goal in ("memory", "latency"))
    assert memory < latency <= 2 * memory


@pytest.mark.parametrize("goal", ["memory", "latency"])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_async_gives_the_same_bits(towers, tmp_path, goal, threads):
    folder, _ = towers
    options = ["--repeat", 30, "--save-state", tmp_path / "s.npz"]
    run(RUN, folder / f"{goal}.etc", folder / "x.npy", "--async", "--threads", threads, "-o", tmp_path / "o.npz", *options)
    expected, ours = np.load(folder / "expected.npz"), np.load(tmp_path / "o.npz")
    assert ours.files == expected.files
    for name in ours.files:
        assert ours[name].tobytes() == expected[name].tobytes()
    assert np.load(tmp_path / "s.npz")["count"] == 30


def test_random_orders_have_a_choice_where_the_model_has(towers):
    folder, _ = towers
    choices = {goal: int(run(os.environ["ETC_RANDOM_ORDERS"], 100, folder / f"{goal}.etc", folder / "x.npy").stdout) for goal in ("memory", "latency")}
    assert choices["latency"] > 100 and choices["latency"] > choices["memory"]


def test_traces_of_async_runs_have_a_lane_for_each_worker(towers, tmp_path):
    folder, _ = towers
    run(RUN, folder / "latency.etc", folder / "x.npy", "--async", "--threads", 2, "--repeat", 50, "--profile", tmp_path / "t.json")
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    calls = [e for e in events if e["ph"] == "X" and e["cat"] != "run"]
    lanes = {}
    for e in calls:
        lanes.setdefault(e["tid"], []).append((e["ts"], e["ts"] + e["dur"]))
    assert set(lanes) <= {1, 2}
    for spans in lanes.values():  # of one worker, one after the other
        assert all(a[1] <= b[0] + 1e-3 for a, b in zip(sorted(spans), sorted(spans)[1:]))
    assert len(calls) % 50 == 0


def test_limits_and_refusals(towers):
    folder, _ = towers
    program, x = folder / "latency.etc", folder / "x.npy"
    assert "limit of instructions" in run(RUN, program, x, "--async", "--max-instructions", 3, expect=4).stderr
    assert "leave --async out" in run(RUN, program, x, "--async", "--dump-value", "linear", expect=2).stderr
