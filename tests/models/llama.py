"""One decode step of a Llama-like model; tests and benchmarks share it."""
import torch
import torch.nn.functional as F
from torch import nn


class RmsNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class LlamaLayer(nn.Module):
    def __init__(self, dim, heads, kv_heads, hidden, cache):
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, dim // heads
        self.norm1, self.norm2 = RmsNorm(dim), RmsNorm(dim)
        self.q, self.o = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.k, self.v = (nn.Linear(dim, kv_heads * self.size, bias=False) for _ in "kv")
        self.gate, self.up, self.down = nn.Linear(dim, hidden, bias=False), nn.Linear(dim, hidden, bias=False), nn.Linear(hidden, dim, bias=False)
        self.register_buffer("k_cache", torch.zeros(1, kv_heads, cache, self.size))
        self.register_buffer("v_cache", torch.zeros(1, kv_heads, cache, self.size))

    def rotate(self, x, cos, sin):
        a, b = x.chunk(2, -1)
        return x * cos + torch.cat((-b, a), -1) * sin

    def forward(self, x, position, cos, sin, mask, caches):
        k_cache, v_cache = caches or (self.k_cache, self.v_cache)
        h = self.norm1(x)
        q, k, v = (p(h).view(1, 1, -1, self.size).transpose(1, 2) for p in (self.q, self.k, self.v))
        k_cache.index_copy_(2, position, self.rotate(k, cos, sin))
        v_cache.index_copy_(2, position, v)
        a = F.scaled_dot_product_attention(self.rotate(q, cos, sin), k_cache, v_cache, attn_mask=mask, enable_gqa=self.heads != self.kv_heads)
        x = x + self.o(a.transpose(1, 2).reshape(1, 1, -1))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class LlamaStep(nn.Module):
    """One decode step; the caches are buffers that it changes, unless it is called with others: keys and values of each layer in turn."""

    def __init__(self, vocabulary=8000, dim=512, layers=8, heads=8, kv_heads=4, hidden=1536, cache=512):
        super().__init__()
        self.cache = cache
        self.embed = nn.Embedding(vocabulary, dim)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.layers = nn.ModuleList(LlamaLayer(dim, heads, kv_heads, hidden, cache) for _ in range(layers))
        self.norm = RmsNorm(dim)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        self.head.weight = self.embed.weight
        size = dim // heads
        self.register_buffer("frequency", 1.0 / 10000 ** (torch.arange(0, size, 2).float() / size), persistent=False)

    def forward(self, token, position, *caches):
        x = self.embed(token)
        angle = torch.cat([position[:, None].float() * self.frequency] * 2, -1)
        mask = (torch.arange(self.cache) <= position)[None, None, None]
        for i, layer in enumerate(self.layers):
            x = layer(x, position, angle.cos(), angle.sin(), mask, caches[2 * i:2 * i + 2])
        return self.head(self.norm(x))
