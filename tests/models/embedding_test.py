"""Tied weights: the table of an embedding is the weight of the layer that answers."""
import pytest
import torch
from torch import nn

from models.forms import check_both_forms


class Tied(nn.Module):
    def __init__(self, rows):
        super().__init__()
        self.embedding, self.head = nn.Embedding(rows, 24), nn.Linear(24, rows, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.embedding(tokens).tanh())


@pytest.mark.parametrize("rows", [300, 320])
def test_tied_weights_are_stored_once(rows, tmp_path):
    torch.manual_seed(0)
    for ops in check_both_forms(Tied(rows), torch.tensor([[0, rows - 1, 17], [15, 16, rows // 2]]), tmp_path, rtol="1e-5", atol="1e-5"):
        if "etc::packed_linear" in ops:  # this build has fast kernels
            assert "etc::packed_embedding" in ops
            assert (tmp_path / "model.etc").stat().st_size < 1.5 * rows * 24 * 4


@pytest.mark.parametrize("precision,dtype", [("bf16", torch.bfloat16), ("f16", torch.float16)])
def test_tied_weights_of_16_bits(precision, dtype, tmp_path):
    torch.manual_seed(0)
    module = Tied(300)
    module.embedding.weight.data = module.embedding.weight.to(dtype).float()  # what the compiler rounds them to
    try:
        graphs = check_both_forms(module, torch.tensor([[0, 299, 17]]), tmp_path, "--precision", precision, rtol="1e-5", atol="1e-5")
    except AssertionError as error:
        assert "--precision" in str(error)  # this build has no fast kernels
        return
    for ops in graphs:
        assert "etc::packed_embedding" in ops
    assert (tmp_path / "model.etc").stat().st_size < 0.8 * 300 * 24 * 4
