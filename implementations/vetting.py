"""Whether an Implementation that somebody built by hand can be asked at all."""

from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import LAYOUTS
from normspec.spec.claims import BEYOND, Claims
from normspec.spec.contracts import TERMS
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS, Operation

KNOWN = {
    "dtypes": tuple(FORMATS),
    "layouts": tuple(LAYOUTS),
    "verbs": (*Claims().verbs, *BEYOND.values()),
}


def objection(implementation: Implementation) -> str:
    """Return why an implementation cannot be asked, in a few words, or nothing when it can."""
    if implementation.operation not in OPERATIONS:
        return f"operation={implementation.operation!r} does not exist: choose from {', '.join(OPERATIONS)}"
    if not callable(implementation.create):
        return f"create={implementation.create!r} must be a function that builds a layer for a case"
    if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in implementation.refusals):
        return f"refusals={implementation.refusals!r} must hold classes of exceptions"
    return _objection_to_claims(implementation.claims, OPERATIONS[implementation.operation])


def _objection_to_claims(claims: Claims, operation: Operation) -> str:
    own = {
        "gradients": operation.gradients,
        "parameters": tuple(operation.parameters),
        "state": operation.state,
        "optional": (*operation.parameters, *(("state",) if operation.state else ())),
    }
    for name, known in {**KNOWN, **own}.items():
        unknown = [value for value in getattr(claims, name) if value not in known]
        if unknown:
            return f"claims.{name} has {unknown[0]!r}: choose from {', '.join(known) or 'nothing'}"
    if claims.grade not in TERMS:
        return f"claims.grade={claims.grade!r} is no grade: choose from {', '.join(TERMS)}"
    try:
        operation.settled(claims.conventions)
    except ValueError as error:
        return str(error)
    return ""
