"""Where things stand in the handbook: one name for each, and links to it."""

from normspec.handbook.prose import markdown


def claim_target(name: str) -> str:
    """Return the anchor of a claim."""
    return f"claim-{name}".lower()


def requirement_target(name: str) -> str:
    """Return the anchor of a requirement."""
    return f"requirement-{name}"


def law_target(name: str) -> str:
    """Return the anchor of a law."""
    return f"law-{name}"


def operation_target(name: str) -> str:
    """Return the anchor of an operation."""
    return f"operation-{name}".replace("_", "-")


def convention_target(name: str) -> str:
    """Return the anchor of a convention."""
    return f"convention-{name}".replace("_", "-")


def fault_target(name: str) -> str:
    """Return the anchor of a faulty implementation."""
    return f"fault-{name}"


def _to(target: str, words: str) -> str:
    return f"[{markdown(words)}](#{target})"


def to_claim(name: str) -> str:
    """Return a link to a claim."""
    return _to(claim_target(name), name)


def to_requirement(name: str) -> str:
    """Return a link to a requirement."""
    return _to(requirement_target(name), name)


def to_law(name: str) -> str:
    """Return a link to a law."""
    return _to(law_target(name), name)


def to_operation(name: str) -> str:
    """Return a link to an operation."""
    return _to(operation_target(name), name)


def to_convention(name: str) -> str:
    """Return a link to a convention."""
    return _to(convention_target(name), name)


def to_fault(name: str) -> str:
    """Return a link to a faulty implementation."""
    return _to(fault_target(name), name)
