"""torch tensors as a number system, so that automatic differentiation can be held against the derived gradients.

torch is imported by this module alone, and by no other of the specification.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any

import torch

from normspec.spec.numbers.plain import unmoved


@dataclass(frozen=True)
class Tensors:
    """torch tensors of shape (groups, members). regroup takes an array from groups to blocks."""

    regroup: Callable[[Any], Any] = unmoved

    def total(self, a: torch.Tensor) -> torch.Tensor:
        """Return the sum over each group, as (groups, 1)."""
        return a.sum(dim=-1, keepdim=True)

    def block_total(self, a: torch.Tensor) -> torch.Tensor:
        """Return the sum over each block, as (blocks, 1)."""
        return self.total(self.regroup(a))

    def product(self, *factors: torch.Tensor) -> torch.Tensor:
        """Return the product of the factors, from left to right."""
        return reduce(mul, factors)

    def sqrt(self, a: torch.Tensor) -> torch.Tensor:
        """Return the square root."""
        return torch.sqrt(a)

    def rsqrt(self, a: torch.Tensor) -> torch.Tensor:
        """Return one over the square root."""
        return torch.rsqrt(a)
