"""Runs etc-compile, etc-run and etc-inspect for the Python tests. meson test names them in ETC_COMPILE, ETC_RUN, ETC_INSPECT."""
import os
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
COMPILE, RUN, INSPECT = (os.environ.get(name) for name in ("ETC_COMPILE", "ETC_RUN", "ETC_INSPECT"))


def run(*command, expect=0, **options):
    """The finished process; fails when the exit code is not `expect` (None: any)."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600, **options)
    assert expect is None or done.returncode == expect, f"{' '.join(map(str, command))}\nexit code {done.returncode}, not {expect}\n{done.stdout}{done.stderr}"
    return done


def compile_model(model, program, *options, expect=0):
    return run(COMPILE, model, "-o", program, *options, expect=expect)


def bits(array):
    """bfloat16 and float8 arrays, however they travel, as unsigned integers."""
    return array.view(f"u{array.dtype.itemsize}") if array.dtype.kind == "V" else array


def as_numbers(array, dtype):
    """The array as float64 for comparing; dtype is the manifest's name of what the bits mean."""
    import torch

    if dtype in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        flat = torch.from_numpy(bits(array).copy().reshape(-1).view(np.uint8))
        return flat.view(getattr(torch, dtype)).double().numpy().reshape(array.shape)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def assert_close(ours, expected, dtype, rtol, atol, what):
    assert list(ours.shape) == list(expected.shape), f"{what}: shape {list(ours.shape)}, PyTorch says {list(expected.shape)}"
    a, b = as_numbers(bits(ours), dtype), as_numbers(bits(expected), dtype)
    if a.dtype.kind == "f":
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, equal_nan=True, err_msg=what)
    else:
        np.testing.assert_array_equal(a, b, err_msg=what)
