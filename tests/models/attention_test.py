"""Attention as one op, decomposed by run_decompositions, and written by hand: one kernel, and PyTorch's numbers."""
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from models.forms import check_both_forms


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
def test_attention(how, masked, batch, tmp_path):
    torch.manual_seed(0)
    module, x = Attention(how, masked), torch.randn(batch, 5, 16)
    for words in ([], ["--cpu", "generic"], ["--disable-pass", "find-attention"]):
        for ops in check_both_forms(module, x, tmp_path, *words, rtol="1e-5", atol="1e-6"):
            if not words and "etc::packed_linear" in ops:  # this build has fast kernels
                assert "etc::fast_attention" in ops and "aten::bmm" not in ops
