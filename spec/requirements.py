"""What is required of a layer: each requirement once, in words, with the claim that proves it.

A requirement on numbers names a claim of the derivations. One on conduct has nothing to prove, and says why it stands.
Laws, operations and pages take names, statements and claims from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Requirement:
    """One thing that an implementation must do: its words, and the claim that proves it or the reason it stands."""

    name: str
    statement: str
    claim: str = ""
    because: str = ""


REQUIREMENTS: Mapping[str, Requirement] = MappingProxyType(
    {
        requirement.name: requirement
        for requirement in (
            # agreement
            Requirement(
                "output", "y is what the formula of the operation says, in training and in inference alike", "y"
            ),
            Requirement("training-output", "in training y = γ x̂ + β with x̂ = (x - μ) / √(v + ε), v biased", "y"),
            Requirement(
                "inference-output", "in inference y = γ (x - running mean) / √(running variance + ε) + β", "inference-y"
            ),
            Requirement("running-mean", "r ← (1 - w) r + w μ, w the weight of the new", "running-step"),
            Requirement("running-variance", "r ← (1 - w) r + w m/(m-1) v, or w v where biased", "bessel"),
            Requirement(
                "running-count",
                "the count is that of all elements seen",
                because="the weights of what was seen before and of what is new are these counts",
            ),
            Requirement(
                "running-range",
                "the least and the greatest are those of all elements seen",
                because="the least of two parts together is the lesser of theirs",
            ),
            Requirement("dx", "dx = (γg - mean(γg) - x̂ mean(γg x̂)) / σ, g the cotangent of y", "dx"),
            Requirement("dgamma", "dγ = Σ g x̂ over the block", "dgamma"),
            Requirement(
                "other-gradients",
                "the gradient of every further input is that of the operation's formula",
                "cosine-dw",
            ),
            Requirement("dbeta", "dβ = Σ g over the block", "dbeta"),
            Requirement(
                "inference-gradients",
                "in inference dx = γ g / σ and dγ = Σ g x̂, with the running statistics held fixed",
                "inference-dx",
            ),
            Requirement(
                "double-backward",
                "the backward of the backward: ddy, ddx and dγ' for a cotangent of dx, in closed form",
                "double-backward-x",
            ),
            Requirement(
                "forward-mode",
                "the tangent of y is γ J u + γ' x̂ + β', J the Jacobian of x̂: forward mode and backward are transposes",
                "tangent-y",
            ),
            Requirement("saved-values", "a backward belongs to its own forward, whatever was trained in between", "dx"),
            # invariants
            Requirement("zero-mean", "Σ (y - β) = 0 over each group in training", "zero-mean"),
            Requirement("second-moment", "Σ (y - β)² / m = γ² v/(v + ε): not quite one", "second-moment"),
            Requirement("gradient-sum", "Σ dx = 0 over each group", "sum-dx"),
            Requirement("gradient-projection", "Σ dx x̂ = γ ε/(v + ε)^(3/2) dγ over each group", "dx-orthogonality"),
            # instruments
            Requirement(
                "zero-crossing", "with β = -γ x̂ for an element, rounded, y of that element is the rounding alone", "y"
            ),
            Requirement(
                "rounding-boundary",
                "with γ for which γ x̂ lies just beside the middle of two neighbours, y is the one on its side",
                "rms-y",
            ),
            Requirement("shared-statistics", "one mean and one rstd explain the errors of a whole group", "rounding-y"),
            # symmetry
            Requirement("shift-invariance", "y(x + c) = y(x) in training", "shift-invariance"),
            Requirement("scale-covariance", "y(a x; a² ε) = y(x; ε) in training", "scale-covariance"),
            Requirement(
                "permutation-equivariance", "a permutation of the group permutes y and dx", "permutation-equivariance"
            ),
            Requirement("group-independence", "no group depends on another", "independence"),
            Requirement("batch-invariance", "a sample alone gives what it gives in the batch", "independence"),
            Requirement(
                "kinship",
                "where two operations part an array alike they normalize alike: one group is layer norm, a group for "
                "each channel is instance norm, batch norm of one sample is instance norm",
                "equal-partitions",
            ),
            Requirement("identity-recovery", "γ = σ and β = μ give y = x", "identity-recovery"),
            Requirement(
                "rank-equivalence",
                "the axes of space may be joined with the batch: nothing changes",
                "permutation-equivariance",
            ),
            Requirement("running-independence", "in training y ignores the running statistics", "y"),
            # gradients
            Requirement("cotangent-linearity", "vjp(a g + b h) = a vjp(g) + b vjp(h)", "dx-linearity"),
            Requirement(
                "wanted-subsets",
                "a gradient is the same whichever others are asked for",
                because="a gradient is a function of the case; what else is asked for is no part of it",
            ),
            Requirement(
                "backward-again",
                "a second backward of one forward gives the same gradients",
                because="a gradient is a function of the case; asking does not change it",
            ),
            # lives
            Requirement(
                "saving",
                "a layer goes on from what another one has saved as that one would have",
                because="a statistic that is not saved, or moves on after it was, is lost",
            ),
            Requirement(
                "copying",
                "a copy goes on as the layer itself would, and neither moves the other",
                because="whoever copies a layer, for an average or a target network, trains one of the two alone",
            ),
            Requirement(
                "freezing",
                "a frozen layer infers, though it is told to train",
                because="a part of a model is frozen so that it stays what it is, while the rest is trained",
            ),
            Requirement("momentum-change", "a change of momentum holds from the next training on", "running-step"),
            Requirement(
                "several-layers",
                "several layers at once know nothing of each other",
                because="models have many layers of one kind",
            ),
            Requirement(
                "running-recurrence",
                "after t steps r is (1 - w)^t r₀ and the batches' statistics, weighed by powers of 1 - w",
                "running-steps",
            ),
            # conduct
            Requirement(
                "answers",
                "a case within the claims is answered, in the right names, shapes and dtypes",
                because="a claim is a promise to answer",
            ),
            Requirement(
                "inputs-untouched",
                "no array handed over is written to",
                because="the caller owns what it hands over, and uses it again",
            ),
            Requirement(
                "determinism",
                "the same question gives the same bits",
                because="a failure that cannot be repeated cannot be mended",
            ),
            Requirement(
                "layout-invariance",
                "where arrays lie in memory changes nothing",
                because="a layer is a function of values; strides are none",
            ),
            Requirement(
                "inference-keeps-state",
                "inference leaves the running statistics untouched",
                because="inference reads the running statistics, and only training moves them",
            ),
            # extremes
            Requirement(
                "single-element",
                "a group of one element is treated as declared",
                because="conventions differ where m - 1 = 0, so the choice must be declared and kept",
            ),
            Requirement(
                "empty-batch",
                "an empty batch is treated as declared",
                because="conventions differ where m = 0, so the choice must be declared and kept",
            ),
            Requirement(
                "refusals",
                "a call that means nothing is refused",
                because="an argument without a meaning must not be given one silently",
            ),
            Requirement(
                "nan-confined",
                "a NaN does to the group that has it what is declared, and nothing to another",
                because="whoever looks for the cause of a NaN must be able to trust where it shows",
            ),
            Requirement(
                "loud-overflow",
                "out of range, results are right or not finite, never silently wrong",
                because="a wrong number that looks right is the worst of all answers",
            ),
        )
    }
)
