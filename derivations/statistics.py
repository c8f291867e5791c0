"""Statistics of a group: its mean, its two variances, and what they estimate."""

from sympy import Symbol

from normspec.derivations.deriving import derived
from normspec.derivations.expect import covariance_of, expected, variance_of
from normspec.derivations.language import Definition, Vector, define, indices, mean, natural, partial, scalar, total
from normspec.derivations.proof import Chapter, Equation, Witness, chain, claim, entries
from normspec.derivations.quantities import by_mean, epsilon, i, j, m, moments, mu, v, x
from normspec.derivations.readback import Chart, closed
from normspec.derivations.schemes import Independent, WithoutReplacement, WithReplacement, mu_4, theta

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

centre, spread = Symbol("M"), Symbol("V")
population = Chart(
    {}, ((total(X[n], n), N * centre), (total(X[n] ** 2, n), N * (spread + centre**2))), {centre: M, spread: V}
)
in_one_pass = closed(v, by_mean)
second_moment, squared_mean = expected(mean(x[i] ** 2, i), sample), expected(mu**2, sample)

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
            derived(total(x[i] - mu, i), "sum term by term", keep=[mu]),
            derived(partial(total((x[i] - a) ** 2, i), a), "which vanishes at a = μ only", by_mean),
            derived(total((x[i] - a) ** 2, i), "the moment about any centre", moments, by=[Symbol("v")]),
        ),
        claim(
            "centred-sum",
            "Deviations from the mean sum to zero.",
            chain(
                total(x[i] - mu, i),
                (closed(total(x[i] - mu, i), keep=[mu]), "sum term by term"),
                (0, "the definition of μ"),
            ),
        ),
        claim(
            "biased-variance",
            "The mean of the squared deviations is the mean square less the squared mean, in exact arithmetic.",
            chain(
                v,
                (mean((x[i] - mu) ** 2, i), "definition, in two passes"),
                (closed(v.body, keep=[mu]), "expand the square"),
                (in_one_pass, "one pass; in floating point this is where digits cancel"),
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
            derived(variance_of(mu, sample), "covariances of distinct draws vanish", sizes=SMALL),
        ),
        claim(
            "expected-biased-variance",
            "The biased variance is too small by (m − 1)/m on average: the mean was fitted to the same draws.",
            derived(expected(v, sample), "E[xᵢ xⱼ] = θ² for i ≠ j", sizes=SMALL),
        ),
        claim(
            "bessel",
            "Bessel's correction: m/(m − 1) times the biased variance is unbiased.",
            chain(
                expected(m * v / (m - 1), sample),
                (m / (m - 1) * expected(v, sample), "the factor is a constant"),
                (m / (m - 1) * (second_moment - squared_mean), "v in one pass"),
                (m / (m - 1) * (closed(second_moment) - closed(squared_mean)), "E[x²] = s² + θ², E[μ²] = s²/m + θ²"),
                (closed(expected(m * v / (m - 1), sample)), "m/(m − 1) and (m − 1)/m cancel"),
                sizes=SMALL,
            ),
        ),
        claim(
            "variance-of-unbiased",
            "The variance of the unbiased variance, from the fourth central moment.",
            derived(variance_of(unbiased, sample), "members coincide in every way", by=[mu_4], sizes=SMALL[:2]),
        ),
        claim(
            "mean-variance-covariance",
            "Mean and variance are correlated exactly where the distribution is skewed.",
            derived(covariance_of(mu, unbiased, sample), "only triple coincidences remain", sizes=SMALL),
        ),
        claim(
            "bessel-finite-population",
            "Drawn with replacement, the unbiased variance has the population's variance V as its mean; drawn without, "
            "N/(N − 1) V.",
            derived(expected(unbiased, drawn), "with replacement, draws are independent", population, sizes=DRAWS),
            derived(expected(unbiased, chosen), "without replacement", population, sizes=DRAWS),
        ),
        claim(
            "finite-population-mean",
            "Without replacement the mean varies less, by the finite population correction 1 − m/N.",
            derived(expected(mu, chosen), "every element is equally likely", population, sizes=DRAWS),
            derived(
                variance_of(mu, chosen), "distinct draws repel: N/(N − 1) V times 1 − m/N", population, sizes=DRAWS
            ),
        ),
        claim(
            "mean-of-means",
            "The mean of the means of equal batches is the mean of all; of unequal ones, only when weighted by size.",
            derived(mean(mean(x[p, i], i), p), "one common divisor"),
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
            derived(expected(mean(x[i], i), drawn), "gradients as draws", sizes=DRAWS),
            derived(expected(mean(x[i], i), chosen), "without replacement alike", sizes=DRAWS),
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
