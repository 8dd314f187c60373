"""The ops over packed weights against PyTorch: geometry, strides, edges, residuals and activations."""
import pytest
import torch
import torch.nn.functional as F

from etc_op import EtcError, call
from packing import packed

ACTIVATIONS = {
    "none": lambda x: x, "relu": F.relu, "relu6": F.relu6, "hardsigmoid": F.hardsigmoid, "hardswish": F.hardswish, "sigmoid": torch.sigmoid,
    "silu": F.silu, "tanh": torch.tanh, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}


def tensor(*sizes, seed=0):
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed + sum(sizes)))


def same(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * max(1, theirs.abs().max().item() if theirs.numel() else 1))


def linear(x, weight, bias=None, residual=None, activation="none", dtype=torch.float32):
    return call("etc::packed_linear", x, packed(weight).to(dtype), bias, residual, weight.shape[0], activation, direct=True)[0]


@pytest.mark.parametrize("sizes", [(1, 5), (5,), (3, 7, 33), (2, 0, 4), (200, 64), (1, 1000)], ids=str)
@pytest.mark.parametrize("columns", [1, 16, 24, 65, 300])
def test_linear(sizes, columns):
    x, w, b = tensor(*sizes), tensor(columns, sizes[-1], seed=1), tensor(columns, seed=2)
    residual = tensor(*sizes[:-1], columns, seed=3)
    same(linear(x, w), F.linear(x, w))
    same(linear(x, w, b, residual, "relu"), F.relu(F.linear(x, w, b) + residual))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("sizes", [(1, 5), (3, 7, 33), (200, 64), (1, 1000)], ids=str)
@pytest.mark.parametrize("columns", [1, 24, 300])
def test_linear_over_narrow_weights(sizes, columns, dtype):
    """The weights are rounded, and nothing else."""
    x, w, b = tensor(*sizes), tensor(columns, sizes[-1], seed=1), tensor(columns, seed=2)
    residual = tensor(*sizes[:-1], columns, seed=3)
    same(linear(x, w, b, residual, "relu", dtype), F.relu(F.linear(x, w.to(dtype).float(), b) + residual))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation):
    x, w, b = tensor(9, 20), tensor(37, 20, seed=1), tensor(37, seed=2)
    same(linear(x, w, b, None, activation), ACTIVATIONS[activation](F.linear(x, w, b)))


def test_linear_rows_apart():
    x, w = tensor(6, 50), tensor(20, 10, seed=1)
    same(linear(x[::2, 7:17], w), F.linear(x[::2, 7:17], w))


@pytest.mark.parametrize("rows,size", [(1, 1), (16, 5), (70, 33)])
@pytest.mark.parametrize("indices", [torch.tensor(0), torch.tensor([[0, -1], [3, 3]]), torch.zeros(2, 0, dtype=torch.int64), torch.tensor([-1, 0], dtype=torch.int32)])
def test_embedding(rows, size, indices):
    table = tensor(rows, size)
    indices = indices % rows
    y = call("etc::packed_embedding", packed(table), indices, rows, direct=True)[0]
    assert torch.equal(y, F.embedding(indices, table))


@pytest.mark.parametrize("index", [-1, 20, 31, 1 << 62])
def test_embedding_refuses_what_is_no_row(index):
    """Rows 20 to 31 are zeros that fill the panel."""
    with pytest.raises(EtcError):
        call("etc::packed_embedding", packed(tensor(20, 4)), torch.tensor([index]), 20, direct=True)


def conv(x, weight, bias=None, residual=None, stride=(1, 1), padding=(0, 0), dilation=(1, 1), activation="none", dtype=torch.float32):
    """Over [n, c, h, w], as PyTorch has it."""
    flat = weight.permute(0, 2, 3, 1).reshape(weight.shape[0], -1)
    to_last = lambda t: None if t is None else t.permute(0, 2, 3, 1).contiguous()
    y = call("etc::packed_conv2d", to_last(x), packed(flat).to(dtype), bias, to_last(residual), weight.shape[0], list(weight.shape[2:]), list(stride), list(padding),
             list(dilation), activation, direct=True)[0]
    return y.permute(0, 3, 1, 2)


GEOMETRY = [((1, 1), (1, 1), (0, 0), (1, 1)), ((3, 3), (1, 1), (1, 1), (1, 1)), ((3, 3), (2, 2), (1, 1), (1, 1)), ((7, 7), (2, 2), (3, 3), (1, 1)),
            ((1, 1), (2, 2), (0, 0), (1, 1)), ((3, 2), (1, 2), (2, 1), (2, 3)), ((5, 1), (1, 1), (4, 0), (1, 1)), ((3, 3), (1, 1), (0, 0), (1, 1)),
            ((8, 8), (3, 1), (7, 7), (1, 1)), ((3, 11), (1, 1), (1, 0), (1, 1))]
# More pixels than one block can point to, so it goes by lines.
PATCHES = [((13, 9), (1, 2), (0, 0), (1, 1)), ((9, 9), (9, 9), (2, 0), (1, 1))]
# Lines of few channels that reach over an edge are copied: short ones, steps wider than the window, windows all outside.
EDGES = [((10, 4), (2, 2), (5, 1), (1, 1)), ((2, 2), (5, 5), (1, 1), (1, 1)), ((3, 3), (1, 4), (2, 2), (3, 1)), ((2, 2), (1, 1), (3, 4), (1, 1)),
         ((2, 3), (1, 300), (1, 1), (1, 1))]


@pytest.mark.parametrize("kernel,stride,padding,dilation", GEOMETRY + PATCHES + EDGES, ids=str)
@pytest.mark.parametrize("channels,filters", [(1, 64), (3, 32), (16, 16), (20, 70)])
def test_conv2d(kernel, stride, padding, dilation, channels, filters):
    x, w, b = tensor(2, channels, 13, 11), tensor(filters, channels, *kernel, seed=1), tensor(filters, seed=2)
    expected = F.conv2d(x, w, b, stride, padding, dilation)
    same(conv(x, w, b, None, stride, padding, dilation), expected)
    residual = tensor(*expected.shape, seed=3)
    same(conv(x, w, None, residual, stride, padding, dilation, "relu6"), F.relu6(F.conv2d(x, w, None, stride, padding, dilation) + residual))
    narrow = w.bfloat16().float()
    same(conv(x, w, b, None, stride, padding, dilation, dtype=torch.bfloat16), F.conv2d(x, narrow, b, stride, padding, dilation))


def test_conv2d_of_a_part():
    """Pixels and lines that lie apart."""
    x, w = tensor(1, 12, 14, 40), tensor(20, 12, 3, 3, seed=1).permute(0, 2, 3, 1).reshape(20, -1)
    part = x[:, 1:11, ::2, 5:17]
    y = call("etc::packed_conv2d", part, packed(w), None, None, 20, [3, 3], [1, 1], [1, 1], [1, 1], "none", direct=True)[0]
    same(y.permute(0, 3, 1, 2), F.conv2d(part.permute(0, 3, 1, 2), w.reshape(20, 3, 3, 12).permute(0, 3, 1, 2), None, 1, 1))


@pytest.mark.parametrize("kernel,stride,padding,dilation", [g for g in GEOMETRY if g[0] != (8, 8)] + [((5, 5), (2, 2), (2, 2), (1, 1))], ids=str)
@pytest.mark.parametrize("channels", [1, 16, 37, 96])
@pytest.mark.parametrize("activation", ["none", "hardswish"])
def test_depthwise2d(kernel, stride, padding, dilation, channels, activation):
    x, w, b = tensor(2, channels, 13, 30), tensor(channels, 1, *kernel, seed=1), tensor(channels, seed=2)
    y = call("etc::packed_depthwise2d", x.permute(0, 2, 3, 1).contiguous(), packed(w.reshape(channels, -1)), b, list(kernel), list(stride),
             list(padding), list(dilation), activation, direct=True)[0]
    same(y.permute(0, 3, 1, 2), ACTIVATIONS[activation](F.conv2d(x, w, b, stride, padding, dilation, channels)))


@pytest.mark.parametrize("channels", [3, 20])
@pytest.mark.parametrize("kernel,padding", [((3, 3), (1, 0, 0, 2)), ((2, 2), (0, 0, 1, 1)), ((3, 1), (0, 0, 2, 0)), ((1, 4), (0, 3, 0, 0))], ids=str)
def test_conv2d_of_other_padding_behind(kernel, padding, channels):
    x, w, b = tensor(2, channels, 13, 11), tensor(33, channels, *kernel, seed=1), tensor(33, seed=2)
    top, left, bottom, right = padding
    same(conv(x, w, b, None, (1, 2), padding, (1, 1)), F.conv2d(F.pad(x, (left, right, top, bottom)), w, b, (1, 2)))


def test_refusals():
    x, w = tensor(3, 8), packed(tensor(20, 8))
    with pytest.raises(EtcError):
        call("etc::packed_linear", x, w, None, None, 33, "none", direct=True)
    with pytest.raises(EtcError):
        call("etc::packed_linear", x, w, None, None, 20, "softplus", direct=True)
    with pytest.raises(EtcError):
        call("etc::packed_linear", x, packed(tensor(20, 9)), None, None, 20, "none", direct=True)
    with pytest.raises(EtcError):
        call("etc::packed_linear", x, w.double(), None, None, 20, "none", direct=True)
    with pytest.raises(EtcError):
        call("etc::packed_linear", x.half(), w.half(), None, None, 20, "none", direct=True)
    with pytest.raises(EtcError):
        call("etc::packed_depthwise2d", tensor(1, 5, 5, 20), packed(tensor(20, 9)).half(), None, [3, 3], [1, 1], [1, 1], [1, 1], "none", direct=True)
    with pytest.raises(EtcError):
        call("etc::packed_linear", x, w, tensor(21), None, 20, "none", direct=True)
    with pytest.raises(EtcError):
        call("etc::packed_linear", x, w, None, tensor(4, 20), 20, "none", direct=True)
    with pytest.raises(EtcError):
        conv(tensor(1, 3, 9, 9), tensor(20, 3, 2, 2), None, None, (1, 1), (0, 0, 1), (1, 1))
    with pytest.raises(EtcError):
        conv(tensor(1, 3, 9, 9), tensor(20, 3, 2, 2), None, None, (1, 1), (0, 0, -1, 0), (1, 1))
    image, patch = tensor(1, 9, 9, 2), packed(tensor(20, 2 * 9 * 9))
    with pytest.raises(EtcError):
        call("etc::packed_conv2d", image, patch, None, None, 20, [9, 9], [1, 1], [0, 1], [1, 1], "none", direct=True)


def planes(weight):
    """[outputs, channels, height, width] for an image that lies as PyTorch has it."""
    n, c, h, w = weight.shape
    return packed(weight.reshape(n, -1)).reshape(-1, c, h * w, 16)


def conv_of_planes(x, weight, bias=None, stride=(1, 1), padding=(0, 0), dilation=(1, 1), activation="none"):
    y = call("etc::packed_conv2d", x.permute(0, 2, 3, 1), planes(weight), bias, None, weight.shape[0], list(weight.shape[2:]), list(stride), list(padding),
             list(dilation), activation, direct=True)[0]
    return y.permute(0, 3, 1, 2)


@pytest.mark.parametrize("kernel,stride,padding,dilation", [g for g in GEOMETRY if g[0] != (8, 8)] + [((5, 5), (3, 2), (2, 4), (1, 3)), ((7, 7), (2, 2), (3, 3), (1, 1))], ids=str)
@pytest.mark.parametrize("channels,filters", [(1, 5), (3, 32), (2, 70), (4, 16)])
def test_conv2d_of_planes(kernel, stride, padding, dilation, channels, filters):
    for size in ((9, 11), (13, 40), (33, 57)):
        x, w, b = tensor(2, channels, *size), tensor(filters, channels, *kernel, seed=1), tensor(filters, seed=2)
        expected = F.conv2d(x, w, b, stride, padding, dilation)
        same(conv_of_planes(x, w, b, stride, padding, dilation), expected)
        same(conv_of_planes(x, w, None, stride, padding, dilation, "relu"), F.relu(F.conv2d(x, w, None, stride, padding, dilation)))
        same(conv_of_planes(x, w, b, stride, padding, dilation, "silu"), F.silu(expected))
    part = tensor(2, channels, 40, 60)[:, :, 3:30:2, 5:50]  # lines and planes apart
    same(conv_of_planes(part, w, b, stride, padding, dilation), F.conv2d(part, w, b, stride, padding, dilation))


def test_conv2d_of_planes_refuses():
    x, w = tensor(1, 3, 9, 9), tensor(20, 3, 3, 3, seed=1)
    image = x.permute(0, 2, 3, 1)
    arguments = lambda weight, residual=None, kernel=(3, 3), stride=(1, 1), channels=20: (
        "etc::packed_conv2d", image, weight, None, residual, channels, list(kernel), list(stride), [1, 1], [1, 1], "none")
    call(*arguments(planes(w)), direct=True)
    for bad in (arguments(planes(w), residual=tensor(1, 9, 9, 20)), arguments(planes(w)[:, :2]), arguments(planes(w), kernel=(1, 3)), arguments(planes(w), channels=40),
                arguments(planes(w).half()), arguments(planes(w), stride=(1, 1000)), arguments(torch.zeros(2, 3, 17 * 17, 16), kernel=(17, 17))):
        with pytest.raises(EtcError):
            call(*bad, direct=True)


def block(x, weight, bias, geometry, activation, filters, filter_bias, depthwise, depthwise_activation, points=None, point_bias=None, residual=None,
          point_activation="none", dtype=torch.float32):
    """etc::packed_conv_depthwise2d over [n, c, h, w]; geometry and depthwise: strides, paddings and dilations."""
    flat = lambda w: packed(w.permute(0, 2, 3, 1).reshape(w.shape[0], -1)).to(dtype)
    to_last = lambda t: None if t is None else t.permute(0, 2, 3, 1).contiguous()
    of_channels = packed(filters.flatten(1))
    y = call("etc::packed_conv_depthwise2d", to_last(x), to_last(residual), flat(weight), bias, weight.shape[0], list(weight.shape[2:]), *map(list, geometry),
             activation, of_channels, filter_bias, list(filters.shape[2:]), *map(list, depthwise), depthwise_activation,
             None if points is None else flat(points), point_bias, 0 if points is None else points.shape[0], point_activation, direct=True)[0]
    return y.permute(0, 3, 1, 2)


# Kernel, stride, padding and dilation of the convolution, and of the depthwise one.
BLOCKS = [(((1, 1), (1, 1), (0, 0), (1, 1)), ((3, 3), (1, 1), (1, 1), (1, 1))), (((1, 1), (1, 1), (0, 0), (1, 1)), ((3, 3), (2, 2), (1, 1), (1, 1))),
          (((3, 3), (2, 2), (1, 1), (1, 1)), ((5, 5), (1, 1), (2, 2), (1, 1))), (((3, 2), (1, 2), (2, 1), (2, 1)), ((1, 3), (3, 1), (0, 0), (1, 2))),
          (((1, 1), (1, 1), (1, 1), (1, 1)), ((2, 2), (3, 3), (0, 1), (1, 1))), (((1, 1), (2, 1), (0, 0), (1, 1)), ((3, 3), (1, 1), (4, 4), (2, 2))),
          (((1, 1), (1, 2), (0, 0), (1, 1)), ((3, 1), (4, 1), (0, 0), (1, 1)))]


@pytest.mark.parametrize("sizes", [(2, 3, 9, 11), (1, 20, 40, 33), (3, 8, 70, 64)], ids=str)
@pytest.mark.parametrize("inner,outputs", [(5, 3), (40, 24), (96, 17)])
@pytest.mark.parametrize("first,second", BLOCKS, ids=str)
def test_conv_depthwise2d(first, second, inner, outputs, sizes):
    """The numbers of the three ops, bit for bit; and PyTorch's."""
    x, w, b = tensor(*sizes), tensor(inner, sizes[1], *first[0], seed=1), tensor(inner, seed=2)
    filters, filter_bias = tensor(inner, 1, *second[0], seed=3), tensor(inner, seed=4)
    points, point_bias = tensor(outputs, inner, 1, 1, seed=5), tensor(outputs, seed=6)
    one = conv(x, w, b, None, *first[1:], "relu6")
    same(one, F.relu6(F.conv2d(x, w, b, *first[1:])))
    two = call("etc::packed_depthwise2d", one.permute(0, 2, 3, 1), packed(filters.flatten(1)), filter_bias, *map(list, second), "hardswish", direct=True)[0]
    two = two.permute(0, 3, 1, 2)
    ours = block(x, w, b, first[1:], "relu6", filters, filter_bias, second[1:], "hardswish")
    assert torch.equal(ours, two)
    same(ours, F.hardswish(F.conv2d(F.relu6(F.conv2d(x, w, b, *first[1:])), filters, filter_bias, *second[1:], groups=inner)))
    for residual, activation in ((None, "none"), (tensor(two.shape[0], outputs, *two.shape[2:], seed=7), "relu")):
        three = conv(two, points, point_bias, residual, activation=activation)
        assert torch.equal(block(x, w, b, first[1:], "relu6", filters, filter_bias, second[1:], "hardswish", points, point_bias, residual, activation), three)


def test_conv_depthwise2d_over_narrow_weights():
    x, w, filters, points = tensor(1, 16, 30, 30), tensor(48, 16, 1, 1, seed=1), tensor(48, 1, 3, 3, seed=2), tensor(16, 48, 1, 1, seed=3)
    for dtype in (torch.bfloat16, torch.float16):
        ours = block(x, w, None, ((1, 1), (0, 0), (1, 1)), "relu", filters, None, ((1, 1), (1, 1), (1, 1)), "relu", points, None, x, dtype=dtype)
        narrow = lambda t: t.to(dtype).float()
        same(ours, x + F.conv2d(F.relu(F.conv2d(F.relu(F.conv2d(x, narrow(w))), filters, None, 1, 1, groups=48)), narrow(points)))


def test_conv_depthwise2d_refuses():
    x, w, filters, points = tensor(1, 8, 9, 9), tensor(20, 8, 1, 1, seed=1), tensor(20, 1, 3, 3, seed=2), tensor(8, 20, 1, 1, seed=3)
    first, second = ((1, 1), (0, 0), (1, 1)), ((1, 1), (1, 1), (1, 1))
    block(x, w, None, first, "none", filters, None, second, "none", points, None, x)
    for bad in (dict(first=((0, 1), (0, 0), (1, 1))), dict(second=((1, 1), (-1, 1), (1, 1))), dict(second=((1, 1), (1, 1), (9, 9))), dict(filters=filters[:16]),
                dict(points=points[:, :10]), dict(residual=x[:, :4]), dict(residual=x[:, :, 1:]), dict(activation="softplus"), dict(bias=tensor(19)),
                dict(points=None), dict(second=((1, 1), (1, 1, 1, 1), (1, 1))), dict(second=((1 << 40, 1), (1, 1), (1, 1)))):
        a = dict(dict(first=first, second=second, filters=filters, points=points, residual=x, activation="none", bias=None), **bad)
        with pytest.raises(EtcError):
            block(x, w, a["bias"], a["first"], a["activation"], a["filters"], None, a["second"], "none", a["points"], None, a["residual"])


def phases(weight, stride, padding):
    """[inputs, outputs, height, width] as ops/cpu/conv_transpose2d.cc wants it: the taps of each phase, by their definition."""
    kernel, inputs, outputs = weight.shape[2:], weight.shape[0], weight.shape[1]
    parts = []
    for line in range(stride[0]):
        for pixel in range(stride[1]):
            ys = [k for k in reversed(range(kernel[0])) if (line + padding[0] - k) % stride[0] == 0]
            xs = [k for k in reversed(range(kernel[1])) if (pixel + padding[1] - k) % stride[1] == 0]
            if ys and xs:
                parts.append(packed(weight[:, :, ys][:, :, :, xs].permute(1, 2, 3, 0).reshape(outputs, -1)).flatten())
    return torch.cat(parts).reshape(-1, kernel[0] * kernel[1] * inputs, 16)


def conv_transpose(x, weight, bias, kernel, stride, padding, output_padding, activation="none"):
    y = call("etc::packed_conv_transpose2d", x.permute(0, 2, 3, 1).contiguous(), phases(weight, stride, padding), bias, weight.shape[1],
             list(kernel), list(stride), list(padding), list(output_padding), activation, direct=True)[0]
    return y.permute(0, 3, 1, 2)


TRANSPOSED = [((3, 3), (2, 2), (1, 1), (1, 1)), ((2, 2), (2, 2), (0, 0), (0, 0)), ((4, 4), (2, 2), (1, 1), (0, 0)), ((1, 1), (1, 1), (0, 0), (0, 0)),
              ((3, 5), (1, 3), (0, 2), (0, 2)), ((2, 3), (3, 1), (0, 1), (1, 0)), ((7, 1), (2, 4), (3, 0), (0, 3)), ((3, 3), (1, 1), (2, 2), (0, 0)),
              ((16, 16), (8, 8), (4, 4), (0, 0)), ((1, 8), (1, 4), (0, 7), (0, 1)), ((5, 5), (2, 2), (4, 3), (1, 0))]


@pytest.mark.parametrize("kernel,stride,padding,output_padding", TRANSPOSED, ids=str)
@pytest.mark.parametrize("inputs,outputs", [(1, 5), (3, 32), (20, 70)])
def test_conv_transpose2d(kernel, stride, padding, output_padding, inputs, outputs):
    for size in ((7, 9), (5, 5), (6, 31)):
        x, w, b = tensor(2, inputs, *size), tensor(inputs, outputs, *kernel, seed=1), tensor(outputs, seed=2)
        same(conv_transpose(x, w, b, kernel, stride, padding, output_padding), F.conv_transpose2d(x, w, b, stride, padding, output_padding))
        same(conv_transpose(x, w, None, kernel, stride, padding, output_padding, "silu"),
             F.silu(F.conv_transpose2d(x, w, None, stride, padding, output_padding)))


def test_conv_transpose2d_keeps_infinities_where_they_are():
    """No product is with a zero that stands for no weight."""
    x, w = tensor(1, 4, 5, 5), tensor(4, 20, 3, 3, seed=1)
    x[0, 2, 3, 1] = float("inf")
    expected = F.conv_transpose2d(x, w, None, 2, 1, 1)
    ours = conv_transpose(x, w, None, (3, 3), (2, 2), (1, 1), (1, 1))
    assert torch.equal(ours.isfinite(), expected.isfinite())


def winograd(weight, m):
    a, b = 0.5**0.5, 2**0.5
    g = {2: [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
         4: [[1, 0, 0], [-2 / 3, -2 / 3 * a, -1 / 3], [-2 / 3, 2 / 3 * a, -1 / 3], [1 / 6, b / 6, 1 / 3], [1 / 6, -b / 6, 1 / 3], [0, 0, 1]]}[m]
    g = torch.tensor(g, dtype=torch.float64)
    points = torch.einsum("yk,xl,nckl->yxnc", g, g, weight.double()).float().reshape(-1, *weight.shape[:2])
    return torch.stack([packed(p) for p in points])


@pytest.mark.parametrize("m", [2, 4])
@pytest.mark.parametrize("height,width", [(1, 1), (2, 3), (7, 7), (14, 13), (40, 21)])
@pytest.mark.parametrize("channels,filters", [(1, 5), (16, 64), (37, 70), (130, 16)])
@pytest.mark.parametrize("padding", [(1, 1), (2, 0), (0, 2)])
def test_winograd(height, width, channels, filters, padding, m):
    if height + 2 * padding[0] < 3 or width + 2 * padding[1] < 3:
        return
    x, w, b = tensor(2, channels, height, width), tensor(filters, channels, 3, 3, seed=1), tensor(filters, seed=2)
    expected = F.conv2d(x, w, b, 1, padding)
    residual = tensor(*expected.shape, seed=3)
    to_last = lambda t: t.permute(0, 2, 3, 1).contiguous()
    for added, activation in ((None, "none"), (residual, "relu"), (residual, "silu")):
        y = call("etc::winograd_conv2d", to_last(x), winograd(w, m), b, None if added is None else to_last(added), filters, list(padding), activation,
                 direct=True)[0]
        same(y.permute(0, 3, 1, 2), ACTIVATIONS[activation](expected if added is None else expected + added))


@pytest.mark.parametrize("m,most", [(2, 1.5), (4, 4)])
def test_winograd_loses_few_digits(m, most):
    """The root mean square error beside that of the direct sum."""
    x, w = F.relu(tensor(1, 128, 28, 28)), tensor(64, 128, 3, 3, seed=1)
    exact = F.conv2d(x.double(), w.double(), None, 1, 1)
    y = call("etc::winograd_conv2d", x.permute(0, 2, 3, 1).contiguous(), winograd(w, m), None, None, 64, [1, 1], "none", direct=True)[0]
    error = lambda t: (t - exact).square().mean().sqrt()
    assert error(y.permute(0, 3, 1, 2)) < most * error(conv(x, w, padding=(1, 1)))


@pytest.mark.parametrize("kernel,stride,padding,output_padding", [
    ((3, 3), (2, 2), (1, 1), (2, 0)), ((3, 3), (0, 2), (1, 1), (0, 0)), ((0, 3), (2, 2), (1, 1), (0, 0)), ((3, 3), (2, 2), (-1, 1), (0, 0)),
    ((3, 3), (2, 2), (9, 1), (0, 0)), ((3, 3), (2, 2), (1, 1), (-1, 0)), ((3,), (2, 2), (1, 1), (0, 0)), ((3, 3), (2, 2), (1, 1), (0, 0, 0)),
    ((9, 9), (1, 1), (0, 0), (0, 0)), ((3, 3), (2, 1 << 40), (1, 1), (0, 0)), ((1 << 62, 3), (2, 2), (1, 1), (0, 0))], ids=str)
def test_refusals_of_conv_transpose2d(kernel, stride, padding, output_padding):
    x = tensor(1, 4, 4, 2)
    depth = kernel[0] * kernel[-1] * 2 if kernel[0] < 100 else 18
    with pytest.raises(EtcError):
        call("etc::packed_conv_transpose2d", x, torch.zeros(2, depth, 16), None, 20, list(kernel), list(stride), list(padding),
             list(output_padding), "none", direct=True)
