"""Convolutions of any geometry, as this machine's fast kernels and the portable ones compute them, compared with PyTorch."""
import random

import pytest
import torch
from torch import nn

from models.forms import check_both_forms


def check(module, x, folder, *words):
    return check_both_forms(module, x, folder, *words, rtol="1e-4", atol="1e-5")


@pytest.mark.parametrize("seed", range(24))
def test_transposed(seed, tmp_path):
    pick = random.Random(seed)
    torch.manual_seed(seed)
    dims, (inputs, outputs) = pick.choice([1, 2]), pick.choice([(3, 5), (16, 32), (8, 3)])
    kernel, stride = [pick.randint(1, 5) for _ in range(dims)], [pick.randint(1, 4) for _ in range(dims)]
    padding, added = [pick.randint(0, k // 2) for k in kernel], [pick.randint(0, s - 1) for s in stride]
    one, transposed = (nn.Conv1d, nn.ConvTranspose1d) if dims == 1 else (nn.Conv2d, nn.ConvTranspose2d)
    module = nn.Sequential(one(4, inputs, 1), transposed(inputs, outputs, kernel, stride, padding, added, bias=pick.random() < 0.7), nn.ReLU())
    x = torch.randn(2, 4, *[pick.randint(4, 9) for _ in range(dims)])
    for ops in check(module, x, tmp_path):
        assert "aten::convolution" not in ops or not any(op.startswith("etc::packed_conv") for op in ops)  # all of them or, without fast kernels, none
    check(module, x, tmp_path, "--cpu", "generic")


def test_transposed_of_groups_and_dilations(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.ConvTranspose2d(8, 12, 3, 2, 1, groups=4), nn.ConvTranspose2d(12, 5, 3, 1, 0, dilation=2), nn.Hardswish())
    check(module, torch.randn(1, 8, 5, 6), tmp_path)


def test_patches_of_a_part_of_the_channels(tmp_path):
    """More pixels than the kernel points to one by one, and lines that are not dense: they are copied first."""
    class Part(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(3, 8, 9, 9)

        def forward(self, x):
            return self.patches(x.permute(0, 3, 1, 2)[:, 1:4])

    torch.manual_seed(0)
    check(Part(), torch.randn(1, 20, 20, 5), tmp_path)
