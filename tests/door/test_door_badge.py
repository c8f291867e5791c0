"""`normspec badge` draws the verdict of a report."""

import xml.etree.ElementTree as ElementTree

import pytest
from door_fakes import KNOWN, result
from html_browser import chromium

from normspec.reports.as_json import json_text
from normspec.reports.badge import AMBER, GREEN, LABEL, RED, badge, said, width
from normspec.reports.report import Report

SVG = "{http://www.w3.org/2000/svg}"
VERDICTS = [
    ((result(), result(dtype="float16")), {}, "2 laws kept", GREEN),
    ((result(),), {}, "1 law kept", GREEN),
    ((result(), result("nonconforming", known=(KNOWN,))), {}, "1 law kept, 1 known", AMBER),
    ((result(), result("crashed")), {}, "1 law broken", RED),
    ((result("refused"), result("crashed")), {}, "2 laws broken", RED),
    ((), {}, "nothing executed", AMBER),
    ((result(),), {"interrupted": True}, "stopped", AMBER),
    ((result("nonconforming"),), {"interrupted": True}, "stopped", AMBER),
]


@pytest.mark.parametrize(("results", "fields", "words", "colour"), VERDICTS)
def test_the_badge_says_the_verdict(results, fields, words, colour):
    report = Report(results, **fields)
    drawn = ElementTree.fromstring(badge(report))
    assert said(report) == (words, colour)
    assert [text.text for text in drawn.iter(f"{SVG}text")] == ["normspec", words]
    assert drawn.find(f"{SVG}title").text == drawn.get("aria-label") == f"normspec: {words}"
    assert colour in {rect.get("fill") for rect in drawn.iter(f"{SVG}rect")}


def _light(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [GREEN, AMBER, RED, LABEL])
def test_white_text_stands_out(colour):
    assert 1.05 / (_light(colour) + 0.05) >= 4.5


def test_the_text_is_as_wide_as_its_field_in_a_browser(tmp_path):
    file = tmp_path / "badge.svg"
    file.write_text(badge(Report((result(), result("nonconforming", known=(KNOWN,))))))
    with chromium(tmp_path / "profile") as browser:
        page = browser.new_page()
        page.goto(file.as_uri())
        texts = page.eval_on_selector_all("text", "all => all.map(t => [t.getBBox().x, t.getBBox().width])")
        fields = page.eval_on_selector_all("g rect", "all => all.map(r => [r.x.baseVal.value, r.width.baseVal.value])")
    for (x, wide), (start, room) in zip(texts, fields, strict=True):
        assert x - start == pytest.approx(8, abs=0.5)
        assert start + room - (x + wide) == pytest.approx(8, abs=0.5)


def test_a_wider_word_is_wider():
    assert width("mmm") > width("iii") > width("ii") > 0


def test_the_command_prints_or_writes_it(normspec, tmp_path, capsys):
    report = Report((result(),))
    (tmp_path / "report.json").write_text(json_text(report))
    assert normspec("badge", tmp_path / "report.json") == 0
    assert capsys.readouterr().out == badge(report)
    assert normspec("badge", tmp_path / "report.json", "--output", tmp_path / "badge.svg") == 0
    assert (tmp_path / "badge.svg").read_text() == badge(report)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["{}", "no"])
def test_what_is_no_report_is_one_line(normspec, tmp_path, capsys, text):
    (tmp_path / "report.json").write_text(text)
    assert normspec("badge", tmp_path / "report.json") == 2
    assert capsys.readouterr().err.count("\n") == 1
