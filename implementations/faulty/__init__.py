"""Faulty layers, each named for its fault: what a law is worth shows on them."""

from collections.abc import Mapping
from types import MappingProxyType

from normspec.implementations.faulty import (
    affine,
    axes,
    conduct,
    degenerate,
    derivatives,
    epsilon,
    gradients,
    lives,
    memory,
    others,
    precision,
    running,
    scalers,
    statistics,
)
from normspec.implementations.faulty.fault import Fault

CHAPTERS = (
    statistics,
    precision,
    epsilon,
    axes,
    running,
    affine,
    gradients,
    derivatives,
    lives,
    memory,
    degenerate,
    conduct,
    others,
    scalers,
)

FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for chapter in CHAPTERS for fault in chapter.FAULTS})

__all__ = ["FAULTS", "Fault"]
