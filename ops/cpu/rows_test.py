"""Fast norms and the packed LSTM against PyTorch."""
import pytest
import torch
import torch.nn.functional as F

from etc_op import call
from packing import packed


def tensor(*sizes, seed=0):
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed + sum(sizes)))


@pytest.mark.parametrize("sizes", [(7,), (3, 1), (2, 5, 16), (4, 100), (300, 384), (1, 5000)], ids=str)
@pytest.mark.parametrize("affine", [True, False])
def test_norms(sizes, affine):
    x = tensor(*sizes) * 3 + 5
    w, b = (tensor(sizes[-1], seed=1), tensor(sizes[-1], seed=2)) if affine else (None, None)
    torch.testing.assert_close(call("etc::fast_layer_norm", x, w, b, 1e-5, direct=True)[0], F.layer_norm(x, sizes[-1:], w, b), rtol=1e-4, atol=2e-5)
    torch.testing.assert_close(call("etc::fast_rms_norm", x, w, 1e-6, direct=True)[0], F.rms_norm(x, sizes[-1:], w, 1e-6), rtol=1e-5, atol=1e-5)


def test_norm_of_parts():
    x = tensor(6, 50)[::2, 3:20]
    torch.testing.assert_close(call("etc::fast_layer_norm", x, None, None, 1e-5, direct=True)[0], F.layer_norm(x, (17,)), rtol=1e-4, atol=1e-5)


def by_panels(rows, units):
    """Rows of PyTorch's four gates in the order of packed_lstm, with zeros for units that are not there."""
    panels = (units + 15) // 16
    whole = torch.zeros(4, panels * 16, *rows.shape[1:])
    whole[:, :units] = rows.reshape(4, units, *rows.shape[1:])
    return whole.reshape(4, panels, 16, *rows.shape[1:]).transpose(0, 1).reshape(panels * 64, *rows.shape[1:])


@pytest.mark.parametrize("steps,batch,width,units", [(1, 1, 3, 1), (5, 1, 8, 16), (7, 3, 10, 37), (20, 9, 4, 64)])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_lstm(steps, batch, width, units, reverse, dtype):
    """Of a narrow weight the rounding is all that differs."""
    lstm = torch.nn.LSTM(width, units, bidirectional=True)
    for weight in (lstm.weight_hh_l0, lstm.weight_hh_l0_reverse):
        weight.data = weight.data.to(dtype).float()
    x, h, c = tensor(steps, batch, width), tensor(2, batch, units, seed=1), tensor(2, batch, units, seed=2)
    with torch.no_grad():
        y, (last_h, last_c) = lstm(x, (h, c))
    d, suffix = (1, "_reverse") if reverse else (0, "")
    w_input, w_hidden, b_input, b_hidden = (getattr(lstm, f"{name}_l0{suffix}").detach() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    gates = F.linear(x, by_panels(w_input, units), by_panels(b_input + b_hidden, units))
    ours = call("etc::packed_lstm", gates, packed(by_panels(w_hidden, units)).to(dtype), h[d], c[d], reverse, direct=True)
    for a, b in zip(ours, (y[..., d * units:(d + 1) * units], last_h[d], last_c[d])):
        torch.testing.assert_close(a, b.contiguous(), rtol=1e-4, atol=1e-5)
