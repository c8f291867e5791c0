"""The whole handbook: prose copied, pages written, and both made into HTML."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath

from normspec.derivations.catalogue import claim
from normspec.handbook import accuracy, conventions, faults, loop, mathematics, operations, requirements, trials
from normspec.handbook.chains import formula
from normspec.handbook.findings import Findings
from normspec.handbook.markdown import raw, toctree
from normspec.handbook.site import make

PROSE = Path(str(files("normspec.handbook").joinpath("docs")))
RECORDS = PROSE / "data"
RECORDED_FAULTS = RECORDS / "faults.json"
LEARN = ("tutorial", "verdicts", "plug-in")
WRITTEN = (
    "mathematics/index",
    "operations/index",
    "requirements",
    "conventions",
    "accuracy",
    "faults",
    "trials",
    "loop",
)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


class HandbookError(ValueError):
    """The handbook cannot be made; the message says why, a line for each reason."""


def written(found: Findings) -> Mapping[str, str]:
    """Return every generated page by its path. Raises NotProvedError for a derivation that does not hold."""
    return {
        **mathematics.pages(),
        **operations.pages(),
        **requirements.pages(found),
        **conventions.pages(),
        **accuracy.pages(found),
        **faults.pages(found),
        **trials.pages(RECORDS),
        **loop.pages(found),
    }


def prose() -> Mapping[str, str]:
    """Return every page of docs/ by its path; links to files that are no pages become their names."""
    paths = {path.relative_to(PROSE).with_suffix("").as_posix(): path for path in sorted(PROSE.rglob("*.md"))}
    return {name: _without_files(name, path.read_text(encoding="utf-8"), set(paths)) for name, path in paths.items()}


def build(output: Path, found: Findings) -> int:
    """Write the handbook into a folder, and return how many pages it has.

    Raises HandbookError when Sphinx warns of anything: a broken link, a page that stands nowhere.
    """
    with tempfile.TemporaryDirectory() as folder:
        work, source = Path(folder), Path(folder) / "source"
        sources = {**prose(), **written(found)}
        sources["index"] = _with_formulas(sources["index"]) + "\n" + _contents(sources)
        for name, text in sources.items():
            path = source / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        warnings = make(source, work / "html", work)
        if warnings:
            raise HandbookError("\n".join(warnings))
        shutil.copytree(work / "html", output, dirs_exist_ok=True)
    return len(sources)


def _with_formulas(text: str) -> str:
    """Return a page with the formula of a claim wherever a comment asks for it."""
    return re.sub(r"<!-- formula: (\S+) -->", lambda found: raw(formula(claim(found[1]))), text)


def _contents(sources: Mapping[str, str]) -> str:
    """Return the contents of the whole, each page in one place."""
    rest = [name for name in sorted(sources) if name != "index" and not _placed(name)]
    parts = {"Use": LEARN, "Look up": WRITTEN, "Records and rules": rest}
    return "\n".join(toctree(names, hidden=True, caption=caption) for caption, names in parts.items() if names)


def _placed(name: str) -> bool:
    return name in (*LEARN, *WRITTEN) or name.startswith(("mathematics/", "operations/"))


def _without_files(name: str, text: str, pages: set[str]) -> str:
    """Return a page in which a link to a file that is no page is that file's name."""
    folder = PurePosixPath(name).parent

    def replaced(found: re.Match[str]) -> str:
        words, target = found[1], found[2]
        if "://" in target or _normal(folder / target).removesuffix(".md") in pages | set(WRITTEN) or "/" not in target:
            return found[0]
        return f"{words} (`{_normal('docs' / folder / target)}`)"

    return _LINK.sub(replaced, text)


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
