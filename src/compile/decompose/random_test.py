"""What is made from random numbers: shapes and dtypes are PyTorch's; values follow its distributions, at fixed seeds, so nothing here can fail by chance."""
import math

import pytest
import torch

from etc_op import DTYPES, EtcError, call, check, seed, torch_op

N = 200000
X = torch.zeros(N)
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]


@pytest.fixture(autouse=True, params=[0, 2024])
def seeded(request):
    seed(request.param)
    yield
    seed(0)


def one(op, *args, **kwargs):
    ours = call(op, *args, **kwargs)
    theirs = torch_op(op)(*args, **kwargs)
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    assert [(o.dtype, o.shape) for o in ours] == [(t.dtype, t.shape) for t in theirs]
    return ours[0]


def distance(sample, cdf):
    """Kolmogorov's: how far the sample's distribution is from `cdf`, in units of what 1 in 1000 samples exceed."""
    x = sample.double().flatten().sort().values
    steps = torch.arange(x.numel() + 1, dtype=torch.float64) / x.numel()
    expected = cdf(x)
    far = max((steps[1:] - expected).max().item(), (expected - steps[:-1]).max().item())
    return far * math.sqrt(x.numel()) / 1.95


def fits(sample, probabilities):
    """Pearson's chi-squared over categories, against what 1 in about 1000 samples exceed."""
    p = torch.as_tensor(probabilities, dtype=torch.float64)
    counts = torch.bincount(sample.flatten().long(), minlength=len(p)).double()
    assert counts[p == 0].sum() == 0 and len(counts) == len(p)
    expected = p[p > 0] / p.sum() * sample.numel()
    chi = ((counts[p > 0] - expected) ** 2 / expected).sum().item()
    freedom = len(expected) - 1
    return chi < freedom + 3.1 * math.sqrt(2 * freedom) + 6


def normal_cdf(x):
    return (1 + torch.erf(x / math.sqrt(2))) / 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_rand(dtype):
    for sample in (one("aten::rand", [N], dtype=dtype), one("aten::rand_like", X, dtype=dtype), one("aten::uniform", X.to(dtype))):
        assert sample.min() >= 0 and sample.max() < 1
        if dtype in (torch.float32, torch.float64):
            assert distance(sample, lambda x: x) < 1
    ranged = one("aten::uniform", X.to(dtype), -2.0, 6.0)
    assert ranged.min() >= -2 and ranged.max() <= 6 and abs(ranged.double().mean() - 2) < 0.02
    assert one("aten::rand", [2, 0, 3]).numel() == 0 and one("aten::rand", []).dim() == 0


@pytest.mark.parametrize("dtype", FLOATS)
def test_randn(dtype):
    for sample in (one("aten::randn", [N], dtype=dtype), one("aten::randn_like", X, dtype=dtype), one("aten::normal_functional", X.to(dtype))):
        assert abs(sample.double().mean()) < 0.01 and abs(sample.double().std() - 1) < 0.01
        if dtype in (torch.float32, torch.float64):
            assert distance(sample, normal_cdf) < 1
    assert abs(sample[:-1].double() @ sample[1:].double()) / N < 0.01  # neighbours do not know each other


def test_normal_with_parameters():
    mean, std = torch.tensor([-5.0, 0.0, 10.0]), torch.tensor([0.5, 2.0, 1.0])
    shape = (N // 10, 3)
    samples = [(one("aten::normal.Tensor_Tensor", mean.expand(shape), std.expand(shape)), mean, std),
               (one("aten::normal.Tensor_float", mean.expand(shape), 2.0), mean, torch.full((3,), 2.0)),
               (one("aten::normal.float_Tensor", 1.0, std.expand(shape)), torch.ones(3), std),
               (one("aten::normal.float_float", 3.0, 0.25, list(shape)), torch.full((3,), 3.0), torch.full((3,), 0.25)),
               (one("aten::normal_functional", torch.zeros(shape), 3.0, 0.25), torch.full((3,), 3.0), torch.full((3,), 0.25))]
    for sample, m, s in samples:
        for column in range(3):
            assert distance((sample[:, column] - m[column]) / s[column], normal_cdf) < 1
    with pytest.raises(EtcError):
        call("aten::normal.Tensor_Tensor", torch.zeros(3), torch.zeros(4))


def test_other_distributions():
    positive = one("aten::exponential", X, 2.0)
    assert positive.min() > 0 and distance(positive, lambda x: 1 - torch.exp(-2 * x)) < 1
    assert distance(one("aten::cauchy", X.double(), 1.0, 3.0), lambda x: 0.5 + torch.atan((x - 1) / 3) / math.pi) < 1
    assert distance(one("aten::log_normal", X, 0.5, 0.75).log(), lambda x: normal_cdf((x - 0.5) / 0.75)) < 1
    trials = one("aten::geometric", X, 0.3)
    assert trials.min() == 1
    assert fits(trials.clamp(max=20) - 1, [0.3 * 0.7**k for k in range(19)] + [0.7**19])


def test_randint():
    assert fits(one("aten::randint", 10, [N]), [0.1] * 10)
    assert fits(one("aten::randint.low", -3, 4, [N]) + 3, [1 / 7] * 7)
    assert fits(one("aten::randint_like", X, 5), [0.2] * 5)
    assert fits(one("aten::randint_like.low_dtype", X, 2, 5, dtype=torch.int32) - 2, [1 / 3] * 3)
    wide = one("aten::randint.low", -2**61, 2**61, [N])
    assert distance(wide.double() / 2**62 + 0.5, lambda x: x) < 1
    assert (one("aten::randint", 1, [4]) == 0).all()
    for low, high in ((3, 3), (5, 1)):
        with pytest.raises(EtcError, match="no integer"):
            call("aten::randint.low", low, high, [4])


def test_random_fills():
    assert fits(one("aten::random.to", X, 6), [1 / 6] * 6)
    assert fits(one("aten::random.from", X.long(), 3, 6) - 3, [1 / 3] * 3)
    assert fits(one("aten::random", X.bool()).long(), [0.5] * 2)
    assert fits(one("aten::random", X.to(torch.uint8)), [1 / 256] * 256)
    whole = one("aten::random", X.long())
    assert whole.min() >= 0 and whole.max() > 2**62
    low = one("aten::random.from", X.long(), -1000, None)
    assert low.min() >= -1000 and low.max() > 2**62
    halves = one("aten::random", X)
    assert halves.max() > 2**23 and halves.max() <= 2**24


@pytest.mark.parametrize("n", [0, 1, 2, 7, 1000])
def test_randperm(n):
    for dtype in (torch.int64, torch.int32, torch.float32):
        order = one("aten::randperm", n, dtype=dtype)
        assert torch.equal(order.sort().values, torch.arange(n, dtype=dtype))


def test_randperm_puts_everything_everywhere():
    places = torch.zeros(5, 5)
    for number in range(1000):
        seed(number)
        places[torch.arange(5), call("aten::randperm", 5)[0]] += 1
    assert ((places - 200) ** 2 / 200).sum() * 4 / 5 < 16 + 3.1 * math.sqrt(32)  # rows and columns add up: 16 degrees of freedom


@pytest.mark.parametrize("dtype", DTYPES[:10])
def test_bernoulli(dtype):
    sample = one("aten::bernoulli.p", X.to(dtype), 0.3)
    assert fits(sample, [0.7, 0.3])
    assert (one("aten::bernoulli.p", X.to(dtype), 0.0) == 0).all() and (one("aten::bernoulli.p", X.to(dtype), 1.0) == 1).all()
    if dtype.is_floating_point:
        p = torch.tensor([0, 0.25, 1]).to(dtype).expand(N // 3, 3).contiguous()
        for sample in (one("aten::bernoulli", p), one("aten::bernoulli.Tensor", torch.zeros(N // 3, 3, dtype=dtype), p[:1])):
            assert (sample[:, 0] == 0).all() and fits(sample[:, 1], [0.75, 0.25]) and (sample[:, 2] == 1).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_multinomial(dtype):
    weights = torch.tensor([[0, 1, 2, 5, 0], [4, 0, 0, 0, 4]], dtype=dtype)
    for many in (one("aten::multinomial", weights, 50000, True), one("aten::multinomial", weights.repeat_interleave(50000, 0), 1).reshape(2, -1)):
        assert fits(many[0], weights[0].tolist()) and fits(many[1], weights[1].tolist())
    assert one("aten::multinomial", weights[0], 3, True).dim() == 1
    # Without replacement each category comes once, and the first has the weights' distribution.
    two = one("aten::multinomial", weights.repeat_interleave(20000, 0), 2)
    assert (two[:, 0] != two[:, 1]).all() and set(two[20000:].flatten().tolist()) == {0, 4}
    first, second = two[:20000, 0], two[:20000, 1]
    assert fits(first, weights[0].tolist())
    assert fits(second[first == 3], [0, 1, 2, 0, 0])
    with pytest.raises(EtcError):
        call("aten::multinomial", weights, 6)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [0.0, 0.2, 0.75, 1.0])
def test_dropout(dtype, p):
    x = torch.linspace(1, 2, N).to(dtype)
    for op, args in (("aten::dropout", (x, p, True)), ("aten::native_dropout", (x, p, True)), ("aten::native_dropout", (x, p, None))):
        y = one(op, *args)
        kept = y != 0
        assert abs(kept.double().mean() - (1 - p)) < 0.005
        if p < 1:
            torch.testing.assert_close(y[kept], (x.double() / (1 - p)).to(dtype)[kept], rtol=1e-2 if dtype.itemsize == 2 else 1e-6, atol=0)
    out, mask = call("aten::native_dropout", x, p, True)
    assert torch.equal(mask, out != 0)
    assert torch.equal(one("aten::dropout", x, p, False), x)


@pytest.mark.parametrize("op", ["aten::feature_dropout", "aten::feature_alpha_dropout"])
def test_features_drop_as_a_whole(op):
    x = torch.ones(40, 50, 3, 2)
    y = one(op, x, 0.4, True)
    assert (y == y[:, :, :1, :1]).all() and abs((y[:, :, 0, 0] == y.max()).double().mean() - 0.6) < 0.05
    with pytest.raises(EtcError, match="features"):
        call(op, torch.ones(3), 0.4, True)


def test_alpha_dropout_keeps_mean_and_variance():
    x = call("aten::selu", call("aten::randn", [N])[0])[0]
    seed(99)
    y = one("aten::alpha_dropout", x, 0.3, True)
    assert abs(y.mean() - x.mean()) < 0.02 and abs(y.var() - x.var()) < 0.05
    torch.testing.assert_close(y.unique(return_counts=True)[1].max() / N, torch.tensor(0.3), rtol=0.05, atol=0)


def test_rrelu_in_training():
    x = torch.randn(N)
    y = one("aten::rrelu", x, 0.1, 0.4, True)
    assert torch.equal(y[x > 0], x[x > 0])
    slopes = (y / x)[x < 0]
    assert distance((slopes - 0.1) / 0.3, lambda s: s) < 1
    out, noise = call("aten::rrelu_with_noise_functional", x, torch.zeros(N), 0.1, 0.4, True)
    assert torch.equal(out, x * noise) and (noise[x > 0] == 1).all()


NEVER = 1e-30  # so that 1 - p is 1: dropout's way through, but nothing is dropped


def test_attention_drops_weights():
    q, k, v = torch.randn(2, 6, 5, 8), torch.randn(2, 3, 7, 8), torch.randn(2, 3, 7, 4)
    mask, grouped = torch.randn(5, 7), {"enable_gqa": True}
    for args in ((q, k, v, mask, NEVER, False), (q, k, v, None, NEVER, True)):
        check("etc::scaled_dot_product_attention_with_dropout", *args, **grouped, rtol=1e-4, atol=1e-5,
              expected=torch.nn.functional.scaled_dot_product_attention(*args[:4], is_causal=args[5], **grouped))
    ones = torch.ones(2, 3, 7, 4000)
    out = call("etc::scaled_dot_product_attention_with_dropout", q, k, ones, None, 0.25, False, **grouped)[0]
    assert (out == out[..., :1]).all() and len(out[..., 0].unique()) > 40  # a weight is dropped for all features alike
    uniform = call("etc::scaled_dot_product_attention_with_dropout", torch.zeros(300, 1, 8), torch.zeros(300, 100, 8), torch.ones(300, 100, 1), None, 0.25)[0]
    assert abs(uniform.mean() - 1) < 0.02 and abs(uniform.std() - math.sqrt(0.25 / 0.75 / 100)) < 0.01


@pytest.mark.parametrize("op,gates", [("lstm", 4), ("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1)])
@pytest.mark.parametrize("directions", [1, 2])
def test_layers_drop_between_each_other(op, gates, directions):
    x, h = torch.randn(5, 2, 3), torch.randn(3 * directions, 2, 4)
    hidden = [h, torch.randn(3 * directions, 2, 4)] if op == "lstm" else h
    parameters = [torch.randn(size) / 2 for layer in range(3) for _ in range(directions)
                  for size in ((gates * 4, 4 * directions if layer else 3), (gates * 4, 4), (gates * 4,), (gates * 4,))]
    options = (True, 3, NEVER, True, directions == 2, False)
    check(f"etc::{op}_with_dropout", x, hidden, parameters, *options, rtol=1e-4, atol=1e-5,
          expected=torch_op(f"aten::{op}.input")(x, hidden, parameters, *options))
    dropped = call(f"etc::{op}_with_dropout", x, hidden, parameters, True, 3, 1.0, True, directions == 2, False)
    x = torch.full_like(x, 7)  # with everything dropped the last layer does not see the input
    assert torch.equal(dropped[0], call(f"etc::{op}_with_dropout", x, hidden, parameters, True, 3, 1.0, True, directions == 2, False)[0])


@pytest.mark.parametrize("op,args", [("aten::bernoulli.p", (X, 1.5)), ("aten::dropout", (X, -0.1, True)), ("aten::geometric", (X, 0.0))])
def test_refuses_what_is_no_probability(op, args):
    with pytest.raises(EtcError, match="probability"):
        call(op, *args)


def test_another_seed_gives_other_numbers():
    seed(1)
    a, again = one("aten::randn", [1000]), one("aten::randn", [1000])
    seed(2)
    b = one("aten::randn", [1000])
    assert torch.equal(a, again) and not (a == b).any()
