"""Losses with each reduction."""
import pytest
import torch

from op_cases import case, check_dtypes

torch.manual_seed(7)
r, T = torch.randn, torch.tensor
X, Y, U, V = r(3, 4), r(3, 4), torch.rand(3, 4) * 0.98 + 0.01, torch.rand(3, 4)
SIGNS = T([1.0, -1.0, 1.0])
LOGITS, CLASSES = r(5, 4), T([0, 3, 1, 2, 1])
MAP, PIXELS = r(2, 4, 3, 3), torch.randint(0, 4, (2, 3, 3))
WEIGHTS = torch.rand(4)

CASES = []
for reduction in [0, 1, 2]:
    CASES += [
        case("aten::mse_loss", X, Y, reduction), case("aten::l1_loss", X, Y, reduction), case("aten::smooth_l1_loss", X, Y, reduction),
        case("aten::smooth_l1_loss", X, Y, reduction, 0.3), case("aten::smooth_l1_loss", X, Y, reduction, 0.0),
        case("aten::huber_loss", X, Y, reduction, 0.5),
        case("aten::kl_div", X, U, reduction), case("aten::kl_div", X, Y, reduction, log_target=True),
        case("aten::binary_cross_entropy", U, V, None, reduction),
        case("aten::binary_cross_entropy", U, V, torch.rand(4), reduction),
        case("aten::binary_cross_entropy_with_logits", X, V, None, None, reduction),
        case("aten::binary_cross_entropy_with_logits", X, V, torch.rand(4), torch.rand(4), reduction),
        case("aten::soft_margin_loss", X, Y.sign(), reduction), case("aten::poisson_nll_loss", X, V * 3, True, False, 1e-8, reduction),
        case("aten::poisson_nll_loss", U, V * 3, False, True, 1e-8, reduction),
        case("aten::margin_ranking_loss", r(3), r(3), SIGNS, 0.2, reduction),
        case("aten::hinge_embedding_loss", r(3), SIGNS, 1.0, reduction), case("aten::cosine_embedding_loss", X, Y, SIGNS, 0.1, reduction),
        case("aten::triplet_margin_loss", X, Y, U, 1.0, 2.0, 1e-6, False, reduction),
        case("aten::triplet_margin_loss", X, Y, U, 1.0, 1.0, 1e-6, True, reduction),
        case("aten::nll_loss_nd", X[0], T(2), None, reduction), case("aten::nll_loss_forward", X[0], T(2), WEIGHTS, reduction, -100),
    ]
    for weight in [None, WEIGHTS]:
        CASES += [
            case("aten::nll_loss", LOGITS, CLASSES, weight, reduction), case("aten::nll_loss_nd", MAP, PIXELS, weight, reduction, 2),
            case("aten::nll_loss2d", MAP, PIXELS, weight, reduction),
            case("aten::nll_loss_forward", LOGITS, CLASSES, weight, reduction, -100),
            case("aten::nll_loss2d_forward", MAP, PIXELS, weight, reduction, 1),
            case("aten::cross_entropy_loss", LOGITS, CLASSES, weight, reduction),
            case("aten::cross_entropy_loss", LOGITS, CLASSES, weight, reduction, 1, 0.2),
            case("aten::cross_entropy_loss", MAP, PIXELS, weight, reduction, -100, 0.1),
            case("aten::cross_entropy_loss", LOGITS, torch.softmax(r(5, 4), 1), weight, reduction),
            case("aten::cross_entropy_loss", MAP, torch.softmax(r(2, 4, 3, 3), 1), weight, reduction, -100, 0.1),
        ]


@pytest.mark.parametrize("op,args,kwargs", CASES)
def test_loss(op, args, kwargs):
    check_dtypes(op, args, kwargs, [torch.float32, torch.float64])
