"""What each output of a generated function is by definition, and what its arguments stand for in the mathematics."""

from normspec.derivations import family, quantities
from normspec.derivations.language import partial, scalar, total

q = quantities
i, j, m, x, g = q.i, q.j, q.m, q.x, q.g
G, d = scalar("gamma"), family.d

CONSTANT_GAMMA = {
    "backward_projected",
    "backward_gathered",
    "backward_apart",
    "inference_backward_apart",
}
"""Functions that take gamma to be constant in the group."""

BASE = {"x": x[j], "dy": g[j], "gamma": q.gamma[j], "beta": q.beta[j], "epsilon": q.epsilon, "m": m, "d": d}
OLD, NEW, WEIGHT = scalar("old"), scalar("new"), scalar("weight")
SMALL = {"old": OLD, "new": NEW, "weight": WEIGHT, "kept": 1 - WEIGHT}


def layer(of, **extra):
    """The outputs of a layer whose normalized elements are given: y, and the gradients of sum g y."""
    loss = total(g[i] * (q.gamma[i] * of.xhat[i] + q.beta[i]), i)
    return {
        "y": q.gamma[j] * of.xhat[j] + q.beta[j],
        "dx": partial(loss, x[j]),
        "dgamma": total(g[i] * of.xhat[i], i),
        "dbeta": total(g[i], i),
        **extra,
    }


def normalize(name):
    if name.startswith("inference"):
        return layer(q.Standardized(q.mu_r, q.v_r, q.sigma_r, q.xhat_r))
    small = {"running": (1 - WEIGHT) * OLD + WEIGHT * NEW, "unbiased": q.v_r * m / (m - 1)}
    return layer(family.centred, mean=q.mu, variance=family.centred.v, **small)


def rescale(_name):
    return layer(family.uncentred, mean_square=family.uncentred.v)


DEFINITIONS = {"normalize": normalize, "rescale": rescale}
GIVEN = {
    "normalize": lambda _name: {**BASE, **SMALL, "mean": q.mu_r, "variance": q.v_r},
    "rescale": lambda _name: BASE,
}
SMALLEST = {"unbias": 2}
"""The least size of the group for which a function means something, where it is not 1."""
