"""What is found out about one axis of convention, with what decided it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from normspec.spec.case import Case

Decision = Literal["identified", "cannot tell", "matches no known convention"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a variant demands and did not come, in words, and the case that shows it."""

    message: str
    case: Case


@dataclass(frozen=True, eq=False)
class Finding:
    """What is found out about one axis.

    variants has each with its meaning; left names those that nothing denies, excluded has what denied the others.
    declared is what the implementation says of itself, where it can; note says what else was seen, or why nothing was.
    """

    axis: str
    statement: str
    decision: Decision
    variants: Mapping[str, str]
    left: tuple[str, ...]
    excluded: Mapping[str, Evidence]
    declared: str | None = None
    note: str = ""

    @property
    def contradicts(self) -> bool:
        """Return whether what is declared is certainly not what is followed."""
        return self.declared in self.excluded


def concluded(
    axis: tuple[str, str],
    variants: Mapping[str, str],
    left: Sequence[str],
    excluded: Mapping[str, Evidence],
    *,
    asked: bool = True,
    declared: str | None = None,
    note: str = "",
) -> Finding:
    """Return the finding that some variants are left and the others excluded; asked says whether anything was seen."""
    decision: Decision = "cannot tell"
    if asked and not left:
        decision = "matches no known convention"
    elif asked and len(left) == 1:
        decision = "identified"
    return Finding(*axis, decision, variants, tuple(left), excluded, declared, note)
