"""One decode step of a Llama-like model: the step of tests/models, and the same for runtimes without state."""
import sys
from pathlib import Path

from torch import nn

sys.path.append(str(Path(__file__).resolve().parents[3] / "tests"))
from models.llama import LlamaStep


def decode_step():
    """167 MB of weights, the embedding tied to the head, and 17 MB of cache that holds earlier tokens."""
    step = LlamaStep(vocabulary=32000, kv_heads=8, hidden=1376)
    for name, buffer in step.named_buffers():
        if name.endswith("_cache"):
            buffer.normal_(std=0.5)
    return step


class CachesOutside(nn.Module):
    """Caches are inputs and outputs: what runtimes that cannot change a buffer run instead."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def caches(self):
        return tuple(cache.clone() for layer in self.step.layers for cache in (layer.k_cache, layer.v_cache))

    def forward(self, token, position, *caches):
        changed = [cache.clone() for cache in caches]
        return self.step(token, position, *changed), *changed
