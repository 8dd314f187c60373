"""ResNet18 and ResNet50; the stride of a bottleneck is in its 3x3 (version 1.5)."""
import torch.nn.functional as F
from torch import nn


def conv_norm(inputs, outputs, kernel, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


class Block(nn.Module):
    def __init__(self, inputs, width, outputs, stride, is_bottleneck):
        super().__init__()
        shapes = ((inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)) if is_bottleneck else (
            (inputs, width, 3, stride), (width, outputs, 3, 1))
        self.convs = nn.ModuleList(conv_norm(*shape) for shape in shapes)
        self.shortcut = conv_norm(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else nn.Identity()

    def forward(self, x):
        y = x
        for conv in self.convs[:-1]:
            y = F.relu(conv(y))
        return F.relu(self.convs[-1](y) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, counts, is_bottleneck):
        super().__init__()
        self.stem = nn.Sequential(conv_norm(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        blocks, inputs = [], 64
        for stage, count in enumerate(counts):
            width = 64 << stage
            outputs = width * 4 if is_bottleneck else width
            for i in range(count):
                blocks.append(Block(inputs, width, outputs, 2 if stage and i == 0 else 1, is_bottleneck))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(inputs, 1000)

    def forward(self, x):
        return self.head(self.pool(self.blocks(self.stem(x))).flatten(1))


def resnet18():
    return ResNet((2, 2, 2, 2), is_bottleneck=False)


def resnet50():
    return ResNet((3, 4, 6, 3), is_bottleneck=True)
