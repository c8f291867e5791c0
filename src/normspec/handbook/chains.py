"""The steps of a claim as people write them: chains of equations, aligned at the sign, each with its reason."""

from dataclasses import dataclass

from markupsafe import Markup

from normspec.derivations.evidence import Evidence
from normspec.derivations.nodes import Defined
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
    def whole(self) -> str:
        """Return what the chain shows from its first to its last side, in LaTeX."""
        first, last = self.links[0][0], self.links[-1][0]
        return f"{latex(first.left)} {SIGNS[last.relation]} {latex(last.right)}"


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


def results(claim: Claim) -> Markup:
    """Return all that a claim shows, a line for each."""
    return boxed(*(chain.whole for chain in chains(claim)))


def formula(claim: Claim) -> Markup:
    """Return the one thing that a claim shows of a layer's result or gradient; else the last thing that it shows."""
    lines = [chain.whole for chain in chains(claim)]
    return boxed(next((line for line in lines if line.startswith(("y_", r"\frac{\partial"))), lines[-1]))


def where(*claims: Claim) -> Markup:
    """Return the names that claims use, each once, with what they stand for; nothing where they use none."""
    named = {d.name: Markup("<dd>{}</dd>").format(_definition(d)) for claim in claims for d in definitions(claim)}
    schemes = dict.fromkeys(scheme for claim in claims for scheme in sampling(claim))
    rows = [*named.values(), *(Markup("<dd>{}</dd>").format(html(scheme)) for scheme in schemes)]
    return Markup('<dl class="where"><dt>where</dt>{}</dl>\n').format(Markup("").join(rows)) if rows else Markup("")


def _definition(name: Defined) -> Markup:
    return flowing(f"{latex(name)} = {latex(name.body)}")


def _chain(chain: Chain, *, each: bool) -> Markup:
    left = latex(chain.links[0][0].left)
    short = width(left) <= _SHORT
    rows = Markup("").join(_link(*link, each=each) for link in chain.links)
    lhs = Markup('<div class="lhs">{}</div>').format(flowing(left))
    top = boxed(chain.whole) if len(chain.links) > 1 else Markup("")
    return top + Markup('<div class="chain{}">{}{}</div>\n').format("" if short else " tall", lhs, rows)


def boxed(*formulas: str) -> Markup:
    """Return formulas on lines of their own, in the middle."""
    return Markup("").join(Markup('<div class="headline">{}</div>\n').format(flowing(each)) for each in formulas)


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
