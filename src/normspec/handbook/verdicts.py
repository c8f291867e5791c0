"""Verdicts in a line or two: how many results conform, and each that does not."""

from collections.abc import Iterable, Sequence

from normspec.handbook.prose import markdown
from normspec.properties.verdict import FAILING, Result

_VERBS = {"conforms": "conform"}


def told(results: Sequence[Result]) -> str:
    """Return in Markdown what was found, with every failure named. Text from implementations is escaped."""
    if not results:
        return "not asked in this build"
    kept: dict[str, list[Result]] = {}
    for result in results:
        if result.verdict not in FAILING:
            kept.setdefault(result.verdict, []).append(result)
    return "; ".join([*(_kept(*each) for each in kept.items()), *_failures(results)])


def _kept(verdict: str, results: Sequence[Result]) -> str:
    who = ", ".join(map(markdown, dict.fromkeys(result.target for result in results)))
    return f"{len(results)} {_VERBS.get(verdict, verdict)} ({who})"


def _failures(results: Iterable[Result]) -> Iterable[str]:
    failed: dict[tuple[str, str, str], list[str]] = {}
    for result in results:
        if result.verdict in FAILING:
            reason = result.known[0].reason if result.known else ""
            failed.setdefault((result.verdict, result.target, reason), []).append(f"{result.operation} {result.dtype}")
    for (verdict, target, reason), places in failed.items():
        where = f"**{markdown(verdict)}**: {markdown(target)} ({', '.join(map(markdown, dict.fromkeys(places)))})"
        yield where + (f", on record: {markdown(reason)}" if reason else "")
