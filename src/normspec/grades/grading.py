"""One run of `normspec grade`, from what is asked to the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from normspec.properties.accuracy import Entry, measure_accuracy
from normspec.properties.hunt import Progress
from normspec.reports.report import exit_code_of
from normspec.runs.request import Request
from normspec.runs.versions import versions
from normspec.spec.grades import ORDER

Watch = Callable[[Progress], None]

SETTINGS = ("max_examples", "climb", "seed")
"""What decides which cases are tried."""


@dataclass(frozen=True)
class Table:
    """What a run measured, and with what: asked maps the name of each implementation to the target asked for."""

    entries: tuple[Entry, ...]
    asked: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def dropped(self) -> tuple[Entry, ...]:
        """Return the entries whose grade is below the declared one."""
        return tuple(entry for entry in self.entries if entry.drops)

    @property
    def exit_code(self) -> int:
        """Return 0 when every grade is at least the declared one, 1 when one is not, 3 when nothing was graded."""
        decided = any(entry.grade in ORDER for entry in self.entries)
        return exit_code_of(interrupted=self.interrupted, failed=bool(self.dropped), decided=decided)


def run_grades(asked: Request, watch: Watch) -> Table:
    """Measure what is asked for and return the table; a KeyboardInterrupt ends the run early."""
    start, entries, interrupted = monotonic(), list[Entry](), False
    try:
        for _, implementation in asked.implementations:
            for event in measure_accuracy(implementation, asked.settings):
                if isinstance(event, Entry):
                    entries.append(event)
                else:
                    watch(event)
    except KeyboardInterrupt:
        interrupted = True
    return Table(
        entries=tuple(entries),
        asked={implementation.name: target for target, implementation in asked.implementations},
        settings=settings_of(asked),
        versions=versions(),
        seconds=monotonic() - start,
        interrupted=interrupted,
    )


def settings_of(asked: Request) -> dict[str, int]:
    """Return the settings that decide which cases are tried."""
    return {name: getattr(asked.settings, name) for name in SETTINGS}
