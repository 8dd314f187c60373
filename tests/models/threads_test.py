"""A network whose every layer is large enough to be split, with several numbers of threads."""
import numpy as np
import pytest
import torch
from torch import nn

from etc_tools import INSPECT, RUN, compile_model, run


class Large(nn.Module):
    """Odd sizes, so that parts differ."""
    def __init__(self):
        super().__init__()
        self.image = nn.Sequential(
            nn.Conv2d(3, 40, 3, padding=1), nn.Hardswish(), nn.Conv2d(40, 40, 5, stride=2, padding=2, groups=40), nn.ReLU(), nn.Conv2d(40, 72, 1), nn.GELU(),
            nn.Conv2d(72, 72, 3, padding=1, groups=72), nn.Conv2d(72, 72, 3, padding=1), nn.MaxPool2d(3, 2, 1), nn.ConvTranspose2d(72, 33, 3, 2), nn.SiLU())
        self.norm, self.few, self.many = nn.LayerNorm(33), nn.Linear(33, 1024), nn.Linear(1024, 1031)
        self.attention = nn.MultiheadAttention(33, 3, batch_first=True)
        self.lstm = nn.LSTM(33, 300, batch_first=True)

    def forward(self, x):
        rows = self.norm(self.image(x).flatten(2).mT)
        rows = self.attention(rows, rows, rows, need_weights=False)[0] + rows
        states = self.lstm(rows[:, :20])[0]
        return torch.cat([self.many(self.few(rows[:, :300]).tanh()), self.many(self.few(rows.mean(1, keepdim=True))), nn.functional.pad(states, (0, 731))], 1)


def narrow():
    """Lines of one pixel, of which one thread has several and several threads one each."""
    return nn.ConvTranspose2d(512, 64, (3, 1)), torch.randn(1, 512, 3, 1)


@pytest.mark.parametrize("cpu", ["native", "generic"])
@pytest.mark.parametrize("make", [lambda: (Large(), torch.randn(1, 3, 131, 75)), narrow], ids=["large", "narrow"])
def test_threads_do_not_change_a_bit(make, cpu, tmp_path):
    torch.manual_seed(0)
    module, x = make()
    module.eval()
    with torch.no_grad():
        torch.export.save(torch.export.export(module, (x,)), tmp_path / "m.pt2")
        np.savez(tmp_path / "y.npz", output_0=module(x).numpy())
    np.save(tmp_path / "x.npy", x.numpy())
    compile_model(tmp_path / "m.pt2", tmp_path / "m.etc", "--cpu", cpu)
    ops = run(INSPECT, "--graph", tmp_path / "m.etc").stdout
    assert not isinstance(module, Large) or cpu != "native" or "etc::packed" not in ops or "etc::packed_conv_depthwise2d" in ops
    answers = []
    for threads in (1, 2, 3, 7):
        run(RUN, tmp_path / "m.etc", tmp_path / "x.npy", "--threads", threads, "--expect", tmp_path / "y.npz", "--rtol", "1e-4", "--atol", "1e-5",
            "-o", tmp_path / "out.npz")
        answers.append(np.load(tmp_path / "out.npz")["output_0"].tobytes())
    assert answers.count(answers[0]) == len(answers)
