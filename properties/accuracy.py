"""How accurate an implementation is: its grades and largest known errors, by operation, dtype, layout and output.

Every case is put in every layout that is claimed. What a case demands does not depend on its layout, so that it is
worked out once. From the worst case of each number the search climbs on.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from zlib import crc32

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.cases import STREAMS
from normspec.properties.cases.conditioned import conditioned
from normspec.properties.climb import climb
from normspec.properties.hunt import Hunt, Progress, Settings
from normspec.properties.measure import NUMBERS, Measured, Measuring, Place
from normspec.properties.search import explore, fingerprint
from normspec.properties.trial import Trial
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.grades import ORDER, Grade, drops_below, weakest
from normspec.spec.outcome import GivenUpError

Aim = tuple[str, str, str]
"""What is climbed towards: the mode and the output that a line of the table is about, and one of its numbers."""

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
        return drops_below(self.grade, self.declared)


def measure_accuracy(implementation: Implementation, settings: Settings) -> Iterator[Progress | Entry]:
    """Measure an implementation: how far it is, and then its entries, in each dtype that is claimed and asked for."""
    for dtype in settings.dtypes or FORMATS:
        if dtype in implementation.claims.dtypes:
            yield from _measure_dtype(Hunt(implementation, dtype, settings, ()))


def _measure_dtype(hunt: Hunt) -> Iterator[Progress | Entry]:
    implementation, extent, survey = hunt.implementation, hunt.extent(), _Survey(hunt.implementation)
    pinned = list(conditioned(extent)) + [case for name in STREAMS_MEASURED for case in STREAMS[name].pinned(extent)]
    batches = [batch for name in STREAMS_MEASURED for batch in hunt.batches(STREAMS[name])]
    looks = len(pinned) + len(batches)
    total = 2 * looks if hunt.settings.climb else looks

    def progress(what: str, done: int) -> Progress:
        return Progress(implementation.name, implementation.operation, what, hunt.dtype, done, total)

    for done, case in enumerate(pinned):
        yield progress("long and ill-conditioned cases", done)
        survey.look(case)
    for done, batch in enumerate(batches, len(pinned)):
        yield progress(f"{batch.stream.name} cases", done)
        explore(batch.strategy, batch.seed, batch.size, survey.look)
    aims = survey.aims() if hunt.settings.climb else []
    for done, aim in enumerate(aims):
        yield progress("cases that err more and more", looks + looks * done // len(aims))
        survey.climb(aim, hunt.settings)
    yield from survey.entries()


@dataclass(frozen=True, eq=False)
class _Survey:
    """What is known of one implementation in one dtype, and the cases that it is known from."""

    implementation: Implementation
    rows: "dict[Place, _Row]" = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)

    def look(self, case: Case) -> list[tuple[Place, Measured | None]]:
        """Enter what a case measures, in every layout; nothing of one that was looked at before."""
        if (print_of := fingerprint(case.but(layout=""))) in self.seen:
            return []
        self.seen.add(print_of)
        with suppress(GivenUpError):
            return _put(self.implementation, case, self.rows)
        return []

    def aims(self) -> list[Aim]:
        """Return what can be climbed towards: the numbers of each output, over all layouts."""
        found = {(at.mode, at.output, name): None for at, row in self.rows.items() for name in row.entry.numbers}
        return list(found)

    def climb(self, aim: Aim, settings: Settings) -> None:
        """Search on from the case that attains the largest value of one number."""
        mode, output, number = aim

        def height(case: Case) -> float:
            found = (each for at, each in self.look(case) if each and (at.mode, at.output) == (mode, output))
            return max((each.numbers[number][0] for each in found if number in each.numbers), default=0.0)

        rows = (row.entry for at, row in self.rows.items() if (at.mode, at.output) == (mode, output))
        highest = max((entry.numbers[number] for entry in rows if number in entry.numbers), key=lambda each: each.value)
        if highest.case is not None:
            dice = np.random.default_rng([settings.seed, crc32(" ".join(aim).encode())])
            climb(highest.case, highest.value, height, settings.climb, dice)

    def entries(self) -> Iterator[Entry]:
        """Yield the lines of the table in their order."""
        order = {name: at for at, name in enumerate(self.implementation.claims.layouts)}
        yield from (self.rows[at].entry for at in sorted(self.rows, key=lambda at: (*at.rank, order[at.layout])))


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


def _put(implementation: Implementation, case: Case, rows: dict[Place, _Row]) -> list[tuple[Place, Measured | None]]:
    """Put a case in every layout, enter what is measured, and return it."""
    measuring, everything = Measuring(implementation, case), list[tuple[Place, Measured | None]]()
    for layout in _layouts(implementation, case):
        trial = Trial(implementation, case.but(layout=layout))
        for place, found in measuring.measured(trial):
            everything.append((place, found))
            if place not in rows:
                rows[place] = _Row(Entry(place, implementation.claims.grade))
            if found is None:
                rows[place].unanswered()
            else:
                rows[place].add(found, trial.case)
    return everything


def _layouts(implementation: Implementation, case: Case) -> tuple[str, ...]:
    rank = case.script[0].input.ndim
    layouts = implementation.claims.layouts
    return tuple(name for name in layouts if name != "channels_last" or rank in CHANNELS_LAST_RANKS)
