"""What is on record about torch is so: every entry fails, its program shows it without normspec, the page tells it."""

import contextlib
import io
import math
import platform
import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from normspec.properties.judge import judge
from normspec.properties.known import KnownFailure
from normspec.properties.laws import LAWS
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken
from normspec.records.known_file import read_known_failures

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path("implementations/known_failures/torch-2.13-cpu.json")
PAGE = Path("docs/findings/torch-2.13.md")
RECORDED = read_known_failures(ROOT / RECORD)
ENTRIES = tuple(entry for entry in RECORDED if entry.target != "torch-compile")  # which needs a compiler, and minutes
ALONE = ("Group norm's backward ends", "Group norm refuses", "Folding into a linear")
LINE = re.compile(r"got (\S+), expected (\S+) \+- (\S+)")

pytestmark = [
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed"),
    pytest.mark.skipif(
        find_spec("torch") is not None and not version("torch").startswith("2.13."),
        reason="the record is about torch 2.13",
    ),
]


def name_of(entry: KnownFailure) -> str:
    return f"{entry.target}-{entry.operation}-{entry.law}-{entry.dtype}-{'-'.join(entry.where)}"


@cache
def program_of(entry: KnownFailure) -> str:
    from normspec.records.findings import snippet

    return snippet(entry)


def shows(printed: str) -> bool:
    """Return whether some line has a number that is off by more than is allowed."""
    lines = [tuple(map(float, match.groups())) for match in LINE.finditer(printed)]
    off = any(not math.isfinite(got) or abs(got - expected) > allowed for got, expected, allowed in lines)
    dtypes = re.search(
        r"^y of step \d+: torch\.(\w+) .*^ty of step \d+: torch\.(\w+) ", printed, re.DOTALL | re.MULTILINE
    )
    off = off or (dtypes is not None and dtypes[1] != dtypes[2])
    return off or "ended by SIG" in printed or "Error: " in printed or bool(re.search(r": .*\bnan\b", printed))


def printed_by(program: str, *, alone: bool) -> str:
    """Return what a program prints, run here, or by itself where it does not come to its end."""
    from normspec.records.findings import output_of

    if alone:
        return output_of(program)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(program, {})
        except Exception as error:  # what torch refuses, a program shows by its error, as its own traceback ends
            print(f"{type(error).__name__}: {error}")
    return printed.getvalue()


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_the_case_of_an_entry_still_fails(entry: KnownFailure) -> None:
    from normspec.records.findings import implementation_of

    assert isinstance(judge(LAWS[entry.law], Trial(implementation_of(entry), entry.case)), Broken)


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_the_case_of_an_entry_is_covered_by_no_other(entry: KnownFailure) -> None:
    covering = [other for other in ENTRIES if other.covers(entry.target, entry.law, entry.case)]
    assert covering == [entry]


def test_what_layers_live_through_has_no_program_but_its_reason_has_one() -> None:
    shown = {entry.reason for entry in ENTRIES if program_of(entry)}
    without = [entry for entry in ENTRIES if not program_of(entry)]
    assert all(entry.case.lives for entry in without)
    assert {entry.reason for entry in without} <= shown


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if not entry.case.lives], ids=name_of)
def test_the_program_of_an_entry_needs_torch_alone_and_shows_the_failure(entry: KnownFailure) -> None:
    program = program_of(entry)
    assert re.findall(r"^(?:import|from) .*", program, re.MULTILINE) == ["import torch"]
    printed = printed_by(program, alone=entry.reason.startswith(ALONE))
    assert shows(printed) or not LINE.search(printed)


def test_the_programs_on_the_page_show_the_failures_by_themselves() -> None:
    from normspec.records.findings import output_of

    programs = re.findall(r"```python\n(.*?)```", (ROOT / PAGE).read_text(encoding="utf-8"), re.DOTALL)
    assert len(programs) == len({entry.reason for entry in RECORDED})
    assert [program for program in programs if not shows(output_of(program))] == []


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the page has the last digits of x86-64")
def test_the_page_is_what_the_record_says() -> None:
    from normspec.records.findings import heading_of, page

    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(RECORDED, heading_of(RECORD, PAGE.as_posix()))
