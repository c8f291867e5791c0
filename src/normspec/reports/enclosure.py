"""What must come, as people read it."""

from normspec.implementations.contract import Fact


def enclosure(fact: Fact) -> str:
    """Return the interval in which an element must lie, with as many digits as tell its ends apart, nine at least."""
    low, high = fact.expected - fact.tolerance, fact.expected + fact.tolerance
    digits = next((d for d in range(9, 17) if f"{low:.{d}g}" != f"{high:.{d}g}"), 17)
    return f"[{low:.{digits}g}, {high:.{digits}g}]"
