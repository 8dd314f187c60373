"""Encoders with attention: ViT-tiny, MiniLM-L6, Whisper-tiny."""
import math

import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    """`fused`: one layer for queries, keys and values (ViT); Whisper's keys have no bias."""

    def __init__(self, width, heads, fused=False, key_bias=True):
        super().__init__()
        self.heads, self.fused = heads, fused
        if fused:
            self.qkv = nn.Linear(width, 3 * width)
        else:
            self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width, bias=key_bias), nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x, mask=None):
        q, k, v = self.qkv(x).chunk(3, -1) if self.fused else (self.q(x), self.k(x), self.v(x))
        q, k, v = (t.view(1, -1, self.heads, t.shape[-1] // self.heads).transpose(1, 2) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(y.transpose(1, 2).reshape(1, -1, x.shape[-1]))


class Layer(nn.Module):
    """`pre`: norms before attention and the linear layers (ViT, Whisper), or after the sums (BERT)."""

    def __init__(self, width, heads, eps, pre=True, **attention):
        super().__init__()
        self.pre = pre
        self.attention = Attention(width, heads, **attention)
        self.norm1, self.norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask=None):
        if self.pre:
            x = x + self.attention(self.norm1(x), mask)
            return x + self.down(F.gelu(self.up(self.norm2(x))))
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class VisionTransformer(nn.Module):
    def __init__(self, width=192, depth=12, heads=3, patch=16, size=224):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, width) * 0.5)
        self.layers = nn.ModuleList(Layer(width, heads, 1e-6, fused=True) for _ in range(depth))
        self.norm = nn.LayerNorm(width, 1e-6)
        self.head = nn.Linear(width, 1000)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token, x), 1) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x)[:, 0])


class SentenceEncoder(nn.Module):
    """all-MiniLM-L6-v2: BERT with 6 layers of 384, the mean of the token vectors, length one."""

    def __init__(self, vocabulary=30522, width=384, depth=6, heads=12, longest=512):
        super().__init__()
        self.words, self.places, self.kinds = nn.Embedding(vocabulary, width), nn.Embedding(longest, width), nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, 1e-12)
        self.layers = nn.ModuleList(Layer(width, heads, 1e-12, pre=False) for _ in range(depth))

    def forward(self, ids, mask):
        x = self.words(ids) + self.places.weight[: ids.shape[1]] + self.kinds.weight[0]
        x = self.norm(x)
        attended = mask.bool()[:, None, None, :]
        for layer in self.layers:
            x = layer(x, attended)
        weights = mask[..., None].float()
        return F.normalize((x * weights).sum(1) / weights.sum(1))


class WhisperEncoder(nn.Module):
    def __init__(self, mels=80, width=384, depth=4, heads=6, frames=1500):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(mels, width, 3, padding=1), nn.Conv1d(width, width, 3, 2, padding=1)
        steps = torch.exp(torch.arange(width // 2) * (-math.log(10000) / (width // 2 - 1)))
        angles = torch.arange(frames)[:, None] * steps
        self.register_buffer("positions", torch.cat((angles.sin(), angles.cos()), 1))
        self.layers = nn.ModuleList(Layer(width, heads, 1e-5, key_bias=False) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, mel):
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


def sentence(length):
    """Token ids and their mask; an eighth of the tokens is padding."""
    mask = torch.ones(1, length, dtype=torch.int64)
    mask[:, length - length // 8:] = 0
    return torch.randint(0, 30522, (1, length)), mask
