"""Calls one op of etc and compares it with PyTorch.

    from etc_op import check, call
    check("aten::add.Tensor", x, y, alpha=2)                 # the compiler's way: defaults, decomposition, promotion, kernels
    check("aten::add.Tensor", x, y, alpha=2, direct=True)    # our kernel itself, operands as they are

The library is found by the environment variable ETC_OP_LIBRARY (meson test sets it).
"""
import ctypes
import os

import torch

DTYPES = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32,
          torch.float64, torch.float8_e4m3fn, torch.float8_e5m2, torch.uint16, torch.uint32, torch.uint64]
NUMBERS = {dtype: number for number, dtype in enumerate(DTYPES)}
TOLERANCE = {torch.float16: (2e-3, 1e-4), torch.bfloat16: (1.6e-2, 1e-3), torch.float32: (1e-5, 1e-6), torch.float64: (1e-9, 1e-11),
             torch.float8_e4m3fn: (0, 0), torch.float8_e5m2: (0, 0)}


class EtcError(Exception):
    """etc answered with an error (bad shape, bad value)."""


class UnknownOp(EtcError):
    """etc has neither kernel nor decomposition of this name."""


class _Tensor(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int32), ("rank", ctypes.c_int32), ("sizes", ctypes.c_int64 * 16), ("strides", ctypes.c_int64 * 16),
                ("data", ctypes.c_void_p), ("begin", ctypes.c_int64), ("bytes", ctypes.c_int64)]


class _Argument(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("count", ctypes.c_int32), ("integer", ctypes.c_int64), ("real", ctypes.c_double),
                ("text", ctypes.c_char_p), ("ints", ctypes.POINTER(ctypes.c_int64)), ("reals", ctypes.POINTER(ctypes.c_double)),
                ("tensors", ctypes.POINTER(_Tensor)), ("name", ctypes.c_char_p)]


_library = None


def library():
    global _library
    if _library is None:
        _library = ctypes.CDLL(os.environ["ETC_OP_LIBRARY"])
    return _library


def _tensor(t, keep):
    if t is None:
        return _Tensor(dtype=-1)
    t = t.detach()
    keep.append(t)
    storage = t.untyped_storage()
    r = _Tensor(dtype=NUMBERS[t.dtype], rank=t.dim(), data=t.data_ptr() or storage.data_ptr(), bytes=storage.nbytes())
    r.begin = storage.data_ptr() - (r.data or 0)
    r.sizes[: t.dim()] = t.size()
    r.strides[: t.dim()] = t.stride()
    return r


def _argument(value, keep):
    a = _Argument()
    if value is None:
        a.kind = 0
    elif isinstance(value, torch.Tensor):
        a.kind = 1
        array = (_Tensor * 1)(_tensor(value, keep))
        keep.append(array)
        a.tensors = array
    elif isinstance(value, bool):
        a.kind, a.integer = 4, value
    elif isinstance(value, torch.dtype):
        a.kind, a.integer = 2, NUMBERS[value]
    elif isinstance(value, int):
        a.kind, a.integer = 2, value
    elif isinstance(value, float):
        a.kind, a.real = 3, value
    elif isinstance(value, str):
        a.kind, a.text = 5, value.encode()
    elif isinstance(value, (list, tuple)):
        a.count = len(value)
        if any(isinstance(v, torch.Tensor) for v in value):
            a.kind = 6
            array = (_Tensor * len(value))(*[_tensor(v, keep) for v in value])
            keep.append(array)
            a.tensors = array
        elif value and isinstance(value[0], bool):
            a.kind = 9
            array = (ctypes.c_int64 * len(value))(*value)
            keep.append(array)
            a.ints = array
        elif any(isinstance(v, float) for v in value):
            a.kind = 8
            array = (ctypes.c_double * len(value))(*value)
            keep.append(array)
            a.reals = array
        else:
            a.kind = 7
            array = (ctypes.c_int64 * max(1, len(value)))(*value)
            keep.append(array)
            a.ints = array
    else:
        raise TypeError(f"no argument kind for {value!r}")
    return a


def _result(r):
    dtype, size = DTYPES[r.dtype], list(r.sizes[: r.rank])
    raw = bytearray(ctypes.string_at(r.data, r.bytes))
    if not raw:
        return torch.empty(size, dtype=dtype)
    return torch.frombuffer(raw, dtype=torch.uint8).clone().view(dtype).reshape(size)


def call(op, *args, direct=False, **kwargs):
    """The list of our result tensors. Raises UnknownOp or EtcError."""
    keep = []
    packed = [_argument(a, keep) for a in args]
    for name, value in kwargs.items():
        a = _argument(value, keep)
        a.name = name.encode()
        packed.append(a)
    array = (_Argument * max(1, len(packed)))(*packed)
    results, count, message = (_Tensor * 64)(), ctypes.c_int(64), ctypes.create_string_buffer(1000)
    rc = library().etc_op_run(op.encode(), int(direct), array, len(packed), results, ctypes.byref(count), message, 1000)
    if rc:
        raise (UnknownOp if rc == 2 else EtcError)(f"{op}: {message.value.decode()}")
    outputs = [_result(results[i]) for i in range(count.value)]
    library().etc_op_free(results, count)
    return outputs


def seed(number):
    """Every later call that draws random numbers begins with this seed."""
    library().etc_op_seed(ctypes.c_uint64(number))


def torch_op(op):
    """torch.ops.aten.add.Tensor for "aten::add.Tensor"."""
    name, _, overload = op.partition("::")[2].partition(".")
    return getattr(getattr(getattr(torch.ops, op.partition("::")[0]), name), overload or "default")


def flatten(value):
    if value is None:
        return []
    return [t for v in value for t in flatten(v)] if isinstance(value, (list, tuple)) else [value]


def compare(ours, expected, rtol=None, atol=None, what=""):
    assert ours.dtype == expected.dtype, f"{what}: dtype {ours.dtype}, PyTorch says {expected.dtype}"
    assert list(ours.shape) == list(expected.shape), f"{what}: shape {list(ours.shape)}, PyTorch says {list(expected.shape)}"
    a, b = ours, expected.detach().contiguous()
    r, t = TOLERANCE.get(a.dtype, (0, 0))
    if a.dtype not in (torch.float64, torch.int64, torch.uint64, torch.bool):
        a, b = a.double(), b.double()
    if a.dtype == torch.uint64:
        a, b = a.view(torch.int64), b.view(torch.int64)
    torch.testing.assert_close(a, b, rtol=r if rtol is None else rtol, atol=t if atol is None else atol, equal_nan=True,
                               msg=lambda m: f"{what}: {m}")


def check(op, *args, direct=False, rtol=None, atol=None, expected=None, skip=(), **kwargs):
    """Our results equal PyTorch's: number, dtype, shape, values (NaN equals NaN). `skip`: result positions left out."""
    ours = call(op, *args, direct=direct, **kwargs)
    if expected is None:
        with torch.no_grad():
            expected = torch_op(op)(*args, **kwargs)
    expected = flatten(expected)
    assert len(ours) == len(expected), f"{op}: {len(ours)} results, PyTorch has {len(expected)}"
    for i, (o, e) in enumerate(zip(ours, expected)):
        if i not in skip:
            compare(o, torch.as_tensor(e), rtol, atol, f"{op} result {i}")
    return ours
