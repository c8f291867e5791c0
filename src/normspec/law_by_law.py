"""Checking law by law, for test suites: tests that share the cases of their implementation and dtype."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

import pytest

from normspec.clean import one_line
from normspec.implementations.contract import Implementation
from normspec.properties.check import check as check_one
from normspec.properties.law import Law
from normspec.properties.verdict import Result
from normspec.reports.report import NonConformanceError
from normspec.runs.request import Options, Request, request
from normspec.runs.run import strict
from normspec.spec.formats import FORMATS
from normspec.terminal.failures import told

PARAMETER = "law"


@dataclass(eq=False)
class Group:
    """The check of one implementation in one dtype: each case is drawn and asked once for all the laws that are wanted.

    It goes on as far as the law that is asked about. Where nobody says what is wanted, every law is.
    """

    asked: Request
    implementation: Implementation
    dtype: str
    wanted: set[str] = field(default_factory=set)
    _found: dict[str, Result] = field(default_factory=dict)
    _chosen: tuple[Law, ...] = ()
    _events: Iterator[Any] = field(default_factory=lambda: iter(()))

    @property
    def name(self) -> str:
        """Return a name that no other group of a run has."""
        return one_line(f"{self.implementation.name}/{self.implementation.operation}/{self.dtype}")

    def result(self, law: Law) -> Result:
        """Return what a law concludes."""
        if law.name not in self._found and law not in self._chosen:
            self._start(law)
        while law.name not in self._found:
            event = next(self._events)
            if isinstance(event, Result):
                self._found[event.law] = strict(event, self.asked.recorded)
        return self._found[law.name]

    def _start(self, law: Law) -> None:
        laws = self.asked.laws_for(self.implementation)
        self._chosen = tuple(each for each in laws if not self.wanted or each.name in {*self.wanted, law.name})
        settings = replace(self.asked.settings, dtypes=(self.dtype,))
        self._events = check_one(self.implementation, self._chosen, settings, self.asked.known)


@dataclass(frozen=True, eq=False)
class LawCheck:
    """One law, to be held against one implementation in one dtype."""

    law: Law
    group: Group

    @property
    def name(self) -> str:
        """Return a name that can be read: implementation, operation, law and dtype."""
        made = self.group.implementation
        return one_line(f"{made.name}/{made.operation}/{self.law.name}/{self.group.dtype}")

    @property
    def result(self) -> Result:
        """Return what the law concludes."""
        return self.group.result(self.law)

    def check(self) -> None:
        """Check the law. Raises NonConformanceError, which tells the law, the smallest case and a program.

        A failure on record is an expected one; what is not claimed or not decided is skipped.
        """
        __tracebackhide__ = True
        result = self.result
        if result.known:
            pytest.xfail(one_line("known: " + "; ".join(entry.sentence for entry in result.known)))
        if result.failed:
            raise NonConformanceError(told(result))
        if result.verdict != "conforms":
            pytest.skip(result.verdict)


def law_checks(targets: tuple[str | Implementation, ...], **options: Unpack[Options]) -> Iterator[LawCheck]:
    """Yield a check for each law, implementation and claimed dtype. Raises ValueError for a name that nothing has."""
    asked = request(targets, **options)
    for _, implementation in asked.implementations:
        for dtype in asked.settings.dtypes or tuple(FORMATS):
            if dtype in implementation.claims.dtypes:
                group = Group(asked, implementation, dtype)
                yield from (LawCheck(law, group) for law in asked.laws_for(implementation))


def parametrize(*targets: str | Implementation, **options: Unpack[Options]) -> pytest.MarkDecorator:
    """Return the decorator that gives a test each law in turn, as its argument `law`; `law.check()` checks it.

    Targets and options are those of `normspec.check`. Raises ValueError, with one line, for a wrong name.
    """
    marked = (
        pytest.param(each, id=each.name, marks=pytest.mark.xdist_group(each.group.name))
        for each in law_checks(targets, **options)
    )
    return pytest.mark.parametrize(PARAMETER, list(marked))
