"""`pytest --normspec TARGET`: a test for each law, implementation and dtype. Imports nothing unless it is used."""

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from normspec.law_by_law import LawCheck

# option: (the name that request() takes it under, what argparse is told)
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "operation": ("operations", {"action": "append", "metavar": "NAME", "help": "only this operation"}),
    "law": ("laws", {"action": "append", "metavar": "NAME", "help": "only this law"}),
    "dtype": ("dtypes", {"action": "append", "metavar": "NAME", "help": "only this dtype"}),
    "profile": ("profile", {"metavar": "NAME", "help": "how hard to look ('normspec list profiles')"}),
    "max-examples": ("max_examples", {"metavar": "N", "type": int, "help": "cases for each law and dtype"}),
    "seed": ("seed", {"metavar": "N", "type": int, "help": "of the search"}),
    "database": ("databases", {"action": "append", "metavar": "PLACE", "help": "where failing cases are kept"}),
    "known-failures": ("known_failures", {"metavar": "FILE", "help": "failures on record, which are expected"}),
    "isolate": ("isolate", {"action": "store_true", "help": "ask each implementation in a process of its own"}),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --normspec and what goes with it."""
    group = parser.getgroup("normspec", "normalization layers against their specification")
    group.addoption("--normspec", action="append", metavar="TARGET", help="check it, with a test for each law")
    for name, (_, how) in OPTIONS.items():
        group.addoption(f"--normspec-{name}", **how)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known that keeps tests with common work on one worker, where pytest-xdist does not."""
    if not config.pluginmanager.hasplugin("xdist"):
        config.addinivalue_line("markers", "xdist_group(name): tests that share work, for pytest-xdist")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Collect the laws beside the files that are named; they alone, where no file is."""
    report = yield
    if isinstance(collector, pytest.Session) and collector.config.getoption("normspec"):
        named = collector.config.args_source is pytest.Config.ArgsSource.ARGS
        laws = Laws.from_parent(collector, name="normspec", nodeid="normspec")
        report.result = [*(report.result if named else ()), laws]
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell the groups which of their laws are left after -k and its like, so that only these are tried."""
    if "normspec.law_by_law" not in sys.modules:
        return
    from normspec.law_by_law import PARAMETER, LawCheck

    for item in session.items:
        given = getattr(item, "callspec", None)
        check = item.check if isinstance(item, LawItem) else given.params.get(PARAMETER) if given else None
        if isinstance(check, LawCheck):
            check.group.wanted.add(check.law.name)


class Laws(pytest.Collector):
    """What --normspec asks for."""

    def collect(self) -> Iterator["LawItem"]:
        """Yield an item for each law, implementation and dtype."""
        from normspec.law_by_law import law_checks

        option = self.config.getoption
        given = {key: option(f"--normspec-{name}") for name, (key, _) in OPTIONS.items()}
        try:
            checks = tuple(law_checks(option("normspec"), **{key: v for key, v in given.items() if v is not None}))
        except ValueError as error:
            raise self.CollectError(str(error)) from None
        yield from (LawItem.from_parent(self, name=check.name, check=check) for check in checks)


class LawItem(pytest.Item):
    """One law, held against one implementation in one dtype."""

    def __init__(self, *, check: "LawCheck", **how: Any) -> None:
        super().__init__(**how)
        self.check = check
        self.add_marker(pytest.mark.xdist_group(check.group.name))

    def runtest(self) -> None:
        """Check the law."""
        self.check.check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is wrong, in words: nothing of it lies in the code that found it."""
        from normspec.reports.report import NonConformanceError

        return str(excinfo.value) if isinstance(excinfo.value, NonConformanceError) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return where the item stands, and its name."""
        return self.path, None, self.name
