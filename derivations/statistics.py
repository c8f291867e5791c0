"""Statistics of a group: its mean, its two variances, and what they estimate."""

from normspec.derivations.expect import covariance_of, expected, variance_of
from normspec.derivations.language import Definition, Vector, define, indices, mean, natural, partial, scalar, total
from normspec.derivations.proof import Chapter, Equation, Witness, chain, claim, entries
from normspec.derivations.quantities import epsilon, i, j, m, mu, v, x
from normspec.derivations.schemes import Independent, WithoutReplacement, WithReplacement, mu_3, mu_4, s, theta

a = scalar("a")
sample = Independent(x.head, m)
unbiased = define("u", m * v / (m - 1))

N = natural("N")
n = indices("n", N)
X = Vector("X")
M = define("M", mean(X[n], n))
V = define("V", mean((X[n] - M) ** 2, n))
drawn, chosen = WithReplacement(x.head, m, X.head, N), WithoutReplacement(x.head, m, X.head, N)

K = natural("K")
p = indices("p", K)
count = Vector("n", positive=True, integer=True)
r = indices("r", count[p])
part = Definition("mu", mean(x[p, r], r), p)
size = define("n", total(count[p], p))
whole = define("mu", total(x[p, r], p, r) / size)

SMALL = ({"m": 2}, {"m": 3}, {"m": 4})
DRAWS = ({"m": 2, "N": 3}, {"m": 2, "N": 4}, {"m": 3, "N": 4})
SHARDS = ({"K": 1}, {"K": 2}, {"K": 3})

CHAPTER = Chapter(
    "statistics",
    "Statistics of a group",
    (
        claim(
            "mean",
            "The mean is the one centre about which the deviations cancel, and the squares are least.",
            Equation(total(x[i] - mu, i), total(x[i], i) - m * mu, "sum term by term"),
            Equation(partial(total((x[i] - a) ** 2, i), a), 2 * m * (a - mu), "which vanishes at a = μ only"),
            Equation(total((x[i] - a) ** 2, i), m * v + m * (mu - a) ** 2, "the moment about any centre"),
        ),
        claim(
            "centred-sum",
            "Deviations from the mean sum to zero.",
            chain(
                total(x[i] - mu, i),
                (total(x[i], i) - m * mu, "sum term by term"),
                (0, "the definition of μ"),
            ),
        ),
        claim(
            "biased-variance",
            "The mean of the squared deviations is the mean square less the squared mean, in exact arithmetic.",
            chain(
                v,
                (mean((x[i] - mu) ** 2, i), "definition, in two passes"),
                (mean(x[i] ** 2, i) - 2 * mu * mean(x[i], i) + mu**2, "expand the square"),
                (mean(x[i] ** 2, i) - mu**2, "one pass; in floating point this is where digits cancel"),
            ),
        ),
        claim(
            "pairwise-variance",
            "The variance is half the mean squared difference of two elements: it needs no mean.",
            Equation(total((x[i] - x[j]) ** 2, i, j) / (2 * m**2), v, "expand, and sum over both"),
        ),
        claim(
            "total-variance",
            "Law of total variance: the spread within the parts, and that of their means, for parts of any size.",
            Equation(
                total((x[p, r] - whole) ** 2, p, r),
                total((x[p, r] - part[p]) ** 2, p, r) + total(count[p] * (part[p] - whole) ** 2, p),
                "the cross terms cancel in each part",
                sizes=SHARDS,
            ),
        ),
        claim(
            "variance-of-mean",
            "The mean of m independent draws is unbiased, and its variance is smaller by m.",
            Equation(expected(mu, sample), theta, "linearity", sizes=SMALL),
            Equation(variance_of(mu, sample), s**2 / m, "covariances of distinct draws vanish", sizes=SMALL),
        ),
        claim(
            "expected-biased-variance",
            "The biased variance is too small by (m − 1)/m on average: the mean was fitted to the same draws.",
            Equation(expected(v, sample), (m - 1) * s**2 / m, "E[xᵢ xⱼ] = θ² for i ≠ j", sizes=SMALL),
        ),
        claim(
            "bessel",
            "Bessel's correction: m/(m − 1) times the biased variance is unbiased.",
            chain(
                expected(m * v / (m - 1), sample),
                (m / (m - 1) * expected(v, sample), "the factor is a constant"),
                (m / (m - 1) * (expected(mean(x[i] ** 2, i), sample) - expected(mu**2, sample)), "v in one pass"),
                (m / (m - 1) * (s**2 - s**2 / m), "E[x²] = s² + θ² and E[μ²] = s²/m + θ²"),
                (s**2, "m/(m − 1) and (m − 1)/m cancel"),
                sizes=SMALL,
            ),
        ),
        claim(
            "variance-of-unbiased",
            "The variance of the unbiased variance, from the fourth central moment.",
            Equation(
                variance_of(unbiased, sample),
                (mu_4 - (m - 3) / (m - 1) * s**4) / m,
                "members coincide in every possible way",
                sizes=SMALL[:2],
            ),
        ),
        claim(
            "mean-variance-covariance",
            "Mean and variance are correlated exactly where the distribution is skewed.",
            Equation(covariance_of(mu, unbiased, sample), mu_3 / m, "only triple coincidences remain", sizes=SMALL),
        ),
        claim(
            "bessel-finite-population",
            "Drawn with replacement, the unbiased variance has the population's variance V as its mean; drawn without, "
            "N/(N − 1) V.",
            Equation(expected(unbiased, drawn), V, "with replacement, draws are independent", sizes=DRAWS),
            Equation(expected(unbiased, chosen), N * V / (N - 1), "without replacement", sizes=DRAWS),
        ),
        claim(
            "finite-population-mean",
            "Without replacement the mean varies less, by the finite population correction 1 − m/N.",
            Equation(expected(mu, chosen), M, "every element is equally likely", sizes=DRAWS),
            Equation(variance_of(mu, chosen), (1 - m / N) * (N * V / (N - 1)) / m, "distinct draws repel", sizes=DRAWS),
        ),
        claim(
            "mean-of-means",
            "The mean of the means of equal batches is the mean of all; of unequal ones, only when weighted by size.",
            Equation(mean(mean(x[p, i], i), p), total(x[p, i], p, i) / (K * m), "one common divisor"),
            Equation(total(count[p] * part[p], p) / size, whole, "weights undo the divisors", sizes=SHARDS),
            Witness(
                mean(part[p], p),
                whole,
                "unweighted means of unequal batches",
                {"K": 2},
                {("n", 1): 1, ("n", 2): 2, ("x", 1, 1): 3, ("x", 2, 1): 0, ("x", 2, 2): 0},
            ),
        ),
        claim(
            "batch-gradient",
            "A mini-batch gradient is unbiased while each example's gradient is its own; batch statistics end that.",
            Equation(expected(mean(x[i], i), drawn), mean(X[n], n), "gradients as draws", sizes=DRAWS),
            Equation(expected(mean(x[i], i), chosen), mean(X[n], n), "without replacement alike", sizes=DRAWS),
            Witness(
                expected(v / (v + epsilon), chosen),
                V / (V + epsilon),
                "the derivative of mean (γ x̂)²/2 with respect to γ, at γ = 1",
                {"m": 2, "N": 3},
                {**entries("X", 0, 0, 6), "epsilon": 1},
            ),
        ),
    ),
)
