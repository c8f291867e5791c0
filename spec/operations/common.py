"""Requirements that many operations share."""

CONDUCT = (
    "cotangent-linearity",
    "wanted-subsets",
    "backward-again",
    "answers",
    "inputs-untouched",
    "determinism",
    "layout-invariance",
)
"""What any layer must do, whatever it computes."""

CONDUCT_OF_X = tuple(name for name in CONDUCT if name != "wanted-subsets")
"""The same where x is the only input, so that there is one gradient."""

GROUPED = (
    "permutation-equivariance",
    "group-independence",
    "nan-confined",
    "loud-overflow",
)
"""What a layer must do that normalizes groups apart from each other."""

STATELESS = ("output", "dx", "dgamma", "dbeta", *CONDUCT, *GROUPED, "batch-invariance", "refusals")
"""What a layer must do whose samples know nothing of each other, in training and inference alike."""

CENTRED = (
    "zero-mean",
    "second-moment",
    "zero-crossing",
    "shared-statistics",
    "gradient-sum",
    "gradient-projection",
    "shift-invariance",
    "scale-covariance",
)
"""What a layer must do that subtracts the mean."""

UNCENTRED = ("second-moment", "gradient-projection", "scale-covariance")
"""What a layer must do that divides by the root mean square."""

ALIVE = ("saving", "copying", "several-layers")
"""What a layer must do that is kept, saved and copied."""

TRACKED = (*ALIVE, "freezing", "momentum-change", "running-recurrence")
"""The same where it has running statistics."""
