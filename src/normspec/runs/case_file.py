"""Cases written down before they are sent to another process, so that they survive whatever it does to the run."""

import os
import re
import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from normspec.files import write_whole
from normspec.implementations.pipe import CASE_FORMAT, Terms
from normspec.implementations.worker import Limits
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Counterexample, Result
from normspec.reports.as_json import report_from
from normspec.reports.report import Report
from normspec.spec.node import Node, read_json
from normspec.spec.plain import case_from

LAST_ASKED = "the last case that was sent"


@dataclass
class CaseFiles:
    """A folder with the last case that each implementation was sent, by each process that asks.

    One that is not named is made among temporary files, and removed.
    """

    folder: Path | None = None
    made: list[Path] = field(default_factory=list)

    def record(self, name: str, text: str) -> None:
        """Write the text of a case file in the place of the one before it."""
        if not self.made:
            self.made.append(self._make())
        write_whole(self.made[0] / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)[:100]}-{os.getpid()}.json", text)

    def _make(self) -> Path:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            return self.folder
        temporary = Path(tempfile.mkdtemp(prefix="normspec-"))
        weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)
        return temporary


def terms(time_limit: float, memory_limit: int, run_directory: str | Path | None) -> Terms:
    """Return the terms on which processes are asked: seconds a case, MiB, and the folder for cases.

    Raises ValueError, with one line, for limits that are none.
    """
    for name, value in (("time_limit", time_limit), ("memory_limit", memory_limit)):
        if not value > 0:
            raise ValueError(f"{name}={value!r}: give a number above 0")
    files = CaseFiles(None if run_directory is None else Path(run_directory))
    return Terms(Limits(case=float(time_limit), memory=int(memory_limit) * 2**20), record=files.record)


def read_replayable(path: Path) -> Report:
    """Return a report, or what every law of its operation has to say of the case in a case file.

    Raises PlainError, with one line, for a file that is neither.
    """
    node = read_json(path)
    if isinstance(node.value, dict) and node.value.get("format") == CASE_FORMAT:
        return _report_of(node)
    return report_from(node)


def _report_of(node: Node) -> Report:
    record = node.record("format", "target", "asked", "case")
    target, case = record["target"].text(), case_from(record["case"])
    results = (
        Result(target, case.operation, law.name, case.dtype, "undecided", 0, 0, "", Counterexample(case, LAST_ASKED))
        for law in LAWS.values()
        if case.operation in law.operations
    )
    return Report(tuple(results), {target: record["asked"].text()})
