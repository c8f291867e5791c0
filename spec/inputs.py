"""What the generated functions are given: a question's arrays and numbers as numbers of a system."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from normspec.spec.formats import Array
from normspec.spec.numbers.computed import Computed
from normspec.spec.numbers.contract import ContractArithmetic
from normspec.spec.question import STATISTICS, Question

ALIASES = MappingProxyType({"weight": "x"})
RUNNING = MappingProxyType({name: running for running, name in STATISTICS.items()})


class Inputs(dict[str, Any]):
    """The arguments of a formula, lifted when they are asked for. What is not given is exactly 1 or 0."""

    def __init__(
        self,
        question: Question,
        system: ContractArithmetic,
        arrays: Mapping[str, Array],
        constants: Mapping[str, float],
    ) -> None:
        self.question, self.system, self.arrays, self.constants = question, system, arrays, constants
        sizes = {"m": question.rows.members, "d": question.divisor}
        super().__init__(sizes | ({"n": arrays["style"].shape[-1]} if "style" in arrays else {}))

    def __missing__(self, name: str) -> Any:
        arrays, system = self.arrays, self.system
        source = RUNNING.get(name, ALIASES.get(name, name))
        value: Any
        if name in self.constants:
            constant = self.constants[name]
            value = constant if isinstance(constant, int) else system.attribute(constant)
        elif name == "epsilon":
            value = system.attribute(self.question.epsilon) if self.question.operation.has_epsilon else 0
        elif name == "x" and "residual" in arrays:
            value = self._sum()
        elif source in arrays:
            value = system.given(arrays[source], "data" if name in ("x", "style", "magnitude") else "value")
            if name == "gamma" and self.question.conventions.get("scale_form") == "offset":
                value = system.add(value, 1)
        else:
            value = {"gamma": 1, "beta": 0, "bias": 0, "u_gamma": 0, "u_beta": 0}[name]
        self[name] = value
        return value

    def _sum(self) -> Computed:
        """Return x plus what is added to it, rounded where the convention says so."""
        total = self.system.summed(self.arrays["x"], self.arrays["residual"])
        return self.system.stored(total) if self.question.conventions["residual_sum"] == "input" else total
