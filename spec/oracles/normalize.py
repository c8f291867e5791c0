"""The normalization family with centring: statistics, forward, backward.

Placeholder until printed by normspec.derivations.
"""

from typing import Any


def statistics(S: Any, x: Any, m: int) -> dict[str, Any]:
    """Mean and biased variance of each group."""
    mean = S.total(x) / m
    centred = x - mean
    variance = S.total(centred * centred) / m
    return {"mean": mean, "variance": variance}


def forward(S: Any, x: Any, gamma: Any, beta: Any, epsilon: Any, m: int) -> dict[str, Any]:
    """The layer in training: y, with the statistics of the group itself."""
    mean = S.total(x) / m
    centred = x - mean
    variance = S.total(centred * centred) / m
    rstd = S.rsqrt(variance + epsilon)
    return {"y": gamma * (centred * rstd) + beta, "mean": mean, "variance": variance}


def backward(S: Any, x: Any, dy: Any, gamma: Any, epsilon: Any, m: int) -> dict[str, Any]:
    """The cotangents of x, gamma and beta for the layer in training."""
    mean = S.total(x) / m
    centred = x - mean
    rstd = S.rsqrt(S.total(centred * centred) / m + epsilon)
    xhat = centred * rstd
    g = gamma * dy
    dx = (g - S.total(g) / m - xhat * (S.total(g * xhat) / m)) * rstd
    return {"dx": dx, "dgamma": S.block_total(dy * xhat), "dbeta": S.block_total(dy)}


def inference(S: Any, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, epsilon: Any) -> dict[str, Any]:
    """The layer in inference: y, with given statistics."""
    return {"y": gamma * ((x - mean) * S.rsqrt(variance + epsilon)) + beta}


def inference_backward(S: Any, x: Any, dy: Any, gamma: Any, mean: Any, variance: Any, epsilon: Any) -> dict[str, Any]:
    """The cotangents of x, gamma and beta for the layer in inference."""
    rstd = S.rsqrt(variance + epsilon)
    xhat = (x - mean) * rstd
    return {"dx": gamma * dy * rstd, "dgamma": S.block_total(dy * xhat), "dbeta": S.block_total(dy)}


def blend(old: Any, new: Any, weight: Any) -> dict[str, Any]:
    """One step of a running statistic; weight is that of the new value."""
    return {"running": old + weight * (new - old)}


def unbias(variance: Any, m: int) -> dict[str, Any]:
    """The unbiased variance from the biased one: m / (m - 1)."""
    return {"unbiased": variance * m / (m - 1)}
