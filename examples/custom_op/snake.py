"""A model with an op of our own, exported for etc-compile.

    python snake.py snake.pt2

snake(x) = x + sin(alpha x)^2 / alpha is the periodic activation of neural vocoders. PyTorch needs the implementation to trace and to
train; etc needs a kernel when the program runs (snake.cc) and nothing when it is compiled: the .pt2 says what the op gives.
"""
import sys

import torch


@torch.library.custom_op("mylib::snake", mutates_args=())
def snake(x: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    return x + torch.sin(alpha * x) ** 2 / alpha


@snake.register_fake
def _(x, alpha=1.0):
    return torch.empty_like(x)


class Vocoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.up, self.down = torch.nn.Linear(4, 16), torch.nn.Linear(16, 4)

    def forward(self, x):
        return self.down(snake(snake(self.up(x)), alpha=0.5))


if __name__ == "__main__":
    model = Vocoder().eval()
    with torch.no_grad():
        torch.export.save(torch.export.export(model, (torch.randn(3, 4),)), sys.argv[1])
