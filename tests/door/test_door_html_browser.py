"""The page in a real browser: clicked through, by keyboard, dark and light, on a phone."""

from itertools import pairwise

import pytest
from html_browser import Sight, chromium
from html_reports import hostile, large, small

from normspec.html.page import report_page


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def look(browser, tmp_path):
    """Open a page; in the end it must not have complained, nor asked for anything but itself."""
    opened = []

    def at(report, **options):
        sight = Sight(browser, report_page(report), tmp_path / "page.html", **options)
        opened.append(sight)
        return sight

    yield at
    for sight in opened:
        own = sight.file.as_uri()
        assert not sight.said
        assert {url.partition("#")[0] for url in sight.asked} <= {own, "data:,"}
        sight.context.close()


def test_a_click_in_the_matrix_leads_to_the_failure(look):
    sight = look(small())
    sight.page.click("td.broken a")
    assert sight.page.url.endswith("#failure-1")
    assert sight.focused == "failure-1"
    assert sight.page.is_visible("text=[0.2499999, 0.2500001]")


def test_a_click_on_a_known_failure_opens_its_record(look):
    sight = look(small())
    assert not sight.page.is_visible("#known-1 details p")
    sight.page.click("td.known a")
    assert sight.page.is_visible("#known-1 details p")


def test_a_folded_failure_opens_where_it_is_linked_to(look):
    sight = look(large(), where="#failure-9")
    assert sight.page.is_visible("#failure-9 pre.case")
    assert not sight.page.is_visible("#failure-8 pre.case")


def test_a_matrix_is_open_where_something_is_broken_and_others_open_by_the_overview(look):
    sight = look(large())
    assert [sight.page.is_visible(f"#matrix-{number} table") for number in (1, 2, 3)] == [False, False, True]
    sight.page.click('.over a[href="#matrix-2"] >> nth=0')
    assert [sight.page.is_visible(f"#matrix-{number} table") for number in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_the_switch(look, scheme):
    sight = look(small(), scheme=scheme)
    papers = [sight.style("body", "backgroundColor")]
    for pressed in ("false", "true") if scheme == "dark" else ("true", "false"):
        sight.page.click("#theme")
        papers.append(sight.style("body", "backgroundColor"))
        assert sight.page.get_attribute("#theme", "aria-pressed") == pressed
    assert papers[0] == papers[2] != papers[1]


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(look):
    sight = look(small())
    reached = []
    for _ in range(60):
        sight.page.keyboard.press("Tab")
        reached.append(sight.page.evaluate("[document.activeElement.tagName, document.activeElement.className]"))
        if reached[-1][0] == "BODY":
            break
        assert sight.page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    assert reached[0] == ["A", "skip"]
    kinds = {tag for tag, _ in reached}
    assert {"A", "BUTTON", "INPUT", "SUMMARY"} <= kinds
    assert ["BUTTON", "copy"] in reached


def test_enter_on_a_mark_leads_to_the_failure(look):
    sight = look(small())
    sight.page.focus("td.broken a")
    sight.page.keyboard.press("Enter")
    assert sight.focused == "failure-1"


def test_the_copy_button_copies_the_program(look):
    sight = look(small(), permissions=["clipboard-read", "clipboard-write"])
    sight.page.click(".copy")
    sight.page.wait_for_selector("#said:not(:empty)", state="attached")
    assert sight.page.evaluate("navigator.clipboard.readText()") == "print(1)"
    assert sight.page.text_content(".copy") == "Copied"


def test_what_is_kept_everywhere_can_be_hidden(look):
    sight = look(small())
    rows = "table.matrix tbody tr:visible"
    assert sight.page.locator(rows).count() == 4
    sight.page.check("#only")
    assert sight.page.locator(rows).count() == 2


@pytest.mark.parametrize("report", [small, hostile, large])
@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_sticks_out_of_the_page(look, report, width):
    sight = look(report(), width=width)
    assert sight.page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_names_are_text_in_the_document(look):
    sight = look(hostile())
    assert sight.page.locator("script").count() == 1
    assert sight.page.locator("img").count() == 0
    assert "</script><script>alert(1)</script>" in sight.page.text_content("#verdict")
    assert "onerror=alert(2)" in sight.page.locator("svg text.name").first.text_content() + sight.page.text_content(
        "h3"
    )
    assert sight.page.evaluate(
        "[...document.querySelectorAll('*')].every(n => ![...n.attributes].some(a => a.name.startsWith('on')))"
    )
    assert sight.page.locator("a[href^='javascript']").count() == 0


def test_the_page_has_landmarks_one_heading_and_no_level_left_out(look):
    sight = look(small())
    for landmark in ("header", "main", "footer", "nav[aria-label]"):
        assert sight.page.locator(landmark).count() == 1
    levels = sight.page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(node => +node.tagName[1])")
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert sight.page.locator("svg[role=img]:not([aria-label])").count() == 0


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (value) => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => linear(value / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const paper = (node) => {
    const found = rgb(getComputedStyle(node).backgroundColor);
    return found[3] === 255 ? found : paper(node.parentElement);
  };
  const text = "p,dt,dd,a,th,td,h1,h2,h3,h4,small,em,code,span,button,figcaption,summary,svg text";
  return [...document.querySelectorAll(text)].flatMap((node) => {
    if (!node.textContent.trim() || !node.checkVisibility()) return [];
    const style = getComputedStyle(node);
    const ink = node instanceof SVGElement ? style.fill : style.color;
    const [more, less] = [light(rgb(ink)), light(paper(node))].sort((p, q) => q - p);
    const ratio = (more + .05) / (less + .05);
    return ratio < 4.5 ? [[node.tagName, node.textContent.slice(0, 20), ratio]] : [];
  });
}"""
"""The text whose contrast with what is behind it is less than 4.5 to 1."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper(look, scheme):
    assert look(small(), scheme=scheme).page.evaluate(CONTRAST) == []
