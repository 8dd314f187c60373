"""Networks of inverted residual blocks: MobileNetV2, MobileNetV3-small, EfficientNet-B0."""
from torch import nn


def conv_norm(inputs, outputs, kernel, stride=1, groups=1, activation=None, eps=1e-5):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs, eps)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed, activation, gate):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce, self.expand = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.activation, self.gate = activation(), gate()

    def forward(self, x):
        return x * self.gate(self.expand(self.activation(self.reduce(self.pool(x)))))


class InvertedResidual(nn.Module):
    """Expand by 1x1, depthwise, squeeze and excite, project by 1x1; added to the input where the shapes allow."""

    def __init__(self, inputs, wide, outputs, kernel, stride, activation, excite=None, eps=1e-5):
        super().__init__()
        self.is_residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            *([conv_norm(inputs, wide, 1, activation=activation, eps=eps)] if wide != inputs else []),
            conv_norm(wide, wide, kernel, stride, wide, activation, eps),
            *([excite] if excite else []),
            conv_norm(wide, outputs, 1, eps=eps),
        )

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.is_residual else y


class Classifier(nn.Module):
    """Blocks, mean over the picture, then the head."""

    def __init__(self, blocks, head):
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = head

    def forward(self, x):
        return self.head(self.pool(self.blocks(x)).flatten(1))


def mobilenet_v2():
    blocks, inputs = [conv_norm(3, 32, 3, 2, activation=nn.ReLU6)], 32
    for expansion, outputs, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            blocks.append(InvertedResidual(inputs, inputs * expansion, outputs, 3, stride if i == 0 else 1, nn.ReLU6))
            inputs = outputs
    blocks.append(conv_norm(320, 1280, 1, activation=nn.ReLU6))
    return Classifier(blocks, nn.Linear(1280, 1000))


def rounded_to_8(channels):
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def mobilenet_v3_small():
    rows = (  # kernel, expanded, outputs, excite, activation, stride
        (3, 16, 16, True, nn.ReLU, 2), (3, 72, 24, False, nn.ReLU, 2), (3, 88, 24, False, nn.ReLU, 1), (5, 96, 40, True, nn.Hardswish, 2),
        (5, 240, 40, True, nn.Hardswish, 1), (5, 240, 40, True, nn.Hardswish, 1), (5, 120, 48, True, nn.Hardswish, 1),
        (5, 144, 48, True, nn.Hardswish, 1), (5, 288, 96, True, nn.Hardswish, 2), (5, 576, 96, True, nn.Hardswish, 1),
        (5, 576, 96, True, nn.Hardswish, 1))
    blocks, inputs = [conv_norm(3, 16, 3, 2, activation=nn.Hardswish, eps=1e-3)], 16
    for kernel, wide, outputs, is_excited, activation, stride in rows:
        excite = SqueezeExcite(wide, rounded_to_8(wide / 4), nn.ReLU, nn.Hardsigmoid) if is_excited else None
        blocks.append(InvertedResidual(inputs, wide, outputs, kernel, stride, activation, excite, eps=1e-3))
        inputs = outputs
    blocks.append(conv_norm(96, 576, 1, activation=nn.Hardswish, eps=1e-3))
    return Classifier(blocks, nn.Sequential(nn.Linear(576, 1024), nn.Hardswish(), nn.Linear(1024, 1000)))


def efficientnet_b0():
    blocks, inputs = [conv_norm(3, 32, 3, 2, activation=nn.SiLU)], 32
    rows = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1))
    for expansion, kernel, stride, outputs, count in rows:
        for i in range(count):
            wide = inputs * expansion
            excite = SqueezeExcite(wide, inputs // 4, nn.SiLU, nn.Sigmoid)
            blocks.append(InvertedResidual(inputs, wide, outputs, kernel, stride if i == 0 else 1, nn.SiLU, excite))
            inputs = outputs
    blocks.append(conv_norm(320, 1280, 1, activation=nn.SiLU))
    return Classifier(blocks, nn.Linear(1280, 1000))
