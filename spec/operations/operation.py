"""What an operation is: two partitions, a signature, conventions and requirements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from normspec.spec.case import SECOND
from normspec.spec.conventions import settle
from normspec.spec.partition import Partition, Shape
from normspec.spec.requirements import Requirement

Attributes = Mapping[str, Any]
Role = Literal["elements", "groups", "blocks", "style"]
"""How many values an array has: one an element of x, a group, a block, or an element of the style image."""

STATISTICS = ("mean", "variance", "mean_square")
"""What a formula may return besides its results, one value a group."""


def _of_members(members: int) -> int:
    return members


def _one_choice(shape: Shape) -> tuple[Attributes, ...]:
    return ({},)


@dataclass(frozen=True)
class Operation:
    """One kind of layer.

    groups and blocks give, for the shape of x and the attributes, the partitions over which statistics and parameters
    are shared. parameters and state name the arrays beside x, each with its role; further names what a forward step
    returns beside y. choices gives the attributes that an
    x of some shape can have beside epsilon and momentum; constants are attributes that are not left open, such as
    epsilon = 0. oracle names the generated module in normspec.spec.oracles; divisor gives, from the size of the group,
    what the sum of squares is divided by. pooled says that training pools the statistics of all that was seen, by which
    both training and inference make y. untracked_inference says that without running statistics inference takes
    those of the input, needs_state that there is no layer without them. requirements are names in
    normspec.spec.requirements; proofs names the claims that prove them for this operation, where the requirement's own
    does not. defaults are the conventions taken when nothing is said, where they are not the convention's own.
    """

    name: str
    statement: str
    oracle: str
    ranks: tuple[int, ...]
    groups: Callable[[Shape, Attributes], Partition]
    blocks: Callable[[Shape, Attributes], Partition]
    conventions: tuple[str, ...]
    requirements: tuple[str, ...]
    parameters: Mapping[str, Role] = field(default_factory=lambda: {"gamma": "blocks", "beta": "blocks"})
    state: tuple[str, ...] = ()
    output: Role = "elements"
    further: Mapping[str, Role] = field(default_factory=dict)
    pooled: bool = False
    untracked_inference: bool = False
    needs_state: bool = False
    choices: Callable[[Shape], tuple[Attributes, ...]] = _one_choice
    divisor: Callable[[int], int] = _of_members
    constants: Attributes = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    proofs: Mapping[str, str] = field(default_factory=dict)

    @property
    def gradients(self) -> tuple[str, ...]:
        """Return the names of the gradients: of x, and of each parameter."""
        return ("dx", *(f"d{name}" for name in self.parameters))

    @property
    def has_epsilon(self) -> bool:
        """Return whether epsilon is left open."""
        return "epsilon" not in self.constants

    def claim_of(self, requirement: Requirement) -> str:
        """Return the claim that proves a requirement for this operation; empty for a rule of conduct."""
        return self.proofs.get(requirement.name, requirement.claim)

    @property
    def averages(self) -> bool:
        """Return whether running statistics are averages, which a momentum weighs."""
        return bool(self.state) and not self.pooled

    @property
    def open_attributes(self) -> tuple[str, ...]:
        """Return the names of the attributes that a case has."""
        own = tuple(self.choices((2,) * self.ranks[0])[0])
        return (*(("epsilon",) if self.has_epsilon else ()), *(("momentum",) if self.averages else ()), *own)

    def settled(self, declared: Mapping[str, str]) -> Mapping[str, str]:
        """Return every convention of the operation: as declared, else its default here.

        Raises ValueError for a convention or a variant that does not exist.
        """
        return _settled(self.conventions, tuple({**self.defaults, **declared}.items()))

    def role(self, name: str) -> Role:
        """Return how many values an array or a gradient of this name has. Raises KeyError for an unknown name."""
        if name in SECOND:
            return self.role(name.removeprefix("dd"))
        if name in ("x", "dx"):
            return "elements"
        if name in ("y", "ty"):
            return self.output
        if name in self.state:
            return "blocks"
        if name in self.further:
            return self.further[name]
        if name in STATISTICS:
            return "groups"
        return self.parameters[name if name in self.parameters else name.removeprefix("d")]

    def shape_of(self, name: str, shape: Shape, attributes: Attributes) -> Shape:
        """Return the shape of an array or gradient of this name, for an x of some shape."""
        role = self.role(name)
        if role in ("elements", "style"):
            return shape  # a style image may have another size in space
        part = self.groups if role == "groups" else self.blocks
        return part(shape, attributes).parts_shape


@lru_cache(maxsize=1024)
def _settled(names: tuple[str, ...], declared: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return settle(names, dict(declared))
