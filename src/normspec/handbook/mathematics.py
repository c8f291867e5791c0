"""The pages of the mathematics: one for each chapter, each claim with its derivation."""

from collections.abc import Mapping

from normspec.derivations.catalogue import CHAPTERS, load
from normspec.derivations.proof import Chapter, Claim
from normspec.derivations.rendering import sentence
from normspec.handbook.chains import shown, where
from normspec.handbook.links import claim_target, to_requirement
from normspec.handbook.markdown import raw, toctree
from normspec.handbook.prose import markdown
from normspec.handbook.uses import requirements_of


def pages() -> Mapping[str, str]:
    """Return every page of the mathematics by its path, every step proved on the way."""
    chapters = {name: load(name) for name in CHAPTERS}
    return {
        "mathematics/index": _index(chapters),
        **{f"mathematics/{_path(name)}": _chapter(chapter) for name, chapter in chapters.items()},
    }


def _path(chapter: str) -> str:
    return chapter.replace("_", "-")


def _index(chapters: Mapping[str, Chapter]) -> str:
    claims = [claim for chapter in chapters.values() for claim in chapter.claims]
    lines = [
        "# The mathematics",
        "",
        f"{len(claims)} claims in {len(chapters)} chapters. Every formula on these pages is printed from the "
        "expressions that were checked: a normal form proves each step for every size, and a second checker, which "
        "shares no code with it, evaluates both sides in exact rationals at a few sizes. The pages were not built "
        "before every step was proved. What the suite holds implementations against is generated from the same "
        "expressions.",
        "",
        toctree([f"{chapter.title} <{_path(name)}>" for name, chapter in chapters.items()], hidden=True),
    ]
    for name, chapter in chapters.items():
        names = ", ".join(f"[{claim.name}](#{claim_target(claim.name)})" for claim in chapter.claims)
        lines += [f"**[{markdown(chapter.title)}]({_path(name)}.md)**", f": {names}", ""]
    return "\n".join(lines)


def _chapter(chapter: Chapter) -> str:
    return "\n".join([f"# {markdown(chapter.title)}", "", *(_claim(claim) for claim in chapter.claims)])


def _claim(claim: Claim) -> str:
    lines = [f"({claim_target(claim.name)})=", f"## {claim.name}", "", markdown(sentence(claim.statement)), ""]
    named = where(claim)
    lines += [raw(named), ""] if named else []
    lines += [raw(shown(claim)), ""]
    if claim.source:
        lines += [":::{container} source", markdown(claim.source), ":::", ""]
    uses = requirements_of(claim.name)
    if uses:
        lines += [":::{container} uses", "Proves " + ", ".join(map(to_requirement, uses)) + ".", ":::", ""]
    return "\n".join(lines)
