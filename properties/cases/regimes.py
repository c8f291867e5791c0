"""Regimes: what the values of a case are like. Values decide more than tolerances do.

On values near N(0, 1) almost every wrong layer passes; each regime is the kind of data on which some fault shows. A
regime turns small integers, which Hypothesis draws and shrinks, into values, so that shrinking stays inside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from normspec.spec.formats import Array, Format

SIZES = 8  # a regime's size knob runs over range(SIZES)


@dataclass(frozen=True)
class Scale:
    """What a regime may depend on besides the integers: the format, epsilon, a size knob, the number of members."""

    format: Format
    epsilon: float
    size: int
    members: int


@dataclass(frozen=True)
class Regime:
    """A kind of data: its name, the faults that hide without it, and its values from integers in -8..8."""

    name: str
    uncovers: str
    values: Callable[[Array, Scale], Array]


def _halves(k: Array, scale: Scale) -> Array:
    return k / 2


def _tenths(k: Array, scale: Scale) -> Array:
    return k / 10


def _near_epsilon(k: Array, scale: Scale) -> Array:
    return k * float(np.sqrt(scale.epsilon)) * 2.0 ** -(scale.size % 3)


def _offset(k: Array, scale: Scale) -> Array:
    return 2.0 ** min(3 * scale.size + 3, scale.format.precision - 4) + k


def _outlier(k: Array, scale: Scale) -> Array:
    values = k.astype(np.float64)
    values.reshape(-1)[:1] = 2.0 ** (scale.size + 4)
    return values


def _constant(k: Array, scale: Scale) -> Array:
    return np.full_like(k, k.reshape(-1)[0] * 2.0 ** (scale.size - 3) if k.size else 0.0)


def _alternating(k: Array, scale: Scale) -> Array:
    signs = np.where(np.arange(k.size) % 2, -1.0, 1.0).reshape(k.shape)
    return signs * (1 + scale.size)


def _signs(k: Array, scale: Scale) -> Array:
    return np.where(k >= 0, 1.0, -1.0)


def _overflowing_squares(k: Array, scale: Scale) -> Array:
    return k * float(np.sqrt(scale.format.largest)) * 2.0 ** (scale.size - 6)


def _near_overflow(k: Array, scale: Scale) -> Array:
    return k / 8 * scale.format.largest * 2.0**-scale.size


def _denormal(k: Array, scale: Scale) -> Array:
    return k * scale.format.smallest_subnormal * 2.0 ** (3 * scale.size)


REGIMES: Mapping[str, Regime] = MappingProxyType(
    {
        regime.name: regime
        for regime in (
            Regime("halves", "wrong formulas: exact small numbers, so that nothing else can be blamed", _halves),
            Regime("near-epsilon", "epsilon outside the root, doubled, dropped, fixed", _near_epsilon),
            Regime("offset", "the one-pass variance; a mean that is not subtracted; zero padding", _offset),
            Regime("tenths", "roundings everywhere: numbers that no binary format holds", _tenths),
            Regime("outlier", "a tail or a tile that is not read; a group dominated by one element", _outlier),
            Regime("constant", "division by zero; a variance that comes out negative", _constant),
            Regime("alternating", "zero means, outputs at plus and minus one", _alternating),
            Regime("signs", "variance exactly one: standard deviation and variance look the same elsewhere", _signs),
            Regime("denormal", "flush to zero; epsilon lost beside tiny squares", _denormal),
            Regime("overflowing-squares", "squares beyond the format's range: silent zeros", _overflowing_squares),
            Regime("near-overflow", "sums beyond the format's range", _near_overflow),
        )
    }
)


def realize(regime: str, integers: Array, scale: Scale) -> Array:
    """Return the regime's values in the format, clipped to its finite range."""
    values = REGIMES[regime].values(integers.astype(np.float64), scale)
    largest = scale.format.largest
    return np.clip(values, -largest, largest).astype(scale.format.dtype)
