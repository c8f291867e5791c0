"""What people read of a run with many implementations and operations, and of a failing element."""

import pytest
from door_fakes import KNOWN, MESSAGE, result, small_case

from normspec.implementations.contract import Fact
from normspec.properties.verdict import Counterexample
from normspec.reports.report import Report
from normspec.terminal.page import print_report

OPERATIONS = [f"operation_{number}" for number in range(20)]


@pytest.fixture
def lines(capsys, monkeypatch):
    """Print a report at 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def printed(*results):
        print_report(Report(results))
        return capsys.readouterr().out.splitlines()

    return printed


def many(*more):
    dtypes = ("float64", "float32", "float16", "bfloat16")
    return (
        *(result(operation=o, dtype=d, law=f"law-{k}") for o in OPERATIONS for d in dtypes for k in range(45)),
        *more,
    )


def test_twenty_operations_have_one_line_each(lines):
    shown = lines(*many())
    rows = [line.split() for line in shown if line.startswith("fake")]
    assert rows == [["fake", operation, "180"] for operation in OPERATIONS]
    assert len(shown) < 30
    assert max(map(len, shown)) <= 80


def test_what_is_not_kept_is_counted_and_told(lines):
    bad = result("crashed", operation="operation_3", law="dx")
    on_record = result("nonconforming", operation="operation_4", law="dx", known=(KNOWN,))
    shown = lines(*many(bad, on_record, result("undecided", operation="operation_5", law="dx")))
    text = "\n".join(shown)
    assert ["fake", "operation_3", "180", "1"] in [line.split() for line in shown]
    assert "undecided: fake, operation_5: dx (float32)" in text
    assert MESSAGE in text
    assert KNOWN.reason in text


def test_two_operations_keep_their_tables(lines):
    shown = [line.split() for line in lines(result(), result(operation="other"))]
    assert shown.count(["zero-mean", "conforms"]) == 2


def test_an_element_is_told_with_what_came_and_where_it_must_lie(lines):
    fact = Fact(0, "y", 1, 0.25, 1e-12, 0.5)
    found = lines(result("nonconforming", counterexample=Counterexample(small_case(), MESSAGE, "", (fact,))))
    assert f"found     {MESSAGE}" in found
    assert "must lie  in [0.249999999999, 0.250000000001]" in found
