"""How accurate an implementation is: its grades and largest known errors, by operation, dtype, layout and output.

Every case is put in every layout that is claimed. What a case demands does not depend on its layout, so that it is
worked out once.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from normspec.implementations.contract import Implementation
from normspec.properties.cases import STREAMS
from normspec.properties.cases.conditioned import conditioned
from normspec.properties.hunt import Hunt, Progress, Settings
from normspec.properties.measure import NUMBERS, Measured, Measuring, Place
from normspec.properties.search import explore, fingerprint
from normspec.properties.trial import Trial
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.grades import ORDER, Grade, drops_below, weakest
from normspec.spec.outcome import GivenUpError

STREAMS_MEASURED = ("small", "large")
CHANNELS_LAST_RANKS = (4, 5)


@dataclass(frozen=True, eq=False)
class Largest:
    """The largest known value of one number, the bound proved for a layer of grade B1 on that case, and the case."""

    value: float = 0.0
    proved: float = 0.0
    case: Case | None = None


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of the table: the weakest grade seen of one output and the case that has it, the largest errors known.

    cases were graded; undecided ones among them have a bound that demands nothing, or lie outside the safe domain.
    unanswered cases are not counted among them.
    """

    place: Place
    declared: str
    grade: Grade = "?"
    case: Case | None = None
    numbers: Mapping[str, Largest] = field(default_factory=dict)
    cases: int = 0
    undecided: int = 0
    unanswered: int = 0

    @property
    def drops(self) -> bool:
        """Return whether the grade is below the one that is declared."""
        declared = [letter for letter in ORDER if letter == self.declared]
        return any(drops_below(self.grade, letter) for letter in declared)


def measure_accuracy(implementation: Implementation, settings: Settings) -> Iterator[Progress | Entry]:
    """Measure an implementation: how far it is, and then its entries, in each dtype that is claimed and asked for."""
    for dtype in settings.dtypes or FORMATS:
        if dtype in implementation.claims.dtypes:
            yield from _measure_dtype(Hunt(implementation, dtype, settings, ()))


def _measure_dtype(hunt: Hunt) -> Iterator[Progress | Entry]:
    rows, seen = dict[Place, _Row](), set[bytes]()
    implementation, extent = hunt.implementation, hunt.extent()
    pinned = list(conditioned(extent)) + [case for name in STREAMS_MEASURED for case in STREAMS[name].pinned(extent)]
    batches = [batch for name in STREAMS_MEASURED for batch in hunt.batches(STREAMS[name])]
    total = len(pinned) + len(batches)

    def look(case: Case) -> None:
        if (print_of := fingerprint(case.but(layout=""))) not in seen:
            seen.add(print_of)
            with suppress(GivenUpError):
                _put(implementation, case, rows)

    def progress(what: str, done: int) -> Progress:
        return Progress(implementation.name, implementation.operation, what, hunt.dtype, done, total)

    for done, case in enumerate(pinned):
        yield progress("long and ill-conditioned cases", done)
        look(case)
    for done, batch in enumerate(batches, len(pinned)):
        yield progress(f"{batch.stream.name} cases", done)
        explore(batch.strategy, batch.seed, batch.size, look)
    order = {name: at for at, name in enumerate(implementation.claims.layouts)}
    yield from (rows[at].entry for at in sorted(rows, key=lambda place: (*place.rank, order[place.layout])))


@dataclass(eq=False)
class _Row:
    """An entry in the making."""

    entry: Entry

    def add(self, found: Measured, case: Case) -> None:
        entry = self.entry
        worst = weakest((entry.grade, found.grade))
        numbers = dict(entry.numbers)
        for name, (value, proved) in found.numbers.items():
            if name not in numbers or value > numbers[name].value:
                numbers[name] = Largest(value, proved, case)
        self.entry = replace(
            entry,
            grade=worst,
            case=case if worst != entry.grade or entry.case is None else entry.case,
            numbers=MappingProxyType({name: numbers[name] for name in NUMBERS if name in numbers}),
            cases=entry.cases + 1,
            undecided=entry.undecided + (found.grade not in ORDER),
        )

    def unanswered(self) -> None:
        self.entry = replace(self.entry, unanswered=self.entry.unanswered + 1)


def _put(implementation: Implementation, case: Case, rows: dict[Place, _Row]) -> None:
    """Put a case in every layout, and enter what is measured."""
    measuring = Measuring(implementation, case)
    for layout in _layouts(implementation, case):
        trial = Trial(implementation, case.but(layout=layout))
        for place, found in measuring.measured(trial):
            if place not in rows:
                rows[place] = _Row(Entry(place, implementation.claims.grade))
            if found is None:
                rows[place].unanswered()
            else:
                rows[place].add(found, trial.case)


def _layouts(implementation: Implementation, case: Case) -> tuple[str, ...]:
    rank = case.script[0].input.ndim
    layouts = implementation.claims.layouts
    return tuple(name for name in layouts if name != "channels_last" or rank in CHANNELS_LAST_RANKS)
