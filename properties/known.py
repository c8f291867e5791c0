"""Failures that are on record, and when a broken law is one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from normspec.properties.features import FEATURES
from normspec.spec.case import Case


@dataclass(frozen=True, eq=False)
class KnownFailure:
    """One entry of the record: which law fails for which target and dtype, on which cases, and why that is tolerated.

    where narrows it to cases with these features (normspec.properties.features); a value may be a list, any of which
    fits. case is the smallest case known: it is tried first, so that an entry that no longer fails is always found out.
    """

    target: str
    operation: str
    law: str
    dtype: str
    reason: str
    link: str
    case: Case
    where: Mapping[str, Any] = field(default_factory=dict)

    def covers(self, target: str, law: str, case: Case) -> bool:
        """Return whether a failure of this law on this case is the one on record."""
        same = (self.target, self.operation, self.law, self.dtype) == (target, case.operation, law, case.dtype)
        return same and fits(self.where, case)


def fits(where: Mapping[str, Any], case: Case) -> bool:
    """Return whether a case has every feature asked for. Raises ValueError for a feature that does not exist."""
    for name in where:
        if name not in FEATURES:
            raise ValueError(f"where has {name!r}, which is no feature of a case: choose from {', '.join(FEATURES)}")
    return all(FEATURES[name](case) in (want if isinstance(want, list) else [want]) for name, want in where.items())
