"""Evidence: what supports a step."""

from __future__ import annotations

from dataclasses import dataclass


class NotProvedError(ValueError):
    """A step of a derivation that the prover or the second checker does not confirm."""


@dataclass(frozen=True)
class Evidence:
    """How a step is proved, and where it was computed exactly, in words."""

    proof: str
    exact: str
