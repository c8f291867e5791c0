"""The catalogue: which claims exist, and in which chapter. Reading it imports no SymPy."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from normspec.derivations.proof import Chapter, Claim

CLAIMS: dict[str, tuple[str, ...]] = {
    "statistics": (
        "mean",
        "centred-sum",
        "biased-variance",
        "pairwise-variance",
        "total-variance",
        "variance-of-mean",
        "expected-biased-variance",
        "bessel",
        "variance-of-unbiased",
        "mean-variance-covariance",
        "bessel-finite-population",
        "finite-population-mean",
        "mean-of-means",
        "batch-gradient",
    ),
    "standardize": (
        "xhat",
        "zero-mean",
        "second-moment",
        "shift-invariance",
        "scale-covariance",
        "sign",
        "permutation-equivariance",
        "not-idempotent",
    ),
    "affine": ("y", "identity-recovery", "affine-moments", "bias-redundant", "folded-output", "parameter-count"),
    "gradients": (
        "dmu",
        "dv",
        "dsigma",
        "dx",
        "dgamma",
        "dbeta",
        "sum-dx",
        "dx-orthogonality",
        "dx-euler",
        "inference-dx",
        "detached-mean",
        "detached-variance",
    ),
    "running": (
        "running-step",
        "running-steps",
        "running-expectation",
        "running-variance",
        "initial-bias",
        "cumulative-average",
        "momentum-swap",
    ),
}

CHAPTERS: tuple[str, ...] = tuple(CLAIMS)


class UnknownName(ValueError):
    """No claim, or no chapter, has this name."""


def chapter_of(claim: str) -> str:
    """Find the chapter of a claim; raises UnknownName."""
    for chapter, names in CLAIMS.items():
        if claim in names:
            return chapter
    raise UnknownName(_unknown("claim", claim, [name for names in CLAIMS.values() for name in names]))


def load(chapter: str) -> Chapter:
    """Import a chapter, and SymPy with it; raises UnknownName."""
    if chapter not in CLAIMS:
        raise UnknownName(_unknown("chapter", chapter, list(CHAPTERS)))
    loaded: Chapter = import_module(f"normspec.derivations.{chapter}").CHAPTER
    return loaded


def claim(name: str) -> Claim:
    """Import a claim by its name; raises UnknownName."""
    return next(c for c in load(chapter_of(name)).claims if c.name == name)


def _unknown(kind: str, name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "`normspec derive` lists them all"
    return f"no {kind} is named {name!r}; {hint}"
