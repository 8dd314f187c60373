"""What runs on small devices: a keyword spotter, an autoencoder, an LSTM, a perceptron; and chains of tiny ops."""
from torch import nn


def keyword_spotter():
    """DS-CNN, small: 49 frames of 10 coefficients, 12 words."""
    def conv_norm(inputs, outputs, kernel, stride, padding, groups=1):
        return [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    layers = conv_norm(1, 64, (10, 4), 2, (5, 1))
    for _ in range(4):
        layers += conv_norm(64, 64, 3, 1, 1, groups=64) + conv_norm(64, 64, 1, 1, 0)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 12))


def autoencoder():
    """Three convolutions down, three transposed ones up, for pictures of 128x128."""
    layers = []
    for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.ReLU()]
    for inputs, outputs in ((128, 64), (64, 32), (32, 3)):
        layers += [nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


class Lstm(nn.Module):
    def __init__(self, inputs=128, width=256):
        super().__init__()
        self.lstm = nn.LSTM(inputs, width, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0]


def perceptron():
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


class Chain(nn.Module):
    """`count` ops in turns: add y, multiply by y."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def forward(self, x, y):
        for i in range(self.count):
            x = x * y if i % 2 else x + y
        return x
