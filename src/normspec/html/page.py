"""Pages from reports: templates filled, style and script put in, nothing fetched from anywhere."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from normspec.clean import cleaned
from normspec.grades.grading import Table
from normspec.html.accuracy import sights
from normspec.html.grades import sheets
from normspec.html.matrix import matrices
from normspec.html.overview import overview_of
from normspec.html.sentences import counts, verdict
from normspec.html.stories import Recorded, anchors, law_of, stories
from normspec.html.undecided import laws_of
from normspec.reports.comparing import Comparison, Row
from normspec.reports.groups import by, failures, known
from normspec.reports.marks import KINDS, SHORT, kind_of
from normspec.reports.report import Report

STYLES = ("palette.css", "plots.css", "style.css")


def report_page(report: Report, grades: Table | None = None) -> str:
    """Return the page of a run, with the accuracy table where there is one."""
    told = stories(failures(report.results))
    recorded = [Recorded(number, *entry) for number, entry in enumerate(known(report.results), 1)]
    tables = matrices(report.results, anchors(told, recorded))
    return filled(
        "report.html.j2",
        report=report,
        verdict=verdict(report),
        counts=counts(report),
        matrices=tables,
        overview_of=overview_of(report, tables),
        kinds=_kinds(report),
        stories=told,
        recorded=recorded,
        laws=laws_of(report.results),
        sights=sights(report.observations),
        grades=sheets(grades),
    )


def comparison_page(found: Comparison) -> str:
    """Return the page of reports side by side."""
    groups = [(_place(rows[0]), rows) for rows in by(_place, found.rows)]
    return filled("compare.html.j2", found=found, groups=groups, kind_of=kind_of, sights=sights(found.observations))


def _place(row: Row) -> str:
    return f"{row.target}: {row.operation}" if row.target else row.operation


def _kinds(report: Report) -> list[Any]:
    """Return the kinds of marks that the matrix has."""
    seen = {"known" if result.known else result.verdict for result in report.results}
    return [kind for name, kind in KINDS.items() if name in seen]


def filled(template: str, **values: object) -> str:
    """Return a template with the values in it: every text is cleaned and escaped."""
    style, script = Markup("").join(map(Markup, map(asset, STYLES))), Markup(asset("script.js"))
    fixed = {"style": style, "script": script, "policy": policy(style, script), "short": SHORT, "law_of": law_of}
    return _environment().get_template(template).render(**fixed, **values)


def policy(style: str, script: str) -> str:
    """Return what a browser may do for the page: this style, this script, and nothing else."""
    ours = f"style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"
    return f"default-src 'none'; {ours}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def asset(name: str) -> str:
    """Return a file that pages are made with."""
    return files("normspec.html").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("normspec.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[],
    )


def _finalized(value: object) -> object:
    """Return text without what does not print; markup is ours, and stays."""
    return value if isinstance(value, Markup) else cleaned(str(value)) if value is not None else ""
