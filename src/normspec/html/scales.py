"""Scales: from numbers to places on a picture, with ticks at round numbers."""

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(exponent: int, base: int = 10) -> str:
    """Return a power of ten, or of another base, as it is written; small ones in full."""
    if exponent in (0, 1, 2):
        return str(base**exponent)
    return f"{base}{str(exponent).translate(_RAISED)}"


@dataclass(frozen=True)
class Scale:
    """A linear scale from the interval low..high to the places start..end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value; one beyond the interval is at its end."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        """Return at most `most` round numbers within the interval."""
        span = self.high - self.low
        rough = span / most
        unit = 10.0 ** floor(log10(rough))
        step = next(
            unit * factor for factor in (1, 2, 2.5, 5, 10, 20) if span / (unit * factor) <= most - 1 or factor == 20
        )
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


@dataclass(frozen=True)
class LogScale:
    """A scale of powers of ten from 10^low to 10^high."""

    low: int
    high: int
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value; one beyond the interval, also 0 and infinity, is at its end."""
        exponent = log10(value) if value > 0 and isfinite(value) else (self.low if value <= 0 else self.high)
        return self.at(exponent)

    def at(self, exponent: float) -> float:
        """Return the place of a power of ten."""
        return Scale(self.low, self.high, self.start, self.end)(exponent)

    def ticks(self, most: int = 6) -> list[int]:
        """Return at most `most` exponents in equal steps, 0 among them if it is within."""
        step = next(s for s in (1, 2, 3, 4, 5, 10, 20, 100) if (self.high - self.low) / s <= most - 1 or s == 100)
        return [k for k in range(self.low, self.high + 1) if k % step == 0]
