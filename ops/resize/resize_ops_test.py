"""Resizing and grid sampling against PyTorch."""
import pytest
import torch

from etc_op import check

FLOATS = [torch.float32, torch.float64]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_nearest(exact, n):
    name = f"aten::{'_upsample_nearest_exact' if exact else 'upsample_nearest'}{n}d"
    for dtype in FLOATS + [torch.uint8, torch.bfloat16]:
        x = (torch.randn([2, 3, 5, 4, 6][: n + 2]) * 9).to(dtype)
        for size in ([7, 9, 5], [2, 3, 3], [5, 4, 6], [10, 8, 12]):
            check(name, x, size[:n], direct=True)
        check(name, x, [int(s * 1.5) for s in x.shape[2:]], *[1.5] * n, direct=True)


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("name,n", [("upsample_linear1d", 1), ("upsample_bilinear2d", 2), ("upsample_trilinear3d", 3), ("upsample_bicubic2d", 2)])
def test_interpolating(corners, name, n):
    for dtype in FLOATS + [torch.bfloat16]:
        x = torch.randn([2, 3, 5, 4, 6][: n + 2]).to(dtype)
        loose = dict(rtol=2e-2, atol=2e-2) if dtype == torch.bfloat16 else dict(rtol=1e-4, atol=1e-5)
        for size in ([7, 9, 5], [2, 3, 3], [5, 4, 6], [1, 1, 1]):
            check("aten::" + name, x, size[:n], corners, direct=True, **loose)
        check("aten::" + name, x, [int(s * 1.5) for s in x.shape[2:]], corners, *[1.5] * n, direct=True, **loose)


@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("corners", [False, True])
def test_grid_sampler(mode, padding, corners):
    for dtype in FLOATS:
        x, grid = torch.randn(2, 3, 5, 6).to(dtype), (torch.rand(2, 4, 7, 2) * 3 - 1.5).to(dtype)
        check("aten::grid_sampler_2d", x, grid, mode, padding, corners, direct=True, rtol=1e-4, atol=1e-4)
