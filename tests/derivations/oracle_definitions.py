"""What each output of a generated function is by definition, and what its arguments stand for in the mathematics."""

from fractions import Fraction

from sympy import Integer, sqrt

from normspec.derivations import family, quantities, renormalize
from normspec.derivations.concrete import evaluate
from normspec.derivations.language import Definition, Delta, Index, Vector, indices, natural, partial, scalar, total

q = quantities
i, j, m, x, g = q.i, q.j, q.m, q.x, q.g
d = family.d

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
    if name.startswith("pool"):
        return POOLED
    if name.startswith("inference"):
        return layer(q.Standardized(q.mu_r, q.v_r, q.sigma_r, q.xhat_r))
    small = {"running": (1 - WEIGHT) * OLD + WEIGHT * NEW, "unbiased": q.v_r * m / (m - 1)}
    return layer(family.centred, mean=q.mu, variance=family.centred.v, **small)


def rescale(_name):
    return layer(family.uncentred, mean_square=family.uncentred.v)


def outside(above, square):
    """What the functions with epsilon beside a root of a square return, by their names."""
    of = q.Standardized(q.mu, square, None, Definition("z", above(i) / (sqrt(square) + q.epsilon), i))
    given = Definition("z", (x[i] - q.mu_r) / (sqrt(q.v_r) + q.epsilon), i)
    flat = q.Standardized(q.mu, square, None, Definition("z", above(i) / q.epsilon, i))

    def named(name):
        if name.endswith("still"):
            return layer(flat)
        if name.startswith("inference"):
            return layer(q.Standardized(q.mu_r, q.v_r, None, given))
        return layer(of, mean=q.mu, variance=square, mean_square=square)

    return named


def second(of):
    """What differentiating sum u dx once more gives."""
    loss = total(g[i] * (q.gamma[i] * of.xhat[i] + q.beta[i]), i)
    S = total(u[k] * partial(loss, x[k]), k)
    return {"dx": partial(S, x[j]), "ddy": partial(S, g[j]), "dgamma": total(partial(S, q.gamma[j]), j)}


def moved(of):
    """How y changes where x, gamma and beta move along u, u_gamma and u_beta."""
    y = q.gamma[j] * of.xhat[j] + q.beta[j]
    own = partial(y, q.gamma[j]) * u_gamma[j] + partial(y, q.beta[j]) * u_beta[j]
    return {"ty": total(partial(y, x[k]) * u[k], k) + own}


def member(of, other):
    """The definitions of a member of the family by the function's name; others are what is given."""

    def named(name):
        if "tangent" in name:
            return moved(q.Standardized(q.mu_r, q.v_r, q.sigma_r, q.xhat_r) if "inference" in name else of)
        return second(of) if name.startswith("double") else other(name)

    return named


u_gamma, u_beta = Vector("u_gamma"), Vector("u_beta")
TANGENTS = {"u_gamma": u_gamma[j], "u_beta": u_beta[j]}
k, u = q.k, Vector("u")
slopes = Vector("s")
length = total(slopes[i] * x[i], i)
PLAIN = {"y": x[j] / length, "dx": partial(total(g[i] * x[i] / length, i), x[j])}
SLOPES = {
    "x": x[j],
    "dy": g[j],
    "magnitude": slopes[j] * x[j],
    "sign": slopes[j],
    "signed": slopes[j],
    "largest": length,
}

w, dy = Vector("w"), scalar("dy")


def cosine(name):
    """The cosine with its norms, or epsilon for them."""
    norms = [
        q.epsilon if f"{side}_clamped" in name or "both" in name else sqrt(total(vector[i] ** 2, i))
        for side, vector in (("x", x), ("w", w))
    ]
    cos = total(x[i] * w[i], i) / (norms[0] * norms[1])
    return {"y": cos, "dx": dy * partial(cos, x[j]), "dw": dy * partial(cos, w[j])}


n = natural("n")
e, f = indices("e f", n)
style = Vector("style")
style_mean = total(style[e], e) / n
style_variance = total((style[e] - style_mean) ** 2, e) / n
whole_mean = (total(style[e], e) + total(x[i], i)) / (n + m)
POOLED = {
    "count": n + m,
    "mean": whole_mean,
    "variance": (total((style[e] - whole_mean) ** 2, e) + total((x[i] - whole_mean) ** 2, i)) / (n + m),
}
PARTS = {"count": n, "old_mean": style_mean, "old_variance": style_variance, "mean": q.mu, "variance": q.v}
GIVEN_TO = {"pool": PARTS, "pool_weighted": PARTS}
"""What single functions are given, where it is something else than what their file is."""

styled = sqrt(total((style[e] - style_mean) ** 2, e) / n + q.epsilon)
adain_loss = total(g[i] * (styled * q.xhat[i] + style_mean), i)
ADAIN = {
    "y": styled * q.xhat[j] + style_mean,
    "dx": partial(adain_loss, x[j]),
    "dstyle": partial(adain_loss, style[f]),
}

low, high = x[1], x[2]
ranged = total(g[i] * (q.gamma[i] * (x[i] - low) / (high - low) + q.beta[i]), i)
MIN_MAX = {
    "y": q.gamma[j] * (x[j] - low) / (high - low) + q.beta[j],
    "dx": partial(ranged, x[j]),
    "dgamma": total(g[i] * (x[i] - low) / (high - low), i),
    "dbeta": total(g[i], i),
}
ENDS = {"low": low, "high": high, "at_low": Delta(j, Integer(1)), "at_high": Delta(j, Integer(2))}

r, shift = scalar("r"), scalar("d")
corrected = total(g[i] * (q.gamma[i] * (r * q.xhat[i] + shift) + q.beta[i]), i)
RENORMALIZE = {
    "y": q.gamma[j] * (r * q.xhat[j] + shift) + q.beta[j],
    "mean": q.mu,
    "variance": q.v,
    "dx": partial(corrected, x[j]),
    "dgamma": total(g[i] * (r * q.xhat[i] + shift), i),
    "dbeta": total(g[i], i),
}

W, b = Vector("W"), scalar("b")
G_, B_ = scalar("G"), scalar("B")
at = Index("p", natural("F"))
z = Vector("z")
other = indices("o", natural("F"))
folded = G_ * (total(W[other] * z[other], other) + b - q.mu_r) / q.sigma_r + B_
FOLDING = {"weight": partial(folded, z[at]), "bias": G_ * (b - q.mu_r) / q.sigma_r + B_}
CHANNEL = {"weight": W[at], "bias": b, "gamma": G_, "beta": B_, "mean": q.mu_r, "variance": q.v_r, "epsilon": q.epsilon}


def with_signs(world, name, size):
    """The signs of the elements."""
    for at in range(1, size + 1):
        value = world.draw(("x", at), x.head) or world.values.update({("x", at): Fraction(7)}) or Fraction(7)
        world.values["s", at] = Fraction(1 if value > 0 else -1)


def with_one_sign(world, name, size):
    """The sign of the greatest magnitude, where it stands."""
    with_signs(world, name, size)
    top = max(range(1, size + 1), key=lambda at: abs(world.values["x", at]))
    for at in range(1, size + 1):
        world.values["s", at] *= at == top


def with_corrections(world, name, size):
    """What is not clipped is what the statistics say, and a constant."""
    world.values |= {"r": Fraction(4, 3), "d": Fraction(-2, 5)}
    if not name.endswith(("_r_clipped", "both_clipped")):
        world.values["r"] = evaluate(renormalize.ratio, world)
    if not name.endswith(("shift_clipped", "both_clipped")):
        world.values["d"] = evaluate(renormalize.distance, world)


def apart(world, name, size):
    """The two ends of the range are not the same number."""
    world.values["x", 1], world.values["x", 2] = Fraction(-3), Fraction(5, 2)


PREPARED = {"lp_one": with_signs, "lp_max": with_one_sign, "renormalize": with_corrections, "min_max": apart}
DEFINITIONS = {
    "normalize": member(family.centred, normalize),
    "rescale": member(family.uncentred, rescale),
    "outside": outside(lambda at: x[at] - q.mu, total((x[i] - q.mu) ** 2, i) / d),
    "outside_rescale": outside(lambda at: x[at], total(x[i] ** 2, i) / d),
    "lp_one": lambda _: PLAIN,
    "lp_max": lambda _: PLAIN,
    "clamped": lambda _: {"y": x[j] / q.epsilon, "dx": partial(total(g[i] * x[i] / q.epsilon, i), x[j])},
    "cosine": cosine,
    "adain": lambda _: ADAIN,
    "min_max": lambda _: MIN_MAX,
    "renormalize": lambda _: RENORMALIZE,
    "folding": lambda _: FOLDING,
}
GIVEN = {
    "normalize": {**BASE, **SMALL, "mean": q.mu_r, "variance": q.v_r, "u": u[j], **TANGENTS},
    "rescale": {**BASE, "u": u[j], **TANGENTS},
    "outside": {**BASE, "mean": q.mu_r, "variance": q.v_r},
    "outside_rescale": BASE,
    "lp_one": SLOPES,
    "lp_max": SLOPES,
    "clamped": BASE,
    "cosine": {"x": x[j], "w": w[j], "dy": dy, "epsilon": q.epsilon},
    "adain": {**BASE, "style": style[f], "n": n},
    "min_max": {**BASE, **ENDS},
    "renormalize": {**BASE, "mean": q.mu_r, "variance": q.v_r, "r": r, "shift": shift},
    "folding": CHANNEL,
}
SMALLEST = {"unbias": 2, "min_max": 2, "outside": 2}
"""The least size of the group for which a function or file means something, where it is not 1."""
