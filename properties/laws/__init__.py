"""The laws, one function each, by chapter; and the table of them all."""

from collections.abc import Mapping
from types import MappingProxyType

from normspec.properties.law import Law
from normspec.properties.laws import (
    agreement,
    conduct,
    extremes,
    gradients,
    instruments,
    invariants,
    lives,
    overflow,
    symmetry,
)

CHAPTERS = (agreement, invariants, instruments, symmetry, gradients, lives, conduct, extremes, overflow)
LAWS: Mapping[str, Law] = MappingProxyType({law.name: law for chapter in CHAPTERS for law in chapter.LAWS})
