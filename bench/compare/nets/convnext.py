"""ConvNeXt-atto, the form with 1x1 convolutions (timm's convnext_atto)."""
import torch
import torch.nn.functional as F
from torch import nn


class LayerNorm2d(nn.LayerNorm):
    def __init__(self, channels):
        super().__init__(channels, eps=1e-6)

    def forward(self, x):
        return F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = LayerNorm2d(width)
        self.up, self.down = nn.Conv2d(width, 4 * width, 1), nn.Conv2d(4 * width, width, 1)
        self.scale = nn.Parameter(torch.rand(width) + 0.5)  # as after training; at its start it is 1e-6, which hides the block

    def forward(self, x):
        y = self.down(F.gelu(self.up(self.norm(self.depthwise(x)))))
        return x + y * self.scale.reshape(1, -1, 1, 1)


class ConvNext(nn.Module):
    def __init__(self, widths, counts):
        super().__init__()
        stages = []
        for i, (width, count) in enumerate(zip(widths, counts)):
            down = (LayerNorm2d(widths[i - 1]), nn.Conv2d(widths[i - 1], width, 2, 2)) if i else (nn.Conv2d(3, width, 4, 4), LayerNorm2d(width))
            stages += [*down, *(Block(width) for _ in range(count))]
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.norm = LayerNorm2d(widths[-1])
        self.head = nn.Linear(widths[-1], 1000)

    def forward(self, x):
        return self.head(self.norm(self.pool(self.stages(x))).flatten(1))


def convnext_atto():
    return ConvNext((40, 80, 160, 320), (2, 2, 6, 2))
