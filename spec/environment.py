"""The floating-point environment that certificates assume: rounding to nearest, subnormal numbers kept."""

import numpy as np

_ONES = np.array([1.0, 1.0, -1.0, -1.0])
_MORE = np.array([2.0**-53, 2.0**-53 + 2.0**-105, -(2.0**-53), -(2.0**-53) - 2.0**-105])
"""Half a spacing beside one, and a little more than that, on both sides."""

_SMALLEST_NORMAL = np.array([2.0**-1022])
_HALF = np.array([0.5])
_EXPECTED = np.array([1.0, 1.0 + 2.0**-52, -1.0, -1.0 - 2.0**-52]).view(np.uint64).tobytes()
_SUBNORMAL = np.uint64(1 << 51)
_SMALLEST_BITS = np.array([1], dtype=np.uint64)


class PollutedEnvironmentError(RuntimeError):
    """Floating point does not round as the proofs assume: nothing can be certified."""


def require_exact_arithmetic() -> None:
    """Check the rounding mode and the handling of subnormals, by bit patterns: comparisons of values cannot see them.

    Raises PollutedEnvironmentError, which names what is wrong and the likely cause.
    """
    if (_ONES + _MORE).tobytes() != _EXPECTED:
        raise PollutedEnvironmentError(
            "this thread does not round to nearest: a library changed the rounding mode; set it back before checking"
        )
    if (_SMALLEST_NORMAL * _HALF).view(np.uint64)[0] != _SUBNORMAL or _flushes_inputs():
        raise PollutedEnvironmentError(
            "this thread flushes subnormal numbers to zero, as torch.set_flush_denormal(True) or -ffast-math libraries "
            "make it: turn that off before checking"
        )


def _flushes_inputs() -> bool:
    smallest = _SMALLEST_BITS.view(np.float64)
    return bool((smallest + smallest).view(np.uint64)[0] != 2)
