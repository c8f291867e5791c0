"""Verdicts in a line or two: how many results conform, and each that does not."""

from collections import Counter
from collections.abc import Iterable, Sequence

from normspec.handbook.prose import markdown
from normspec.properties.verdict import FAILING, Result


def told(results: Sequence[Result]) -> str:
    """Return in Markdown what was found, with every failure named. Text from implementations is escaped."""
    if not results:
        return "not asked in this build"
    counts = Counter(result.verdict for result in results if result.verdict not in FAILING)
    parts = [f"{verdict} {number}" for verdict, number in counts.items()]
    targets = list(dict.fromkeys(result.target for result in results if result.verdict == "conforms"))
    who = f" ({', '.join(map(markdown, targets))})" if targets else ""
    return "; ".join([", ".join(parts) + who] * bool(parts) + list(_failures(results)))


def _failures(results: Iterable[Result]) -> Iterable[str]:
    failed: dict[tuple[str, str, str], list[str]] = {}
    for result in results:
        if result.verdict in FAILING:
            reason = result.known[0].reason if result.known else ""
            failed.setdefault((result.verdict, result.target, reason), []).append(f"{result.operation} {result.dtype}")
    for (verdict, target, reason), places in failed.items():
        where = f"**{markdown(verdict)}**: {markdown(target)} ({', '.join(map(markdown, dict.fromkeys(places)))})"
        yield where + (f", on record: {markdown(reason)}" if reason else "")
