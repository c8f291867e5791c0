"""What a scaler keeps of what it was fitted to, and what it keeps of nothing."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from normspec.spec.formats import Array

NOTHING: Mapping[str, float] = MappingProxyType(
    {
        "running_count": 0.0,
        "running_mean": 0.0,
        "running_var": 0.0,
        "running_min": float("inf"),
        "running_max": float("-inf"),
    }
)
"""What is kept before anything was seen, by name: what leaves anything new as it is when both are pooled."""


def nothing_like(state: Mapping[str, Array]) -> dict[str, Array]:
    """Return what is kept of nothing, in the place of what is kept."""
    return {name: np.full_like(values, NOTHING[name]) for name, values in state.items()}


def unseen(state: Mapping[str, Array]) -> bool:
    """Return whether some column is kept of which nothing was seen: no inference can be asked then."""
    count, low = state.get("running_count"), state.get("running_min")
    return bool((count is not None and not count.all()) or (low is not None and np.isinf(low).any()))
