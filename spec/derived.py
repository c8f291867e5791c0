"""What some formulas take beside their inputs: exact arrays that follow from x, such as each group's least element.

Where x does not determine them, because of ties or zeros, the gradient is undefined: `undefined_gradients` says where.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from normspec.spec.formats import Array


def _magnitudes(x: Array) -> dict[str, Array]:
    return {"magnitude": np.abs(x), "sign": np.sign(x)}


def _largest(x: Array) -> dict[str, Array]:
    size = np.abs(x)
    largest = np.max(size, axis=-1, keepdims=True)
    return {"largest": largest, "signed": np.where(size == largest, np.sign(x), 0.0)}


def _ends(x: Array) -> dict[str, Array]:
    low, high = np.min(x, axis=-1, keepdims=True), np.max(x, axis=-1, keepdims=True)
    return {"low": low, "high": high, "at_low": (x == low) * 1.0, "at_high": (x == high) * 1.0}


DERIVED: Mapping[str, Callable[[Array], dict[str, Array]]] = MappingProxyType(
    {"lp_one": _magnitudes, "lp_max": _largest, "min_max": _ends}
)
"""By oracle, from the rows of x to the arrays that its functions take."""

UNDEFINED: Mapping[str, Callable[[Mapping[str, Array]], Array]] = MappingProxyType(
    {
        "lp_one": lambda given: np.any(given["sign"] == 0, axis=-1),
        "lp_max": lambda given: np.abs(given["signed"]).sum(-1) != 1,
        "min_max": lambda given: (given["at_low"].sum(-1) != 1) | (given["at_high"].sum(-1) != 1),
    }
)
"""By oracle, from these arrays to the groups in which the gradient of x is not defined."""


def derived(oracle: str, x: Array) -> dict[str, Array]:
    """Return the exact arrays that an oracle's functions take beside x, for its rows."""
    return DERIVED[oracle](x) if oracle in DERIVED and x.size else {}


def undefined_gradients(oracle: str, x: Array) -> Array:
    """Return in which groups of the rows of x the gradient of x is not defined."""
    return UNDEFINED[oracle](DERIVED[oracle](x)) if oracle in UNDEFINED else np.zeros(len(x), dtype=bool)


def widest(found: Mapping[str, Array], *, fitting: bool) -> dict[str, Array]:
    """Return the ends of all that was seen: of what is kept, with those of x where the step fits; nothing without any.

    found are the rows of x, its own ends and the running ones.
    """
    if "running_min" not in found:
        return {}
    low, high = found["running_min"], found["running_max"]
    if fitting:
        low, high = np.minimum(low, found["low"]), np.maximum(high, found["high"])
    return {"low": low, "high": high}
