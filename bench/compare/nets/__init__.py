"""The models that are compared, with random weights from fixed seeds."""
from collections.abc import Callable
from dataclasses import dataclass

import torch

from . import convnext, decode, mobile, resnet, small, transformer


@dataclass(frozen=True)
class Model:
    title: str
    build: Callable[[], torch.nn.Module]
    inputs: Callable[[], tuple]
    stateless: Callable | None = None  # module -> the same without state, for runtimes that have none
    is_bound_by_memory: bool = False


def picture(size=224):
    return (torch.randn(1, 3, size, size),)


def four_and_four():
    return torch.rand(4), torch.rand(4) * 0.4 + 0.5


MODELS = {
    "mobilenet_v2": Model("MobileNetV2", mobile.mobilenet_v2, picture),
    "mobilenet_v3_small": Model("MobileNetV3-small", mobile.mobilenet_v3_small, picture),
    "efficientnet_b0": Model("EfficientNet-B0", mobile.efficientnet_b0, picture),
    "resnet18": Model("ResNet18", resnet.resnet18, picture),
    "resnet50": Model("ResNet50", resnet.resnet50, picture),
    "convnext_atto": Model("ConvNeXt-atto", convnext.convnext_atto, picture),
    "vit_tiny": Model("ViT-tiny", transformer.VisionTransformer, picture),
    "minilm_128": Model("MiniLM-L6, 128 tokens", transformer.SentenceEncoder, lambda: transformer.sentence(128)),
    "minilm_16": Model("MiniLM-L6, 16 tokens", transformer.SentenceEncoder, lambda: transformer.sentence(16)),
    "decode": Model("decode step, 8 layers of 512", decode.decode_step, lambda: (torch.tensor([[4711]]), torch.tensor([400])),
                    stateless=decode.CachesOutside, is_bound_by_memory=True),
    "whisper_encoder": Model("Whisper-tiny encoder", transformer.WhisperEncoder, lambda: (torch.randn(1, 80, 3000),)),
    "lstm": Model("LSTM 128 to 256, 100 steps", small.Lstm, lambda: (torch.randn(1, 100, 128),)),
    "ds_cnn": Model("DS-CNN keyword spotter", small.keyword_spotter, lambda: (torch.randn(1, 1, 49, 10),)),
    "autoencoder": Model("convolutional autoencoder", small.autoencoder, lambda: picture(128)),
    "mlp": Model("MLP 784-128-10", small.perceptron, lambda: (torch.randn(1, 784),)),
    "chain_1000": Model("chain of 1,000 tiny ops", lambda: small.Chain(1000), four_and_four),
    "add": Model("one tiny op", lambda: small.Chain(1), four_and_four),
}


def settle(module, inputs):
    """Batch norms as after training: random affine parameters, and the statistics of what really flows through them. With those of a new
    module the signal would fade or grow from layer to layer until the output hardly depends on the input."""
    norms = [m for m in module.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.weight.data.uniform_(0.8, 1.2)
        norm.bias.data.uniform_(-0.2, 0.2)
        norm.momentum = 1.0
        norm.train()
    if norms:
        with torch.no_grad():
            module(*(torch.randn(4, *x.shape[1:]) for x in inputs))
    return module.eval()


def make(name):
    """(module, inputs), the same at each call."""
    torch.manual_seed(sum(map(ord, name)))
    model = MODELS[name]
    module = model.build().eval()
    inputs = model.inputs()
    return settle(module, inputs), inputs
