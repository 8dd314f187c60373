"""Layers: convolutions, norms, pools, resizing, padding, cells, attention."""
import pytest
import torch

from etc_op import check
from op_cases import case, check_dtypes

torch.manual_seed(5)
r = torch.randn
F32_F64 = [torch.float32, torch.float64]

CONVOLUTIONS = [
    case("aten::conv1d", r(2, 3, 8), r(4, 3, 3), r(4), [2], [1], [1], 1), case("aten::conv1d", r(3, 8), r(4, 3, 3)),
    case("aten::conv2d", r(2, 4, 7, 6), r(6, 2, 3, 2), r(6), [2, 1], [1, 0], [1, 2], 2),
    case("aten::conv2d", r(4, 7, 6), r(6, 4, 3, 3), r(6), [1], [1]),
    case("aten::conv2d", r(2, 4, 7, 6), r(4, 1, 3, 3), None, [1], [1], [1], 4),
    case("aten::conv3d", r(1, 2, 4, 5, 6), r(3, 2, 2, 3, 2), r(3), [1, 2, 1], [0, 1, 1]),
    case("aten::conv1d.padding", r(2, 3, 8), r(4, 3, 4), r(4), [1], "same"),
    case("aten::conv2d.padding", r(2, 3, 8, 7), r(4, 3, 4, 3), r(4), [1, 1], "same", [1, 2]),
    case("aten::conv2d.padding", r(2, 3, 8, 7), r(4, 3, 3, 3), None, [2, 2], "valid"),
    case("aten::conv3d.padding", r(1, 2, 4, 5, 6), r(3, 2, 2, 3, 2), None, [1, 1, 1], "same"),
    case("aten::conv2d.padding", r(3, 8, 7), r(4, 3, 4, 3), r(4), [1, 1], "same"),
    case("aten::conv_transpose1d", r(2, 3, 5), r(3, 4, 3), r(4), [2], [1], [1]),
    case("aten::conv_transpose2d.input", r(2, 4, 5, 4), r(4, 3, 3, 3), r(6), [2, 1], [1, 0], [1, 0], 2, [1, 1]),
    case("aten::conv_transpose2d.input", r(4, 5, 4), r(4, 3, 3, 3), None, [2]),
    case("aten::conv_transpose3d.input", r(1, 2, 3, 3, 3), r(2, 2, 2, 2, 2), None, [2]),
    case("aten::_convolution", r(2, 3, 8), r(4, 3, 3), None, [1], [0], [1], False, [0], 1, False, False, True, True),
]


@pytest.mark.parametrize("op,args,kwargs", CONVOLUTIONS)
def test_convolution(op, args, kwargs):
    check_dtypes(op, args, kwargs, F32_F64)


NORMS = [
    case("aten::layer_norm", r(2, 3, 4), [4], r(4), r(4)), case("aten::layer_norm", r(2, 3, 4), [3, 4], None, None, 1e-3),
    case("aten::group_norm", r(2, 6, 4, 3), 3, r(6), r(6)), case("aten::group_norm", r(2, 6), 2),
    case("aten::batch_norm", r(3, 4, 5), r(4), r(4), r(4), torch.rand(4), False, 0.1, 1e-5, False),
    case("aten::batch_norm", r(3, 4), None, None, r(4), torch.rand(4), False, 0.1, 1e-5, False),
    case("aten::batch_norm", r(3, 4, 5), r(4), r(4), None, None, True, 0.1, 1e-5, False),
    case("aten::instance_norm", r(2, 3, 4, 5), r(3), r(3), None, None, True, 0.1, 1e-5, False),
    case("aten::instance_norm", r(2, 3, 6), None, None, None, None, True, 0.1, 1e-5, False),
    case("aten::instance_norm", r(2, 3, 6), r(3), r(3), r(3), torch.rand(3), False, 0.1, 1e-5, False),
    case("aten::_weight_norm", r(4, 3, 2), torch.rand(4, 1, 1), 0), case("aten::_weight_norm", r(4, 3), torch.rand(1, 3), 1),
    case("aten::_weight_norm_interface", r(4, 3, 2), torch.rand(4, 1, 1), 0),
]


@pytest.mark.parametrize("op,args,kwargs", NORMS)
def test_norm(op, args, kwargs):
    check_dtypes(op, args, kwargs, F32_F64)


def test_batch_norm_in_training_uses_the_batch():
    x, mean, var = r(3, 4, 5), r(4), torch.rand(4)
    w, b = r(4), r(4)
    check("aten::batch_norm", x, w, b, mean, var, True, 0.1, 1e-5, False, expected=torch.nn.functional.batch_norm(x, None, None, w, b, True))


def test_fused_rms_norm():
    x, w = r(2, 3, 8), r(8)
    for eps in [None, 1e-3]:
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + (eps or torch.finfo(torch.float32).eps))
        check("aten::_fused_rms_norm", x, [8], w, eps, expected=[x * scale * w, scale])


POOLS = [
    case("aten::max_pool1d", r(2, 3, 9), [3], [2], [1]), case("aten::max_pool1d", r(3, 9), [2]),
    case("aten::max_pool1d_with_indices", r(2, 3, 9), [3], [1], [0], [2]),
    case("aten::max_pool2d", r(2, 3, 9, 8), [3, 2], [2, 2], [1, 1], [1, 1], True), case("aten::max_pool2d", r(3, 9, 8), [2]),
    case("aten::max_pool3d", r(1, 2, 5, 6, 7), [2, 3, 2], [2, 2, 1]), case("aten::avg_pool1d", r(2, 3, 9), [3], [2], [1], True, False),
    case("aten::avg_pool1d", r(3, 9), [2]), case("aten::adaptive_avg_pool1d", r(2, 3, 10), [4]),
    case("aten::adaptive_avg_pool1d", r(3, 7), [1]),
    case("aten::adaptive_avg_pool2d", r(2, 3, 7, 8), [3, 5]), case("aten::adaptive_avg_pool2d", r(2, 3, 7, 8), [1, 1]),
    case("aten::adaptive_avg_pool2d", r(3, 7, 8), [2, 2]), case("aten::adaptive_avg_pool3d", r(1, 2, 4, 5, 6), [2, 2, 3]),
    case("aten::adaptive_avg_pool3d", r(1, 2, 4, 5, 6), [1, 1, 1]), case("aten::adaptive_max_pool1d", r(2, 3, 10), [4]),
    case("aten::max_unpool2d", r(2, 3, 2, 2), torch.tensor([[0, 3], [9, 15]]).expand(2, 3, 2, 2).contiguous(), [4, 4]),
    case("aten::max_unpool3d", r(1, 1, 2, 2, 2), torch.tensor([[[[0, 3], [9, 15]], [[20, 30], [40, 63]]]])[None], [4, 4, 4], [2, 2, 2], [0, 0, 0]),
]


@pytest.mark.parametrize("op,args,kwargs", POOLS)
def test_pool(op, args, kwargs):
    check_dtypes(op, args, kwargs, F32_F64)


IMAGE, LINE, CUBE = r(2, 3, 5, 6), r(2, 3, 7), r(1, 2, 3, 4, 5)
RESIZES = []
for name in ["upsample_nearest", "_upsample_nearest_exact"]:
    RESIZES += [case(f"aten::{name}1d.vec", LINE, [11], None), case(f"aten::{name}1d.vec", LINE, None, [1.7]),
    case(f"aten::{name}2d.vec", IMAGE, [10, 9], None),
                case(f"aten::{name}2d.vec", IMAGE, None, [0.6, 2.3]), case(f"aten::{name}3d.vec", CUBE, None, [2.0, 1.5, 0.5])]
for align in [False, True]:
    RESIZES += [case("aten::upsample_linear1d.vec", LINE, [12], align, None), case("aten::upsample_linear1d.vec", LINE, None, align, [1.6]),
                case("aten::upsample_trilinear3d.vec", CUBE, [5, 3, 7], align, None)]
    for name in ["upsample_bilinear2d", "upsample_bicubic2d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"]:
        RESIZES += [case(f"aten::{name}.vec", IMAGE, [9, 4], align, None), case(f"aten::{name}.vec", IMAGE, None, align, [1.7, 0.6]),
                    case(f"aten::{name}.vec", IMAGE, [5, 6], align, None)]


@pytest.mark.parametrize("op,args,kwargs", RESIZES)
def test_resize(op, args, kwargs):
    check_dtypes(op, args, kwargs, F32_F64, rtol=1e-4, atol=1e-5)


ARRANGEMENTS = [
    case("aten::pixel_shuffle", r(2, 12, 3, 4), 2), case("aten::pixel_shuffle", r(9, 3, 4), 3),
    case("aten::pixel_unshuffle", r(2, 3, 6, 4), 2),
    case("aten::channel_shuffle", r(2, 6, 3), 3), case("aten::native_channel_shuffle", r(2, 6, 3, 2), 2),
    case("aten::affine_grid_generator", r(2, 2, 3), [2, 3, 4, 5], False),
    case("aten::affine_grid_generator", r(2, 2, 3), [2, 3, 4, 1], True),
    case("aten::affine_grid_generator", r(1, 3, 4), [1, 3, 2, 3, 4], True),
    case("aten::grid_sampler", r(2, 3, 5, 6), torch.rand(2, 4, 3, 2) * 2.4 - 1.2, 0, 0, False),
    case("aten::im2col", r(2, 3, 6, 7), [2, 3], [1, 2], [1, 0], [2, 1]), case("aten::im2col", r(3, 6, 7), [2, 2], [1, 1], [0, 0], [2, 2]),
    case("aten::col2im", r(2, 12, 15), [6, 4], [2, 2], [1, 1], [0, 0], [1, 1]),
    case("aten::col2im", r(12, 4), [5, 5], [2, 2], [1, 1], [1, 1], [3, 3]),
]
for mode, value in [("constant", None), ("constant", 2.5), ("reflect", None), ("replicate", None), ("circular", None)]:
    ARRANGEMENTS += [case("aten::pad", r(2, 3, 5), [2, 1], mode, value), case("aten::pad", r(2, 3, 5, 6), [1, 2, 3, 0], mode, value),
                     case("aten::pad", r(1, 2, 4, 5, 6), [1, 2, 3, 1, 0, 2], mode, value)]
ARRANGEMENTS += [case("aten::pad", r(3, 5), [-1, 2], "constant", 1.0), case("aten::_pad_circular", r(2, 3, 6), [-1, 3]),
case("aten::_pad_enum", r(2, 3, 6), [1, 2], 1)]


@pytest.mark.parametrize("op,args,kwargs", ARRANGEMENTS)
def test_arrangement(op, args, kwargs):
    check_dtypes(op, args, kwargs, F32_F64)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("interpolation", [0, 1])
def test_sampling_a_volume(interpolation, padding, align):
    check("aten::grid_sampler", r(2, 3, 4, 5, 6), torch.rand(2, 3, 2, 4, 3) * 5 - 2.5, interpolation, padding, align, rtol=1e-4, atol=1e-5)
    check("aten::grid_sampler_3d", r(1, 2, 1, 3, 2), torch.rand(1, 2, 2, 2, 3) * 2 - 1, interpolation, padding, align, rtol=1e-4, atol=1e-5)


def cell(gates, states):
    return (r(2, 3), states, r(gates * 4, 3), r(gates * 4, 4), r(gates * 4), r(gates * 4))


@pytest.mark.parametrize("op,args", [("aten::lstm_cell", cell(4, [r(2, 4), r(2, 4)])), ("aten::gru_cell", cell(3, r(2, 4))),
                                     ("aten::rnn_tanh_cell", cell(1, r(2, 4))), ("aten::rnn_relu_cell", cell(1, r(2, 4)))])
def test_cell(op, args):
    check_dtypes(op, args, {}, F32_F64)
    check_dtypes(op, args[:4], {}, F32_F64)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, torch.randn(5, 5)])
def test_attention_with_its_sums(causal, mask):
    if causal and mask is not None:
        pytest.skip("PyTorch takes one of the two")
    q, k, v = r(2, 3, 5, 8), r(2, 3, 5, 8), r(2, 3, 5, 8)
    check("aten::_scaled_dot_product_flash_attention_for_cpu", q, k, v, 0.0, causal, attn_mask=mask, rtol=1e-4, atol=1e-5)
    check("aten::_scaled_dot_product_attention_math", q, k, v, mask, 0.0, causal, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("mask_type", [None, 0, 1])
def test_transformer_encoder_layer(norm_first, mask_type):
    e, h, f = 8, 2, 16
    mask = {None: None, 0: torch.triu(torch.ones(5, 5), 1) > 0, 1: torch.tensor([[False] * 5, [False] * 3 + [True] * 2])}[mask_type]
    args = (r(2, 5, e), e, h, r(3 * e, e), r(3 * e), r(e, e), r(e), True, norm_first, 1e-5, r(e), r(e), r(e), r(e), r(f, e), r(f), r(e, f), r(e), mask, mask_type)
    check("aten::_transformer_encoder_layer_fwd", *args, rtol=1e-4, atol=1e-4)
    check("aten::_native_multi_head_attention", args[0], args[0], args[0], e, h, *args[3:7], mask, True, True, mask_type, rtol=1e-4, atol=1e-4)
