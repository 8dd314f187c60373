"""Attention as one op, decomposed by run_decompositions, and written by hand: one kernel, and PyTorch's numbers."""
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from etc_tools import INSPECT, RUN, compile_model, run


class Attention(nn.Module):
    """Of 2 heads of 8; `how` says who writes the products."""

    def __init__(self, how, masked):
        super().__init__()
        self.qkv, self.how = nn.Linear(16, 48), how
        mask = torch.ones(5, 5, dtype=torch.bool).tril()
        mask[3] = False  # this query sees nothing
        self.register_buffer("mask", mask if masked else None)

    def forward(self, x):
        q, k, v = (t.view(x.shape[0], -1, 2, 8).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        if self.how == "torch":
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        else:
            y = (q @ k.transpose(-2, -1) / math.sqrt(8)).softmax(-1) @ v
        return y.transpose(1, 2).flatten(2)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("how,masked", [("torch", False), ("torch", True), ("hand", False)])
@pytest.mark.parametrize("form", ["exported", "core"])
def test_attention(form, how, masked, batch, tmp_path):
    torch.manual_seed(0)
    module, x = Attention(how, masked).eval(), torch.randn(batch, 5, 16)
    program = torch.export.export(module, (x,))
    torch.export.save(program.run_decompositions() if form == "core" else program, tmp_path / "model.pt2")
    np.save(tmp_path / "x.npy", x.numpy())
    np.savez(tmp_path / "y.npz", output_0=module(x).detach().numpy())
    for words in ([], ["--cpu", "generic"], ["--disable-pass", "find-attention"]):
        compile_model(tmp_path / "model.pt2", tmp_path / "model.etc", *words)
        run(RUN, tmp_path / "model.etc", tmp_path / "x.npy", "--expect", tmp_path / "y.npz", "--rtol", "1e-5", "--atol", "1e-6", "-o", tmp_path / "out.npz")
        ops = run(INSPECT, "--graph", tmp_path / "model.etc").stdout
        if not words and "etc::packed_linear" in ops:  # this build has fast kernels
            assert "etc::fast_attention" in ops and "aten::bmm" not in ops
