"""etc-compile --precision: the program computes what PyTorch does in f32 with rounded weights of linear layers, convolutions and LSTMs."""
import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

from etc_tools import COMPILE, INSPECT, RUN, compile_model, run

DTYPES = {"bf16": torch.bfloat16, "f16": torch.float16}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.up, self.down = nn.Conv1d(24, 40, 1), nn.Linear(40, 100), nn.Linear(100, 40, bias=False)
        self.lstm, self.head = nn.LSTM(40, 33, 2, bidirectional=True, batch_first=True), nn.Linear(66, 70)

    def forward(self, x):
        x = self.conv(x).transpose(1, 2)
        x = x + self.down(nn.functional.gelu(self.up(x)))
        return self.head(self.lstm(x)[0])


def rounded(module, dtype):
    module = copy.deepcopy(module)
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.LSTM)):
            for name, weight in layer.named_parameters():
                if "weight" in name:
                    weight.data = weight.data.to(dtype).float()
    return module


def export(module, x, folder, core=False):
    program = torch.export.export(module.eval(), (x,))
    torch.export.save(program.run_decompositions() if core else program, folder / "model.pt2")
    np.save(folder / "x.npy", x.numpy())
    return folder / "model.pt2"


def check(program, expected, folder, rtol="1e-5", atol="1e-5"):
    np.savez(folder / "y.npz", output_0=expected.detach().numpy())
    run(RUN, program, folder / "x.npy", "--expect", folder / "y.npz", "--rtol", rtol, "--atol", atol)


@pytest.fixture(autouse=True)
def need_packed_kernels(tmp_path):
    model = export(nn.Linear(2, 2), torch.zeros(1, 2), tmp_path)
    if json.loads(compile_model(model, tmp_path / "probe.etc", "--format", "json").stdout)["cpu"] == "generic":
        pytest.skip("this build has no kernels over packed weights")


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("batch,length", [(1, 1), (1, 9), (3, 7)])
@pytest.mark.parametrize("core", [False, True], ids=["plain", "core"])
def test_rounds_weights_and_nothing_else(precision, batch, length, core, tmp_path):
    torch.manual_seed(0)
    module, x = Net(), torch.randn(batch, 24, length)
    model = export(module, x, tmp_path, core)
    wide = json.loads(compile_model(model, tmp_path / "wide.etc", "--format", "json").stdout)
    narrow = json.loads(compile_model(model, tmp_path / "narrow.etc", "--precision", precision, "--format", "json").stdout)
    assert (wide["precision"], narrow["precision"]) == ("f32", precision)
    assert narrow["weight_bytes"] < 0.6 * wide["weight_bytes"] and narrow["warnings"] == []
    check(tmp_path / "wide.etc", module(x), tmp_path)
    check(tmp_path / "narrow.etc", rounded(module, DTYPES[precision])(x), tmp_path)


def test_convolutions(tmp_path):
    """Those over packed weights; depthwise ones are as they were."""
    torch.manual_seed(0)
    layers = nn.Conv2d(5, 24, 3, padding=1), nn.Conv2d(24, 24, 3, groups=24), nn.Conv2d(24, 7, (2, 3), 2)
    module, x = nn.Sequential(*layers), torch.randn(2, 5, 12, 13)
    compile_model(export(module, x, tmp_path), tmp_path / "net.etc", "--precision", "bf16")
    expected = rounded(module, torch.bfloat16)
    expected[1].weight.data = layers[1].weight.data
    check(tmp_path / "net.etc", expected(x), tmp_path)


@pytest.mark.parametrize("precision,large", [("f16", 70000.0), ("bf16", 3.4e38)])
def test_a_weight_that_would_become_infinite_stays(precision, large, tmp_path):
    torch.manual_seed(0)
    module, x = nn.Sequential(nn.Linear(20, 30), nn.Linear(30, 40)), torch.randn(2, 20)
    module[1].weight.data[3, 4] = large
    done = compile_model(export(module, x, tmp_path), tmp_path / "net.etc", "--precision", precision)
    assert f"warning: the weight 1.weight stays f32: {large:g} is too large for {precision}" in done.stderr
    expected = module[1](rounded(module[0], DTYPES[precision])(x))
    check(tmp_path / "net.etc", expected, tmp_path, atol="1e-4")
    graph = run(INSPECT, "--graph", tmp_path / "net.etc").stdout
    assert f"%0.weight_packed_{precision}," in graph and "%1.weight_packed," in graph


def test_special_weights_stay_what_they_are(tmp_path):
    module, x = nn.Linear(4, 4), torch.ones(1, 4)
    module.weight.data = torch.tensor([[1e-7, 0, 0, 0], [torch.inf, 1, 0, 0], [-torch.inf, 0, 0, 0], [torch.nan, 0, 0, 0]])
    compile_model(export(module, x, tmp_path), tmp_path / "net.etc", "--precision", "f16")
    check(tmp_path / "net.etc", rounded(module, torch.float16)(x), tmp_path)


def test_methods_share_narrow_weights(tmp_path):
    torch.manual_seed(0)
    module = nn.Linear(256, 256)
    for name, rows in ("one", 1), ("many", 5):
        (tmp_path / name).mkdir()
        export(module, torch.randn(rows, 256), tmp_path / name)
    methods = [word for name in ("one", "many") for word in ("--method", f"{name}={tmp_path / name / 'model.pt2'}")]
    report = json.loads(run(COMPILE, *methods, "-o", tmp_path / "net.etc", "--precision", "bf16", "--format", "json").stdout)
    assert report["weight_bytes"] < 1.1 * 256 * 256 * 2


def test_the_report_says_so(tmp_path):
    model = export(nn.Linear(4, 4), torch.ones(1, 4), tmp_path)
    assert compile_model(model, tmp_path / "net.etc", "--precision", "bf16").stderr.endswith(", precision bf16\n")
    assert "precision" not in compile_model(model, tmp_path / "net.etc", "--precision", "f32").stderr


def test_generic_programs_have_none(tmp_path):
    model = export(nn.Linear(4, 4), torch.ones(1, 4), tmp_path)
    done = compile_model(model, tmp_path / "net.etc", "--precision", "f16", "--cpu", "generic", expect=2)
    assert "--precision f16 is for kernels over packed weights" in done.stderr and not (tmp_path / "net.etc").exists()
    compile_model(model, tmp_path / "net.etc", "--precision", "f32", "--cpu", "generic")
    compile_model(model, tmp_path / "net.etc", "--precision", "f64", expect=2)


def test_warns_when_nothing_becomes_narrow(tmp_path):
    done = compile_model(export(nn.ReLU(), torch.ones(1, 4), tmp_path), tmp_path / "net.etc", "--precision", "bf16")
    assert "warning: --precision bf16 changes nothing" in done.stderr
