"""The steps of a claim as people write them: chains of equations, aligned at the sign, each with its reason."""

from dataclasses import dataclass

from markupsafe import Markup

from normspec.derivations.evidence import Evidence
from normspec.derivations.notation import latex
from normspec.derivations.proof import Claim, Relation
from normspec.derivations.rendering import SIGNS, definitions, relations, sampling
from normspec.handbook.mathml import flowing, mathml, width
from normspec.handbook.prose import html

_SHORT = 14  # characters: a left side that fits beside what follows
Proved = tuple[Relation, Evidence]


@dataclass(frozen=True)
class Chain:
    """Relations each of which starts where the one before ended."""

    links: tuple[Proved, ...]

    @property
    def headline(self) -> str | None:
        """Return what the chain shows from its first to its last side, in LaTeX; None where that is its only step."""
        first, last = self.links[0][0], self.links[-1][0]
        signs = {relation.relation for relation, _ in self.links}
        if len(self.links) < 2 or len(signs - {"="}) > 1:
            return None
        sign = next(iter(signs - {"="}), "=")
        return f"{latex(first.left)} {SIGNS[sign]} {latex(last.right)}"


def chains(claim: Claim) -> list[Chain]:
    """Return the steps of a claim in chains. Raises NotProvedError for a step that does not hold."""
    found: list[list[Proved]] = []
    for relation, evidence in relations(claim):
        follows = bool(found) and found[-1][-1][0].right == relation.left
        if follows and relation.relation == "=" == found[-1][-1][0].relation:
            found[-1].append((relation, evidence))
        else:
            found.append([(relation, evidence)])
    return [Chain(tuple(links)) for links in found]


def shown(claim: Claim) -> Markup:
    """Return the derivation of a claim."""
    parts = chains(claim)
    evidence = [support for chain in parts for _, support in chain.links]
    same = len(set(evidence)) == 1
    blocks = Markup("").join(_chain(chain, each=not same) for chain in parts)
    return blocks + (_support(evidence[0], len(evidence)) if same else Markup(""))


def headline(claim: Claim) -> Markup:
    """Return the last thing that a claim shows, as one line."""
    last = chains(claim)[-1]
    relation = last.links[-1][0]
    return flowing(last.headline or f"{latex(relation.left)} {SIGNS[relation.relation]} {latex(relation.right)}")


def where(claim: Claim) -> Markup:
    """Return the names that a claim uses, with what they stand for; nothing where it uses none."""
    rows = [Markup("<dd>{}</dd>").format(flowing(f"{latex(d)} = {latex(d.body)}")) for d in definitions(claim)]
    rows += [Markup("<dd>{}</dd>").format(html(scheme)) for scheme in sampling(claim)]
    return Markup('<dl class="where"><dt>where</dt>{}</dl>\n').format(Markup("").join(rows)) if rows else Markup("")


def _chain(chain: Chain, *, each: bool) -> Markup:
    left = latex(chain.links[0][0].left)
    short = width(left) <= _SHORT
    rows = Markup("").join(_link(*link, each=each) for link in chain.links)
    lhs = Markup('<div class="lhs">{}</div>').format(flowing(left))
    top = _boxed(chain.headline) if chain.headline else Markup("")
    return top + Markup('<div class="chain{}">{}{}</div>\n').format("" if short else " tall", lhs, rows)


def _boxed(formula: str) -> Markup:
    return Markup('<div class="headline">{}</div>\n').format(flowing(formula))


def _link(relation: Relation, evidence: Evidence, *, each: bool) -> Markup:
    why = html(relation.reason) + (_evidence(evidence) if each else Markup(""))
    sign, right = mathml(f"{{}}{SIGNS[relation.relation]}{{}}"), flowing(latex(relation.right))
    return Markup('<div class="sign">{}</div><div class="rhs">{}</div><div class="why">{}</div>').format(
        sign, right, why
    )


def _evidence(evidence: Evidence) -> Markup:
    return Markup('<small class="proof">✓ {}; {}</small>').format(html(evidence.proof), html(evidence.exact))


def _support(evidence: Evidence, steps: int) -> Markup:
    which = "" if steps == 1 else "both steps: " if steps == 2 else f"all {steps} steps: "
    return Markup('<p class="support">✓ {}{}; {}</p>\n').format(which, html(evidence.proof), html(evidence.exact))
