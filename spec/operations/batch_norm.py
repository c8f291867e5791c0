"""Batch normalization (Ioffe and Szegedy, 2015): one mean and variance for each channel."""

from normspec.spec.operations.operation import Operation


def _all_but_channel(rank: int) -> tuple[int, ...]:
    return tuple(axis for axis in range(rank) if axis != 1)


BATCH_NORM = Operation(
    name="batch_norm",
    statement="y = gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics over all axes but the channel's",
    oracle="normalize",
    ranks=(2, 3, 4, 5),
    group_axes=_all_but_channel,
    block_axes=_all_but_channel,
    conventions=(
        "momentum",
        "running_variance",
        "single_element",
        "empty_batch",
        "negative_epsilon",
        "statistics_dtype",
    ),
    requirements=(
        "training-output",
        "inference-output",
        "running-mean",
        "running-variance",
        "dx",
        "dgamma",
        "dbeta",
        "inference-gradients",
        "saved-values",
        "zero-mean",
        "second-moment",
        "gradient-sum",
        "gradient-projection",
        "shift-invariance",
        "scale-covariance",
        "permutation-equivariance",
        "group-independence",
        "identity-recovery",
        "rank-equivalence",
        "running-independence",
        "cotangent-linearity",
        "wanted-subsets",
        "backward-again",
        "answers",
        "inputs-untouched",
        "determinism",
        "layout-invariance",
        "inference-keeps-state",
        "single-element",
        "empty-batch",
        "refusals",
        "nan-confined",
        "loud-overflow",
    ),
)
