"""Is an answer right? Compared with torch eager."""
import numpy as np

# Of the largest distance of eager's values from their mean: about 200 times what fp32 in another order of summation differs, a fiftieth of bf16.
TOLERANCE = 2e-4


class Wrong(Exception):
    pass


def error_of(given, expected):
    """The largest difference, in units of the spread of `expected`. Shapes may differ by axes of one: some runtimes have no batch."""
    given, expected = np.asarray(given, np.float64).squeeze(), np.asarray(expected, np.float64).squeeze()
    if given.shape != expected.shape:
        raise Wrong(f"wrong shape: {given.shape} instead of {expected.shape}")
    if not np.isfinite(given).all():
        raise Wrong("wrong: not finite")
    spread = np.abs(expected - expected.mean()).max() or np.abs(expected).max()
    return float(np.abs(given - expected).max() / spread)


def check(given, expected):
    """The largest error of all outputs that are expected; more may be given (state that goes in and out)."""
    if len(given) < len(expected):
        raise Wrong(f"wrong: {len(given)} outputs instead of {len(expected)}")
    error = max(error_of(g, e) for g, e in zip(given, expected))
    if not error <= TOLERANCE:
        raise Wrong(f"wrong: differs by {error:.1e} of the spread")
    return error
