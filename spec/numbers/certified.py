"""An engine as a number system: the generated code gives certified enclosures, without a tolerance."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any

from normspec.spec.formats import Array
from normspec.spec.numbers.engine import Engine
from normspec.spec.numbers.plain import unmoved


@dataclass(frozen=True)
class Certified:
    """The number system of an engine. regroup takes an array from groups to blocks."""

    engine: Engine
    regroup: Callable[[Array], Array] = unmoved

    def total(self, a: Any) -> Any:
        """Return the sum over each group."""
        return self.engine.total(a)

    def block_total(self, a: Any) -> Any:
        """Return the sum over each block."""
        return self.engine.total(a if self.regroup is unmoved else self.engine.moved(a, self.regroup))

    def product(self, *factors: Any) -> Any:
        """Return the product of the factors, from left to right."""
        return reduce(mul, factors)

    def sqrt(self, a: Any) -> Any:
        """Return the square root."""
        return self.engine.sqrt(a)

    def rsqrt(self, a: Any) -> Any:
        """Return one over the square root."""
        return self.engine.rsqrt(a)
