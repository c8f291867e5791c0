"""The handbook is whole: everything that is specified stands in it, every link leads somewhere, nothing is loaded."""

import html
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from html_reports import seen
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from site_pages import Page, broken_links, from_elsewhere, pages

from normspec.derivations.catalogue import CLAIMS
from normspec.grades.as_json import read_table
from normspec.handbook import accuracy, faults, links, trials
from normspec.handbook.build import RECORDED_FAULTS, RECORDS, prose, written
from normspec.handbook.catches import Catch, read_catches
from normspec.handbook.cubes import cube, example_shape
from normspec.handbook.faults import operations
from normspec.handbook.findings import RECORDED_GRADES, Findings, Graded, gather
from normspec.handbook.loop import turns
from normspec.handbook.mathml import broken, flowing, mathml
from normspec.handbook.pictures import chart
from normspec.handbook.prose import markdown
from normspec.handbook.site import make
from normspec.handbook.verdicts import told
from normspec.implementations.faulty import FAULTS
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Known, Result
from normspec.reports.report import Report
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.node import PlainError
from normspec.spec.operations import OPERATIONS
from normspec.spec.requirements import REQUIREMENTS

SPECIFIED = {
    "claim": [links.claim_target(name) for names in CLAIMS.values() for name in names],
    "requirement": [links.requirement_target(name) for name in REQUIREMENTS],
    "law": [links.law_target(name) for name in LAWS],
    "convention": [links.convention_target(name) for name in CONVENTIONS],
    "operation": [links.operation_target(name) for name in OPERATIONS],
    "fault": [links.fault_target(name) for name in FAULTS],
}
HOSTILE = "<script>alert(1)</script> `x` **y** | [z](http://example.com) $\\frac{1}{2}$ \u202e\x1b[31m"


def missing(folder, targets):
    """The names that no page has."""
    there = set().union(*(each.ids for each in pages(folder).values()))
    return sorted(set(targets) - there)


@pytest.mark.parametrize("kind", SPECIFIED)
def test_everything_that_is_specified_stands_in_the_handbook(handbook, kind):
    assert len(set(SPECIFIED[kind])) == len(SPECIFIED[kind]) > 0
    assert not missing(handbook, SPECIFIED[kind])


def test_what_is_not_in_the_handbook_is_found_missing(handbook):
    assert missing(handbook, ["requirement-that-nobody-wrote"]) == ["requirement-that-nobody-wrote"]


def test_every_link_leads_somewhere(handbook):
    assert not broken_links(handbook)


def test_nothing_is_loaded_from_elsewhere(handbook):
    assert not from_elsewhere(handbook)


def test_broken_links_and_foreign_resources_are_noticed(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html">b</a><a href="#x">x</a><script src="https://e.org/x.js"></script>'
    )
    (tmp_path / "a.css").write_text("@font-face { src: url(//e.org/f.woff2) } @import 'http://e.org/a.css';")
    assert broken_links(tmp_path) == ["a.html: b.html", "a.html: #x"]
    assert len(from_elsewhere(tmp_path)) == 3


def test_no_page_shows_latex_or_markdown_as_it_is_written(handbook):
    said = {name: "".join(each.words) for name, each in pages(handbook).items() if name != "search.html"}
    assert not [name for name, words in said.items() if any(mark in words for mark in ("\\frac", "{raw}", "](", "$"))]


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_has_a_picture_on_which_its_variants_differ(name):
    drawn = chart(name)
    assert [series.name for series in drawn.series] == list(CONVENTIONS[name].variants)
    assert len({(tuple(series.places), series.elsewhere) for series in drawn.series}) == len(drawn.series)
    assert all(series.places or series.elsewhere for series in drawn.series)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_cube_colours_exactly_one_part(name):
    operation, shape = OPERATIONS[name], example_shape(OPERATIONS[name])
    for attributes in operation.choices(shape):
        for partition in (operation.groups(shape, attributes), operation.blocks(shape, attributes)):
            assert cube(partition).chosen.sum() == partition.members


def test_the_cube_of_batch_norm_is_one_channel_of_all_samples():
    chosen = cube(OPERATIONS["batch_norm"].groups((3, 6, 4), {})).chosen
    assert chosen[:, -1, :].all()
    assert not np.delete(chosen, -1, axis=1).any()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "M", "Z"]) | st.just(" ")))
def test_text_on_a_page_is_the_text_and_never_markup(text):
    plain = " ".join(text.split())
    shown = html.unescape(MarkdownIt().enable("table").render(markdown(plain))).strip()
    if not any(mark in markdown(plain) for mark in ("<sub>", "$\\", "−")) and plain.isascii():
        assert shown == (f"<p>{plain}</p>" if plain else "")


def hostile_result():
    known = (Known(HOSTILE, ""),)
    return Result(HOSTILE, "batch_norm", "dx", "float32", "nonconforming", 1, 0, HOSTILE, known=known)


def test_text_of_an_implementation_is_escaped(tmp_path):
    source, output = tmp_path / "source", tmp_path / "html"
    source.mkdir()
    told_of = [told([hostile_result()]), told([replace(hostile_result(), verdict="conforms")])]
    (source / "index.md").write_text("# A page\n\n" + "\n\n".join(told_of), encoding="utf-8")
    assert make(source, output, tmp_path) == []
    text = (output / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "http://example.com" not in Page(output / "index.html").links
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "\u202e" not in text


def test_what_sphinx_warns_of_is_returned(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "index.md").write_text("# A page\n\n[nowhere](#nothing)\n", encoding="utf-8")
    assert any("nothing" in line for line in make(tmp_path / "source", tmp_path / "html", tmp_path))


def test_formulas_break_only_outside_of_parentheses():
    parts = broken(r"a + \left(b - c\right) - \frac{d + e}{f} + g")
    assert parts == ["a", r"+ \left(b - c\right)", r"- \frac{d + e}{f}", "+ g"]


def test_formulas_have_real_minus_signs():
    assert "−" in html.unescape(mathml("a - b"))
    assert 'form="infix"' in mathml("- b", display=True)
    assert flowing("a - b").count("<math") == 1


@pytest.mark.parametrize(
    ("latex", "primes"),
    [(r"\hat{x}_{j}'", "\N{PRIME}"), (r"\mu'", "\N{PRIME}"), (r"\hat{x}''_{j}", "\N{DOUBLE PRIME}")],
)
def test_primes_stand_beside_their_letter(latex, primes):
    written = html.unescape(mathml(latex))
    assert f">{primes}</mo></mrow>" in written
    assert "<msup>" not in written
    assert "<msubsup>" not in written


def test_a_link_to_a_file_of_the_repository_is_its_name():
    assert "examples/pipe (`examples/pipe`)" in prose()["protocol"]
    assert "workflow (`docs/ci/github-actions.yml`)" in " ".join(prose()["plug-in"].split())


def test_the_loop_shows_what_belongs_to_a_requirement():
    catches = (Catch("no-bessel", "batch_norm", "running-variance", "float64", 2),)
    found = Findings(report=Report((hostile_result(),)), catches=catches)
    whole = {turn.requirement: turn for turn in turns(found)}
    assert whole["running-variance"].faults == ["no-bessel"]
    assert len(whole["dx"].results) == 1
    assert not whole["zero-mean"].results


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr("normspec.handbook.mathematics.pages", dict)
    assert "**missing**" not in written(Findings())["loop"]
    monkeypatch.setattr("normspec.handbook.loop.laws_of", lambda name: [])
    assert written(Findings())["loop"].count("**missing**") == len(REQUIREMENTS)


def test_a_file_that_records_no_faults_is_refused(tmp_path):
    (tmp_path / "faults.json").write_text('{"laws": {}}')
    with pytest.raises(PlainError, match="is no record of faults"):
        read_catches(tmp_path / "faults.json")


def test_a_row_that_lacks_something_is_refused(tmp_path):
    (tmp_path / "faults.json").write_text('{"rows": [{"fault": "zeros"}]}')
    with pytest.raises(PlainError, match="lacks 'operation'"):
        read_catches(tmp_path / "faults.json")


def test_a_record_of_faults_is_read(tmp_path):
    row = {"fault": "no-bessel", "operation": "batch_norm", "dtype": "float64", "smallest": None}
    laws = {"running-variance": {"members": 2}}
    (tmp_path / "faults.json").write_text(json.dumps({"rows": [{**row, "laws": laws}]}))
    found = gather(None, None, tmp_path / "faults.json", quick=False)
    assert found.caught_by("running-variance") == ["no-bessel"]
    assert found.catches[0].members == 2


def test_the_faults_on_record_are_told_with_their_smallest_cases():
    found = Findings(catches=read_catches(RECORDED_FAULTS))
    assert {catch.fault for catch in found.catches} <= set(FAULTS)
    assert faults.pages(found)["faults"].count("The smallest case") > 100


def test_a_fault_is_told_with_one_case_and_folds_the_others():
    page = faults.pages(Findings(catches=read_catches(RECORDED_FAULTS)))["faults"]
    section = page.partition("## cancellation\n")[2].partition("\n## ")[0]
    shown, _, rest = section.partition("<details>")
    assert shown.count("Caught in") == 1
    assert rest.count("Caught in") == 1 + len(operations(FAULTS["cancellation"])) - 1
    assert page.count("<details>") == page.count("</details>") > 50


def test_the_page_of_accuracy_has_implementations_side_by_side():
    graded = tuple(Graded(read_table(path), f"From {path.name}.") for path in RECORDED_GRADES.glob("*.json"))
    found = Findings(report=Report((), observations=(seen(), seen("two", shift=1))), graded=graded)
    page = accuracy.pages(found)["accuracy"]
    assert '<a href="operations/batch-norm.html">batch norm</a>, float32' in page
    assert page.count("<svg") == 1, "two implementations in one picture"
    assert page.count(f"| {links.to_operation('batch_norm')} |") > 5
    assert "torch-functional: batch norm" in page
    entries = [entry for each in graded for entry in each.table.entries if entry.place.operation == "group_norm"]
    weakest = [entry.grade for entry in entries if (entry.place.output, entry.place.mode) == ("y", "train")]
    assert {"C", "A~"} <= set(weakest), "else the next line shows nothing"
    assert re.search(rf"\| {re.escape(links.to_operation('group_norm'))} \| `float32` \| y \| \*\*C\*\*", page)


def test_the_last_runs_stand_in_the_handbook():
    (page,) = trials.pages(RECORDS).values()
    recorded = {path.stem: json.loads(path.read_text()) for path in RECORDS.glob("*.json")}
    assert set(recorded) == set(trials.SECTIONS)
    assert f"{recorded['no_false_alarm']['cases']:,} cases" in page
    assert f"{len(recorded['faults']['rows'])} of them are on record" in page
    soon = page[page.index("How soon each fault is caught") : page.index("What each law is for")]
    assert all(f"| {links.to_fault(row['fault'])} |" in soon for row in recorded["faults"]["rows"])
    assert page.count("| [") >= len(recorded["tolerances"]) + len(LAWS)
    assert "There is no record" not in page


def test_a_run_without_a_record_is_said(tmp_path):
    (page,) = trials.pages(tmp_path).values()
    assert page.count("There is no record of it.") == len(trials.SECTIONS)


def test_a_law_alone_is_one_that_no_other_helps():
    rows = [{"fault": "a", "laws": {"dx": {}, "dgamma": {}}}, {"fault": "b", "laws": {"dx": {}}}]
    found = trials.laws_alone(rows)
    assert found["dx"] == (2, ["b"])
    assert found["dgamma"] == (1, [])
    assert found["dbeta"] == (0, [])


def test_the_table_of_faults_by_laws_counts_operations():
    row = ("cancellation", "running-variance", "float64", 2)
    found = Findings(catches=tuple(Catch(row[0], name, *row[1:]) for name in ("batch_norm", "instance_norm")))
    assert 'title="cancellation: running-variance" class="hit">2</td>' in faults.pages(found)["faults"]
    assert "matrix" not in faults.pages(Findings())["faults"]
