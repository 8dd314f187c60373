"""Tables of op calls for tests that compare with PyTorch: what a call looks like in each dtype that PyTorch itself accepts."""
import pytest
import torch

from etc_op import check, flatten, torch_op

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.int64, torch.int32, torch.uint8, torch.bool]


def case(op, *args, **kwargs):
    """One row of a table; the test's name tells the op and the shapes."""
    shapes = "x".join("".join(map(str, t.shape)) or "0" for t in flatten(list(args)) if isinstance(t, torch.Tensor))
    return pytest.param(op, args, kwargs, id=f"{op.partition('::')[2]}-{shapes}")


def in_dtype(value, dtype):
    """Float tensors in another dtype; whole numbers for integers."""
    if isinstance(value, (list, tuple)):
        return type(value)(in_dtype(v, dtype) for v in value)
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.to(dtype) if dtype.is_floating_point else (value * 4).round().abs().to(dtype)
    return value


def check_dtypes(op, args, kwargs, dtypes, **options):
    """Compares in every dtype for which PyTorch has an answer; at least in the first."""
    for i, dtype in enumerate(dtypes):
        a, k = in_dtype(args, dtype), {name: in_dtype(v, dtype) for name, v in kwargs.items()}
        try:
            with torch.no_grad():
                expected = torch_op(op)(*a, **k)
        except (RuntimeError, NotImplementedError):
            assert i > 0, f"{op}: PyTorch refuses {dtype}"
            continue
        check(op, *a, expected=expected, **options, **k)
