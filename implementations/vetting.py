"""Whether an Implementation that somebody built by hand can be asked at all."""

from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import LAYOUTS
from normspec.spec.claims import Claims
from normspec.spec.conventions import settle
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS

KNOWN = {
    "dtypes": tuple(FORMATS),
    "layouts": tuple(LAYOUTS),
    "verbs": Claims().verbs,
    "gradients": Claims().gradients,
    "parameters": Claims().parameters,
    "state": Claims().state,
    "optional": Claims().optional,
}


def objection(implementation: Implementation) -> str:
    """Return why an implementation cannot be asked, in a few words, or nothing when it can."""
    if implementation.operation not in OPERATIONS:
        return f"operation={implementation.operation!r} does not exist: choose from {', '.join(OPERATIONS)}"
    if not callable(implementation.create):
        return f"create={implementation.create!r} must be a function that builds a layer for a case"
    if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in implementation.refusals):
        return f"refusals={implementation.refusals!r} must hold classes of exceptions"
    return _objection_to_claims(implementation.claims, OPERATIONS[implementation.operation].conventions)


def _objection_to_claims(claims: Claims, conventions: tuple[str, ...]) -> str:
    for name, known in KNOWN.items():
        unknown = [value for value in getattr(claims, name) if value not in known]
        if unknown:
            return f"claims.{name} has {unknown[0]!r}: choose from {', '.join(known)}"
    try:
        settle(conventions, claims.conventions)
    except ValueError as error:
        return str(error)
    return ""
