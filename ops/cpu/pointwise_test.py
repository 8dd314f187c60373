"""etc::pointwise against PyTorch: its functions in float64, its programs run instruction by instruction, its judgement of damaged ones."""
import random

import pytest
import torch
import torch.nn.functional as F

from etc_op import EtcError, call

# In the order of pointwise.h: what each makes of the accumulator and its places.
OPCODES = {
    "Load": lambda x, a: a,
    "Store": None,
    "Add": lambda x, a: x + a,
    "Sub": lambda x, a: x - a,
    "SubFrom": lambda x, a: a - x,
    "Mul": lambda x, a: x * a,
    "Div": lambda x, a: x / a,
    "DivInto": lambda x, a: a / x,
    "MulAdd": lambda x, a, b: x * a + b,
    "AddMul": lambda x, a, b: x + a * b,
    "Maximum": torch.maximum,
    "Minimum": torch.minimum,
    "AtLeast": lambda x, a: torch.where(x < a, a, x),
    "AtMost": lambda x, a: torch.where(x > a, a, x),
    "LeakyRelu": lambda x, a: torch.where(x > 0, x, x * a),
    "Elu": lambda x, a, b: torch.where(x > 0, x * b, torch.expm1(x) * a),
    "Softplus": lambda x, a, b: torch.where(x * a > b, x, torch.log1p(torch.exp(x * a)) / a),
    "Greater": lambda x, a: (x > a).to(x.dtype),
    "GreaterEqual": lambda x, a: (x >= a).to(x.dtype),
    "Less": lambda x, a: (x < a).to(x.dtype),
    "LessEqual": lambda x, a: (x <= a).to(x.dtype),
    "Equal": lambda x, a: (x == a).to(x.dtype),
    "NotEqual": lambda x, a: (x != a).to(x.dtype),
    "Select": lambda x, a, b: torch.where(x != 0, a, b),
    "Square": torch.square,
    "Neg": torch.neg,
    "Abs": torch.abs,
    "Reciprocal": torch.reciprocal,
    "Sqrt": torch.sqrt,
    "Rsqrt": torch.rsqrt,
    "Exp": torch.exp,
    "Log": torch.log,
    "Log1p": torch.log1p,
    "Erf": torch.erf,
    "Tanh": torch.tanh,
    "Sigmoid": torch.sigmoid,
    "Round": torch.round,
    "Floor": torch.floor,
    "Ceil": torch.ceil,
    "Trunc": torch.trunc,
    "Mish": F.mish,
    "Silu": F.silu,
    "Gelu": F.gelu,
    "GeluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "Hardsigmoid": F.hardsigmoid,
    "Hardswish": F.hardswish,
}
NAMES = list(OPCODES)
UNARY = NAMES[NAMES.index("Square"):]
PLACES = {name: 1 for name in NAMES} | {name: 0 for name in UNARY} | {name: 2 for name in ("MulAdd", "AddMul", "Elu", "Softplus", "Select")}
MOST_PLACES = 64


def instruction(name, a=0, b=0):
    return NAMES.index(name) | a << 8 | b << 16


def run(program, inputs, numbers=()):
    return call("etc::pointwise", inputs[0], list(inputs[1:]), [float(n) for n in numbers], program, direct=True)[0]


def unary(name, x, numbers=()):
    return run([instruction("Load"), instruction(name, *range(1, 1 + len(numbers)))], [x], numbers)


def expected(program, inputs, numbers=()):
    """In float64."""
    places = dict(enumerate([t.double() for t in inputs] + [torch.tensor(n, dtype=torch.float32).double() for n in numbers]))
    shape, x = torch.broadcast_shapes(*[t.shape for t in inputs]), None
    for code in program:
        name, a, b = NAMES[code & 0xff], code >> 8 & 0xff, code >> 16
        if name == "Store":
            places[a] = x
        else:
            x = OPCODES[name](x, *[places[p].expand(shape) for p in (a, b)[:PLACES[name]]]).expand(shape)
    return x


def samples():
    normal = torch.randn(100000, generator=torch.Generator().manual_seed(1))
    return torch.cat([normal, normal * 10, torch.exp(normal * 20), torch.linspace(-20, 20, 200001)])


@pytest.mark.parametrize("name,numbers", [(name, ()) for name in UNARY] +
                         [("LeakyRelu", (0.1,)), ("Elu", (1.5, 1)), ("Softplus", (1, 20)), ("Softplus", (2, 15))])
def test_functions(name, numbers):
    x = samples()
    ours, truth = unary(name, x, numbers), expected([instruction("Load"), instruction(name, *range(1, 1 + len(numbers)))], [x], numbers)
    # Far below 0 nothing is left of 1 + erf.
    torch.testing.assert_close(ours, truth.float(), rtol=5e-7, atol=1e-6 if "Gelu" in name else 1e-37, equal_nan=True)


@pytest.mark.parametrize("name", [n for n in NAMES[2:] if n not in ("Gelu", "GeluTanh", "Silu", "Hardswish", "Mish")])
def test_special_values(name):
    special = torch.tensor([0.0, -0.0, 1.0, -1.0, torch.inf, -torch.inf, torch.nan, 1e-40, -1e-40, 3e38, -3e38, 100.0, -100.0])
    if PLACES[name] == 2:
        places, inputs = (1, 2), [special, torch.tensor(0.5), torch.tensor(20.0)]
    else:
        x, y = torch.meshgrid(special, special, indexing="ij")
        places, inputs = (1,), [x.flatten(), y.flatten()]
    program = [instruction("Load"), instruction(name, *places[:PLACES[name]])]
    with torch.no_grad():
        truth = expected(program, inputs).float()
    torch.testing.assert_close(run(program, inputs), truth, rtol=1e-6, atol=1e-43, equal_nan=True)


def test_zeros_keep_their_sign():
    for name in ("Abs", "Neg", "Sqrt", "Erf", "Tanh", "Log1p", "Hardswish", "Silu", "Gelu", "Round", "Floor", "Ceil", "Trunc"):
        x = torch.tensor([0.0, -0.0])
        assert torch.equal(torch.signbit(unary(name, x)), torch.signbit(OPCODES[name](x))), name


def random_program(pick, inputs, numbers):
    """Ends with moderate numbers, most of the time."""
    # Rounding and comparing make much of little differences.
    steps = {"Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "Select", "Round", "Floor", "Ceil", "Trunc"}
    names = [n for n in NAMES if n not in steps and n not in ("Exp", "Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Div", "DivInto", "Softplus", "Square", "Elu")]
    known = list(range(inputs + numbers))
    program = [instruction("Load", pick.choice(known))]
    for _ in range(pick.randint(1, 30)):
        name = pick.choice(names)
        if name == "Store":
            known.append(pick.randrange(inputs + numbers, MOST_PLACES))
            program.append(instruction("Store", known[-1]))
        else:
            program.append(instruction(name, *[pick.choice(known) for _ in range(PLACES[name])]))
    return program + [instruction("Tanh")]


def operand(pick, shape, generator):
    """Broadcasts to the shape, and lies in some way."""
    sizes = [1 if pick.random() < 0.25 else n for n in shape]
    while sizes and sizes[0] == 1 and pick.random() < 0.5:
        sizes.pop(0)
    kind = pick.choice(["dense", "dense", "dense", "permuted", "sliced", "expanded"])
    if kind == "permuted":
        order = pick.sample(range(len(sizes)), len(sizes))
        t = torch.randn([sizes[d] for d in order], generator=generator)
        return t.permute([order.index(d) for d in range(len(sizes))])
    if kind == "sliced" and sizes:
        step = pick.choice([1, 2])
        return torch.randn([*sizes[:-1], sizes[-1] * step + 3], generator=generator)[..., 1 : 1 + sizes[-1] * step : step]
    if kind == "expanded":
        return torch.randn([1 if pick.random() < 0.3 else n for n in sizes], generator=generator).expand(sizes)
    return torch.randn(sizes, generator=generator)


@pytest.mark.parametrize("seed", range(300))
def test_random_programs(seed):
    pick, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    shape = [pick.choice([1, 2, 3, 5, 8, 16, 17, 40, 64, 65, 100, 130]) for _ in range(pick.randint(0, 3))]
    if seed % 10 == 0:
        shape = [pick.choice([1, 9, 2000]), pick.choice([3, 63, 600])]
    inputs = [operand(pick, shape, generator) for _ in range(pick.randint(1, 5))]
    numbers = [round(pick.uniform(-2, 2), 2) for _ in range(pick.randint(0, 3))]
    program = random_program(pick, len(inputs), len(numbers))
    torch.testing.assert_close(run(program, inputs, numbers), expected(program, inputs, numbers).float(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rows,width", [(8, 2), (100, 3), (33, 64), (50, 96), (9, 511), (9, 513)])
def test_tiles_and_rows(rows, width):
    """The same numbers in each row, and one number for each row."""
    x, across, down = torch.randn(2, rows, width), torch.randn(width), torch.randn(rows, 1)
    images = torch.randn(2, 1, width)
    for other in (across, down, images, across.flip(0)):
        torch.testing.assert_close(run([instruction("Load"), instruction("MulAdd", 1, 0)], [x, other]), x * other + x)


@pytest.mark.parametrize("sizes", [(20, 70), (1, 70), (20, 1), (70,), ()], ids=str)
@pytest.mark.parametrize("step", [1, 2])
def test_masks(sizes, step):
    x, mask = torch.randn(20, 70), (torch.rand(*sizes, step) > 0.5)[..., 0]
    ours = run([instruction("Load", 1), instruction("Select", 0, 2)], [x, mask], [-1])
    assert torch.equal(ours, torch.where(mask, x, torch.tensor(-1.0)))


def test_nothing_to_do():
    assert run([instruction("Load"), instruction("Exp")], [torch.empty(0, 3)]).shape == (0, 3)


@pytest.mark.parametrize("program", [
    [], [instruction("Exp")], [instruction("Load", 2)], [instruction("Load"), instruction("Store", 0)],
    [instruction("Load"), instruction("Store", 1)], [instruction("Load"), instruction("Store", MOST_PLACES)], [instruction("Load"), len(NAMES)],
    [instruction("Load"), instruction("Neg", 1)], [instruction("Load"), instruction("Add", 0, 1)], [instruction("Load"), instruction("Add", 5)],
    [instruction("Load"), instruction("MulAdd", 0, 5)], [instruction("Load"), -1], [instruction("Load") | 1 << 24], [instruction("Load") - (1 << 62)]
], ids=str)
def test_refuses_damaged_programs(program):
    with pytest.raises(EtcError):
        call("etc::pointwise", torch.ones(3), [], [1.0], program, direct=True)


def test_refuses_operands():
    add = [instruction("Load"), instruction("Add", 1)]
    for inputs in ([torch.ones(3), torch.ones(2)], [torch.ones(3), torch.ones(3).double()], [torch.ones(3).int(), torch.ones(3)], [torch.ones(3)] * 65):
        with pytest.raises(EtcError):
            run(add, inputs)
