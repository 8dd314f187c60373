"""Several methods in one program: weights once, state shared, pools as large as the largest need."""
import json

import numpy as np
import torch

from etc_tools import COMPILE, INSPECT, RUN, run


class Memory(torch.nn.Module):
    """Adds what it is shown to what it has seen; `step` does, `recall` tells."""

    def __init__(self):
        super().__init__()
        self.project = torch.nn.Linear(32, 64)
        self.register_buffer("seen", torch.zeros(64))
        self.method = self.step

    def step(self, x):
        self.seen.add_(self.project(x).sum(0))
        return self.seen.norm()

    def recall(self, scale):
        return torch.nn.functional.linear(self.seen * scale, self.project.weight.t())

    def forward(self, x):
        return self.method(x)


def export(module, method, example, path):
    module.method = getattr(module, method)
    with torch.no_grad():
        torch.export.save(torch.export.export(module, (example,)), path)


def test_methods_share_weights_state_and_pools(tmp_path):
    torch.manual_seed(1)
    module, x, scale = Memory(), torch.randn(100, 32), torch.tensor([2.0])
    for method, example in (("step", x), ("recall", scale)):
        export(module, method, example, tmp_path / f"{method}.pt2")
        np.save(tmp_path / f"{method}.npy", example.numpy())
    program = tmp_path / "memory.etc"
    words = [word for m in ("step", "recall") for word in ("--method", f"{m}={tmp_path / m}.pt2")]
    words += ["--cpu", "generic"]  # `recall` transposes the weights: packed, they are others
    report = json.loads(run(COMPILE, *words, "-o", program, "--pool", "sram=4K", "--pool", "dram", "--format", "json").stdout)
    needs = {m["name"]: {p["name"]: p["bytes"] for p in m["pools"]} for m in report["methods"]}
    assert needs["step"]["dram"] > needs["recall"]["dram"] == 0

    # Once the weights and the buffer, not twice.
    one = json.loads(run(COMPILE, tmp_path / "step.pt2", "-o", tmp_path / "one.etc", "--cpu", "generic", "--format", "json").stdout)
    assert report["state_bytes"] == one["state_bytes"] == 256
    assert report["weight_bytes"] < one["weight_bytes"] + 32 * 64 * 4

    size = json.loads(run(INSPECT, "--size", program, "--format", "json").stdout)
    assert {m["name"]: {p["name"]: p["bytes"] for p in m["pools"]} for m in size["methods"]} == needs
    run(INSPECT, "--verify", program)

    # Each run sees what the others have left.
    module.seen.zero_()
    state = []
    for i, (method, example) in enumerate([("step", x), ("recall", scale), ("step", x), ("recall", scale)]):
        module.method = getattr(module, method)
        with torch.no_grad():
            np.savez(tmp_path / "expected.npz", output_0=module(example).numpy())
        load = ["--load-state", state[-1]] if state else []
        state.append(tmp_path / f"state{i}.npz")
        run(RUN, program, "--method", method, tmp_path / f"{method}.npy", *load, "--save-state", state[-1], "--expect",
            tmp_path / "expected.npz", "--rtol", 1e-4, "--atol", 1e-4)
    run(RUN, program, tmp_path / "step.npy", expect=2)


def test_methods_that_disagree_about_a_state_are_refused(tmp_path):
    module, other = Memory(), Memory()
    other.seen.fill_(1)
    export(module, "step", torch.randn(2, 32), tmp_path / "a.pt2")
    export(other, "recall", torch.tensor([2.0]), tmp_path / "b.pt2")
    message = run(COMPILE, "--method", f"a={tmp_path / 'a.pt2'}", "--method", f"b={tmp_path / 'b.pt2'}", "-o", tmp_path / "x.etc", expect=3).stderr
    assert "disagree about the state 'seen'" in message, message
