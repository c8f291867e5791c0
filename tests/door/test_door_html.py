"""The page as text: what stands in it, how large it is, and that it has nothing from anywhere else."""

from html.parser import HTMLParser

import pytest
from door_fakes import KNOWN, MESSAGE, SNIPPET, result
from html_reports import HOSTILE, hostile, large, small

from normspec.html.matrix import matrices
from normspec.html.overview import overview_of
from normspec.html.page import report_page
from normspec.html.scales import LogScale, Scale, power
from normspec.html.sentences import verdict
from normspec.html.svg import tag
from normspec.properties.laws import LAWS
from normspec.reports.report import Report


class Elements(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words = [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.found.append((name, dict(attributes)))

    def handle_data(self, text):
        self.words.append(text)

    def named(self, name):
        return [attributes for found, attributes in self.found if found == name]


VERDICTS = [
    ([result()], "fake conforms."),
    ([result(), result(target="other")], "fake and other conform."),
    ([result("nonconforming", known=(KNOWN,))], "fake conforms, apart from 1 results whose failure is on record."),
    ([result("nonconforming"), result("crashed", dtype="float16")], "fake does not conform: 1 law is broken."),
    ([result("nonconforming", target=t) for t in "abcd"], "4 implementations do not conform: 1 law is broken."),
    ([result("refused"), result("crashed", law="dx")], "fake does not conform: 2 laws are broken."),
    ([result("undecided", examples=1, undecided=1)], "Nothing was executed that could have failed."),
    ([], "Nothing was executed that could have failed."),
]


@pytest.mark.parametrize(("results", "sentence"), VERDICTS)
def test_the_verdict_is_one_sentence(results, sentence):
    assert verdict(Report(tuple(results))) == sentence


def test_a_stopped_run_says_so():
    assert verdict(Report((result("crashed"),), interrupted=True)).startswith("The run was stopped before its end; 1 ")


def test_a_failure_is_told_with_its_law_its_figures_its_case_and_its_program():
    page = " ".join(Elements(report_page(small())).words)
    for part in (LAWS["dx"].statement, "normspec derive dx", "0.5", "[0.2499999, 0.2500001]", "print(1)", "m = 2"):
        assert part in page
    assert KNOWN.reason in page


def test_a_failure_without_figures_gives_its_reason():
    page = " ".join(Elements(report_page(small(result("crashed")))).words)
    assert MESSAGE in page
    assert SNIPPET in page


def test_every_link_inside_the_page_leads_somewhere():
    page = Elements(report_page(small()))
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    inner = [a["href"][1:] for a in page.named("a") if a["href"].startswith("#")]
    assert len(ids) == len(set(ids))
    assert {"failure-1", "known-1", "law-dx"} <= set(inner) <= set(ids)


def test_nothing_is_fetched():
    page = Elements(report_page(hostile()))
    sources = [value for _, attributes in page.found for key, value in attributes.items() if key in ("src", "srcset")]
    assert not sources
    assert [link["href"] for link in page.named("link")] == ["data:,"]
    (policy,) = (meta["content"] for meta in page.named("meta") if meta.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_a_hostile_name_opens_no_element_and_no_link():
    plain, bad = Elements(report_page(small())), Elements(report_page(hostile()))
    assert {name for name, _ in bad.found} <= {name for name, _ in plain.found}
    assert not any(key.startswith("on") for _, attributes in bad.found for key in attributes)
    assert {a["href"].partition(":")[0] for a in bad.named("a") if a["href"][0] != "#"} == {"https"}
    assert "{{7*7}}" in " ".join(bad.words)


def test_a_hostile_page_can_be_written_and_reorders_nothing():
    text = report_page(hostile())
    assert text.encode("utf-8")
    assert not set(text) & set("\u2028\u2029\u202e\x00\ud800")
    assert HOSTILE.partition("\u2028")[0].replace("<", "&lt;").replace(">", "&gt;")[:9] in text


def test_text_in_a_picture_is_escaped():
    assert tag("text", "</text><script>", x='"><b') == '<text x="&#34;&gt;&lt;b">&lt;/text&gt;&lt;script&gt;</text>'


def test_a_large_report_makes_a_page_below_two_megabytes():
    page = report_page(large())
    assert len(page.encode()) < 2_000_000
    assert page.count('<table class="matrix dense">') == 3, "one for each implementation"
    assert Elements(page).words.count("operation_19") >= 5


def test_the_overview_counts_every_result_and_leads_to_each_matrix():
    report = large()
    tables = matrices(report.results, {})
    found = overview_of(report, tables)
    lines = [line for _, those in found.operations for line in those]
    assert sum(sum(line.counts) for line in lines) == len(report.results)
    assert {line.href for line in lines} == {table.anchor for table in tables}
    for line in lines:
        assert [part.start for part in line.bar] == sorted(part.start for part in line.bar)
        assert sum(part.length for part in line.bar) == pytest.approx(100, abs=0.05)
    assert overview_of(small(), matrices(small().results, {})) is None, "one matrix shows it all"


def test_a_page_is_the_same_whenever_it_is_made():
    assert report_page(small()) == report_page(small())


def test_ticks_are_round_and_within():
    assert (
        Scale(0, 1, 0, 100).ticks(5) == pytest.approx([0, 0.25, 0.5, 0.75, 1]) or len(Scale(0, 1, 0, 100).ticks(5)) > 2
    )
    assert Scale(1, 24, 0, 100).ticks(6) == [5, 10, 15, 20]
    assert LogScale(-4, 3, 0, 100).ticks(6) == [-4, -2, 0, 2]
    assert [power(k) for k in (-4, 0, 2, 6)] == ["10⁻⁴", "1", "100", "10⁶"]


@pytest.mark.parametrize(("value", "place"), [(0.0, 0), (1.0, 40), (float("inf"), 70), (1e9, 70), (float("nan"), 70)])
def test_a_logarithmic_scale_keeps_everything_on_the_picture(value, place):
    assert LogScale(-4, 3, 0, 70)(value) == pytest.approx(place)
