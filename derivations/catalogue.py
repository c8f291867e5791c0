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
        "epsilon-place",
        "single-element",
        "not-idempotent",
    ),
    "affine": (
        "y",
        "identity-recovery",
        "affine-moments",
        "bias-redundant",
        "inference-y",
        "folded-inference",
        "one-pass-output",
        "one-pass-folded",
        "parameter-count",
    ),
    "gradients": (
        "dmu",
        "dv",
        "dsigma",
        "dx",
        "dgamma",
        "dbeta",
        "dx-linearity",
        "dx-permutation",
        "sum-dx",
        "dx-orthogonality",
        "dx-euler",
        "mean-only-dx",
        "inference-dx",
        "inference-dgamma",
        "detached-mean",
        "detached-variance",
    ),
    "jacobian": (
        "jacobian",
        "jacobian-symmetric",
        "jacobian-constants",
        "jacobian-xhat",
        "jacobian-complement",
        "jacobian-trace",
        "jacobian-spectrum",
        "jacobian-polynomial",
        "lipschitz",
        "gradient-norm",
        "samuelson",
    ),
    "second_order": (
        "jvp",
        "jvp-transpose",
        "hessian",
        "xhat-is-gradient",
        "hessian-symmetric",
        "double-backward-sum",
        "third-derivative",
        "third-derivative-sum",
    ),
    "running": (
        "running-step",
        "running-steps",
        "running-expectation",
        "running-variance",
        "initial-bias",
        "debiased-step",
        "cumulative-average",
        "momentum-swap",
    ),
    "renormalize": (
        "batch-renorm",
        "batch-renorm-y",
        "batch-renorm-dx",
        "batch-renorm-dx-scaled",
        "batch-renorm-unclipped",
        "batch-renorm-dgamma",
    ),
    "merging": (
        "chan-mean",
        "chan-squares",
        "pooled-mean",
        "pooled-variance",
        "merge-associative",
        "welford-mean",
        "welford-squares",
        "welford-is-chan",
        "synchronized",
    ),
    "folding": (
        "fold-after",
        "fold-before",
        "weight-scale",
        "weight-standardization",
        "weight-gradient-orthogonal",
        "effective-learning-rate",
        "weight-growth",
    ),
    "family": (
        "rms-moment",
        "rms-scale",
        "rms-no-shift",
        "rms-is-layer-norm",
        "rms-y",
        "family-statistics",
        "family-dx",
        "rescale-dx",
        "rms-dx",
        "residual-gradient",
        "rms-projection",
        "l2-dx",
        "l2-curvature",
        "z-score",
    ),
    "outside": (
        "outside-y",
        "outside-one-pass",
        "outside-dx",
        "outside-dx-still",
        "outside-projection",
        "outside-moment",
        "outside-scale",
        "outside-inference",
        "outside-rescale",
        "outside-rescale-dx",
        "outside-rescale-dx-still",
        "outside-rescale-projection",
    ),
    "double_backward": (
        "double-backward-x",
        "double-backward-x-projected",
        "double-backward-g",
        "double-backward-gamma",
        "rescale-double-backward-x",
        "rescale-double-backward-x-projected",
        "rescale-double-backward-g",
    ),
    "forward_mode": (
        "tangent-y",
        "rescale-tangent-y",
        "inference-tangent-y",
    ),
    "orders": (
        "family-y",
        "family-y-folded",
        "family-dx-projected",
        "family-dx-folded",
        "family-dgamma-projected",
        "one-pass-dx",
        "dx-summed",
        "rescale-y",
        "rescale-dx-projected",
        "rescale-dx-folded",
        "rescale-dgamma-projected",
        "rescale-dx-summed",
    ),
    "partitions": (
        "group-norm-is-layer-norm",
        "group-norm-is-instance-norm",
        "batch-norm-is-instance-norm",
        "variances-of-parts",
        "equal-partitions",
        "independence",
        "affine-sharing",
    ),
    "weight_norm": (
        "weight-norm-length",
        "weight-norm-scale",
        "weight-norm-dG",
        "weight-norm-dv",
        "weight-norm-orthogonal",
        "weight-norm-growth",
        "weight-norm-double-backward",
        "weight-norm-detached",
    ),
    "lp_norm": (
        "l1-y",
        "l1-dx",
        "max-norm",
        "max-dx",
        "lp-slope",
        "lp-dx",
        "lp-is-l1",
        "lp-is-l2",
        "clamped",
    ),
    "cosine": (
        "cosine-y",
        "cosine-scale",
        "cosine-range",
        "cosine-dx",
        "cosine-dw",
        "cosine-double-backward",
        "cosine-orthogonal",
        "cosine-gradient-norm",
        "cosine-x-clamped",
        "cosine-w-clamped",
        "cosine-both-clamped",
        "cosine-self",
        "cosine-centred",
    ),
    "scaling": (
        "z-score-moments",
        "min-max-range",
        "min-max-y",
        "min-max-dx",
        "min-max-dx-gathered",
        "min-max-sums",
        "adain",
        "adain-y",
        "adain-dx",
        "adain-dx-scaled",
        "adain-dstyle",
    ),
    "invariances": (
        "batch-norm-scale",
        "batch-norm-data-shift",
        "batch-norm-weight-shift",
        "batch-norm-case-scale",
        "layer-norm-scale",
        "layer-norm-weight-shift",
        "layer-norm-data-shift",
        "layer-norm-unit-scale",
        "rms-norm-scale",
        "rms-norm-weight-shift",
        "positive-homogeneity",
        "geometry",
        "whitening",
        "scale-offset",
    ),
    "rounding": (
        "rounding-growth",
        "rounding-mean",
        "rounding-variance",
        "rounding-one-pass",
        "rounding-rstd",
        "rounding-underflow",
        "rounding-y",
        "rounding-y-first-order",
        "rounding-y-folded",
        "rounding-projection",
        "rounding-dx",
        "rounding-parameters",
        "rounding-blend",
        "rounding-store",
    ),
    "accumulation": (
        "rounding-ulp",
        "rounding-rsqrt-count",
        "rounding-sqrt-count",
        "rounding-division-count",
        "rounding-merge-count",
        "rounding-sum-underflow",
        "rounding-mean-underflow",
    ),
    "recurrences": (
        "rounding-merge-mean",
        "rounding-merge-underflow",
        "rounding-merge-element",
        "rounding-merge-share",
        "rounding-welford-share",
        "rounding-merge-cauchy",
        "rounding-merge-any-order",
        "rounding-merge-height",
        "rounding-merge",
    ),
}

CHAPTERS: tuple[str, ...] = tuple(CLAIMS)


class UnknownNameError(ValueError):
    """No claim, or no chapter, has this name."""


def chapter_of(claim: str) -> str:
    """Find the chapter of a claim; raises UnknownNameError."""
    for chapter, names in CLAIMS.items():
        if claim in names:
            return chapter
    raise UnknownNameError(_unknown("claim", claim, [name for names in CLAIMS.values() for name in names]))


def load(chapter: str) -> Chapter:
    """Import a chapter, and SymPy with it; raises UnknownNameError."""
    if chapter not in CLAIMS:
        raise UnknownNameError(_unknown("chapter", chapter, list(CHAPTERS)))
    loaded: Chapter = import_module(f"normspec.derivations.{chapter}").CHAPTER
    return loaded


def claim(name: str) -> Claim:
    """Import a claim by its name; raises UnknownNameError."""
    return next(c for c in load(chapter_of(name)).claims if c.name == name)


def _unknown(kind: str, name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "`normspec derive` lists them all"
    return f"no {kind} is named {name!r}; {hint}"
