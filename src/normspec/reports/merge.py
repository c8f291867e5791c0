"""Reports of the shards of one run, made into the report that the whole run would have given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from normspec.properties.observations import Observations
from normspec.properties.search import complexity
from normspec.properties.tally import of_counts
from normspec.properties.verdict import FAILING, Result
from normspec.reports.report import Report
from normspec.runs.shards import shard_from, shard_text

MAY_DIFFER = ("platform",)  # machines of one kind differ in the kernel's patch level


class MergeError(ValueError):
    """Reports do not belong to one run; the message is one line that says why."""


def merged(reports: Mapping[str, Report]) -> Report:
    """Return the report of the whole run that these reports, by their names, are the shards of.

    Raises MergeError where one is missing, there twice, stopped early, or of another run.
    """
    first_name, first = next(iter(reports.items()))
    for name, report in reports.items():
        if report.interrupted:
            raise MergeError(f"{name} was stopped before its end: run its shard again")
        for what in ("settings", "versions", "asked"):
            _require_same(what, (first_name, getattr(first, what)), (name, getattr(report, what)))
    _require_every_shard({name: str(report.settings.get("shard")) for name, report in reports.items()})
    every = tuple(reports.values())
    return Report(
        results=_results(reports),
        asked=first.asked,
        settings={**first.settings, "shard": shard_text((1, 1))},
        versions={**first.versions, **{what: _joined(what, every) for what in MAY_DIFFER if what in first.versions}},
        seconds=max(report.seconds for report in every),
        observations=_observations(every),
    )


def _require_same(what: str, first: tuple[str, Mapping[str, Any]], other: tuple[str, Mapping[str, Any]]) -> None:
    for name in sorted({*first[1], *other[1]} - {"shard", *MAY_DIFFER}):
        mine, theirs = first[1].get(name), other[1].get(name)
        if mine != theirs:
            raise MergeError(f"{first[0]} has {what} {name}={mine!r} and {other[0]} {theirs!r}: merge one run's shards")


def _require_every_shard(shards: Mapping[str, str]) -> None:
    found: dict[int, str] = {}
    _, total = shard_from(next(iter(shards.values())))
    for name, text in shards.items():
        number, of = shard_from(text)
        if of != total:
            raise MergeError(f"{name} is shard {text} and another is one of {total}: merge one run's shards")
        if number in found:
            raise MergeError(f"{found[number]} and {name} are both shard {text}: give each of them once")
        found[number] = name
    missing = [shard_text((number, total)) for number in range(1, total + 1) if number not in found]
    if missing:
        raise MergeError(f"shard {', '.join(missing)} is missing: give the reports of all {total}")


def _results(reports: Mapping[str, Report]) -> tuple[Result, ...]:
    places = {name: [_place(result) for result in report.results] for name, report in reports.items()}
    first_name, first = next(iter(places.items()))
    for name, there in places.items():
        if there != first:
            raise MergeError(f"{first_name} and {name} have different results: merge one run's shards")
    return tuple(map(one_of, zip(*(report.results for report in reports.values()), strict=True)))


def _place(result: Result) -> tuple[str, str, str, str]:
    return result.target, result.operation, result.law, result.dtype


def one_of(parts: Sequence[Result]) -> Result:
    """Return the result of all the cases that parts of them gave: the gravest failure on the simplest case, if any."""
    examples, undecided = sum(each.examples for each in parts), sum(each.undecided for each in parts)
    new = [each for each in parts if each.failed and not each.stale]
    chosen = max(new, key=_weight) if new else parts[0]
    settled = new or parts[0].stale or parts[0].known or parts[0].verdict == "not claimed"
    return replace(
        chosen,
        verdict=chosen.verdict if settled else of_counts(examples, undecided),
        examples=examples,
        undecided=undecided,
        worst_ratio=max(each.worst_ratio for each in parts),
    )


def _weight(result: Result) -> tuple[int, tuple[int, ...]]:
    found = result.counterexample
    size = complexity(found.case) if found else (2**63,)
    return FAILING.index(result.verdict), tuple(-number for number in size)


def _joined(what: str, reports: Iterable[Report]) -> str:
    return "; ".join(dict.fromkeys(report.versions[what] for report in reports if what in report.versions))


def _observations(reports: Iterable[Report]) -> tuple[Observations, ...]:
    found: dict[tuple[str, str, str], Observations] = {}
    for report in reports:
        for each in report.observations:
            place = (each.target, each.operation, each.dtype)
            found[place] = found[place].plus(each) if place in found else each
    return tuple(found.values())
