"""Compiler plugins: the example's fusion in a model, and what is refused."""
import os

import numpy as np
import torch

from etc_tools import COMPILE, RUN, compile_model, run

PLUGIN = os.environ.get("ETC_SNAKE_PLUGIN")
KERNEL = os.environ.get("ETC_SNAKE_OPS")


class WrittenOut(torch.nn.Module):
    def forward(self, x):
        y = x + torch.sin(0.5 * x) ** 2 / 0.5
        z = x + torch.sin(0.5 * x) ** 2 / 0.25  # another number: no snake
        return y * z


def export(tmp_path):
    x = torch.linspace(-3, 3, 8)
    torch.export.save(torch.export.export(WrittenOut(), (x,)), tmp_path / "model.pt2")
    np.save(tmp_path / "x.npy", x.numpy())
    np.savez(tmp_path / "expected.npz", output_0=WrittenOut()(x).numpy())
    return tmp_path / "model.pt2", tmp_path / "model.etc"


def test_a_fusion_calls_a_custom_kernel(tmp_path):
    model, program = export(tmp_path)
    done = compile_model(model, program, "--plugin", PLUGIN, "--dump-ir=fuse-snake", "--time-passes")
    assert done.stdout.count("extern mylib::snake(") == 1 and "alpha=0.5" in done.stdout
    assert "fuse-snake" in done.stderr
    run(RUN, program, tmp_path / "x.npy", "--ops", KERNEL, "--expect", tmp_path / "expected.npz")
    assert "mylib::snake" in run(RUN, program, tmp_path / "x.npy", expect=4).stderr


def test_the_pass_can_be_disabled(tmp_path):
    model, program = export(tmp_path)
    compile_model(model, program, "--plugin", PLUGIN, "--disable-pass=fuse-snake")
    run(RUN, program, tmp_path / "x.npy", "--expect", tmp_path / "expected.npz")


def test_what_is_no_plugin_is_refused(tmp_path):
    model, program = export(tmp_path)
    assert "no compiler plugin" in compile_model(model, program, "--plugin", KERNEL, expect=4).stderr
    assert "cannot be loaded" in compile_model(model, program, "--plugin", tmp_path / "none.so", expect=4).stderr
    assert "called fuse-snake" in compile_model(model, program, "--plugin", PLUGIN, "--plugin", PLUGIN, expect=4).stderr
    assert "no pass fuse-snake" in run(COMPILE, model, "-o", program, "--disable-pass=fuse-snake", expect=2).stderr
