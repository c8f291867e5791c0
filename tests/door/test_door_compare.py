"""`normspec compare`: reports side by side."""

import pytest
from door_fakes import KNOWN, result
from html_browser import Sight, chromium
from html_reports import HOSTILE, seen

from normspec.html.page import comparison_page
from normspec.reports.as_json import json_text
from normspec.reports.comparing import comparison
from normspec.reports.report import Report

DTYPES = ("float64", "float32")
OLD = Report((*(result(law="dx", dtype=d) for d in DTYPES), result(law="dbeta")), observations=(seen(),))
NEW = Report(
    (*(result("crashed", law="dx", dtype=dtype) for dtype in DTYPES), result(law="dbeta"), result(law="dgamma")),
    observations=(seen(shift=1),),
)


def test_what_differs_is_one_row_for_all_dtypes():
    found = comparison([("old", OLD), ("new", NEW)])
    dx, dgamma = found.rows
    assert (dx.law, dx.dtypes, [r.verdict for r in dx.results]) == ("dx", DTYPES, ["conforms", "crashed"])
    assert (dgamma.law, dgamma.results[0]) == ("dgamma", None)
    assert (found.compared, found.differing) == (3, 2)
    assert found.sentence == "2 of 3 results differ."


def test_a_failure_that_came_on_record_differs():
    bad, on_record = (Report((result("nonconforming", known=known),)) for known in ((), (KNOWN,)))
    assert comparison([("a", bad), ("b", on_record)]).differing == 1


def test_reports_about_other_implementations_compare_these():
    found = comparison([("a", OLD), ("b", Report((result("crashed", target="other", law="dbeta"),)))])
    assert [column.name for column in found.columns] == ["fake", "other"]
    (differing,) = [row for row in found.rows if row.results[1]]
    assert (differing.target, differing.law) == ("", "dbeta")


@pytest.fixture
def files(tmp_path):
    for name, report in (("old", OLD), ("new", NEW)):
        (tmp_path / f"{name}.json").write_text(json_text(report))
    return tmp_path / "old.json", tmp_path / "new.json"


def test_the_command_prints_what_differs(normspec, capsys, files):
    assert normspec("compare", *files) == 1
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert ["law", "dtype", "old", "new"] in rows
    assert ["dx", "f64", "f32", "conforms", "crashed"] in rows
    assert "2 of 3 results differ." in out


def test_the_same_twice_is_no_difference(normspec, capsys, files):
    assert normspec("compare", files[0], files[0]) == 0
    assert "The verdicts are the same on all 3 results." in capsys.readouterr().out


@pytest.mark.parametrize(("number", "says"), [(1, "give two or more"), (0, "REPORT")])
def test_fewer_than_two_are_no_comparison(normspec, capsys, files, number, says):
    assert normspec("compare", *files[:number]) == 2
    assert says in capsys.readouterr().err


def test_the_page_shows_both_on_one_picture(normspec, files, tmp_path):
    normspec("compare", *files, "--html", tmp_path / "page.html")
    with (
        chromium(tmp_path / "profile") as browser,
        Sight(browser, (tmp_path / "page.html").read_text(), tmp_path / "p.html") as sight,
    ):
        assert sight.page.text_content("#verdict") == "2 of 3 results differ."
        assert "crashed" in sight.page.text_content(".differences")
        assert sight.page.locator("svg").first.locator("text.name").all_text_contents() == ["old", "new"]
        assert sight.page.evaluate("document.documentElement.scrollWidth") <= 1200
        assert not sight.said


def test_hostile_names_stay_text(tmp_path):
    bad = Report((result("crashed", target=HOSTILE, operation=HOSTILE),), observations=(seen(HOSTILE, HOSTILE),))
    page = comparison_page(comparison([(HOSTILE, bad), ("b", Report((result(target=HOSTILE),)))]))
    with chromium(tmp_path / "profile") as browser, Sight(browser, page, tmp_path / "p.html", width=390) as sight:
        assert (sight.page.locator("script").count(), sight.page.locator("img").count()) == (1, 0)
        assert sight.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert not sight.said
