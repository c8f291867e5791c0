"""Plain functions as implementations: names say what is claimed."""

from typing import Any

import numpy as np
import pytest
from implementation_cases import answered, case, steps

from normspec.implementations.errors import TargetError
from normspec.implementations.numpy.batch_norm import TWO_PASS
from normspec.implementations.plug_in import from_function, implementation
from normspec.implementations.targets import resolve
from normspec.spec.case import Case
from normspec.spec.formats import Array


def y_of(x: Array, gamma: Array, beta: Array, mean: Array, var: Array, epsilon: float) -> Array:
    return np.asarray(gamma * (x - mean) / np.sqrt(var + epsilon) + beta)


@implementation("batch_norm", running_variance="biased", dtypes=("float64",), ranks=(2,))
def pure(
    x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any, *, epsilon: Any, momentum: Any, training: Any
) -> Any:
    """Normalize without touching what is given."""
    if not training:
        return y_of(x, gamma, beta, running_mean, running_var, epsilon)
    mean, var = x.mean(axis=0), x.var(axis=0)
    moved = ((1 - momentum) * old + momentum * new for old, new in ((running_mean, mean), (running_var, var)))
    return y_of(x, gamma, beta, mean, var, epsilon), *moved


def in_place(
    x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any, epsilon: Any, momentum: Any, training: Any
) -> Any:
    mean, var = x.mean(axis=0), x.var(axis=0)
    if not training:
        return y_of(x, gamma, beta, running_mean, running_var, epsilon)
    running_mean += momentum * (mean - running_mean)
    running_var += momentum * (var * len(x) / (len(x) - 1) - running_var)
    return y_of(x, gamma, beta, mean, var, epsilon)


def frozen_backward(cotangent: Any, x: Any, gamma: Any, running_mean: Any, running_var: Any, epsilon: Any) -> Any:
    scale = 1 / np.sqrt(running_var + epsilon)
    return cotangent * gamma * scale, (cotangent * (x - running_mean) * scale).sum(axis=0)


def test_a_function_that_returns_three_arrays_moves_the_state() -> None:
    asked = case(verbs="TI")
    x = asked.script[0].input
    trained, inferred = answered(pure, asked)
    assert trained["running_var"] == pytest.approx(0.7 * asked.state["running_var"] + 0.3 * x.var(axis=0))
    assert np.array_equal(inferred["running_mean"], trained["running_mean"])


def test_a_function_that_writes_to_the_running_statistics_moves_the_state() -> None:
    asked = case(verbs="TIT")
    found, expected = (answered(each, asked) for each in (from_function(in_place, operation="batch_norm"), TWO_PASS))
    for mine, other in zip(found, expected, strict=True):
        assert all(mine[name] == pytest.approx(other[name]) for name in other)


def test_a_backward_makes_gradients_a_claim() -> None:
    made = from_function(in_place, operation="batch_norm", backward=frozen_backward)
    assert made.claims.gradients == ("dx", "dgamma")
    asked = case(script=steps((5, 3), "float64", "ITB", ("dgamma", "dx")))
    asked = asked.but(script=(*steps((5, 3), "float64", "I0", ("dx", "dgamma")),))
    assert answered(made, asked)[1]["dx"] == pytest.approx(answered(TWO_PASS, asked)[1]["dx"])


def test_what_a_function_does_not_take_is_not_claimed() -> None:
    claims = from_function(lambda x, gamma=None, *, epsilon: x, operation="batch_norm").claims
    assert (claims.parameters, claims.optional, claims.state) == (("gamma",), ("gamma",), ())
    assert claims.verbs == ("train",)
    assert claims.gradients == ()


def test_a_function_without_momentum_only_infers() -> None:
    claims = from_function(lambda x, running_mean, running_var, epsilon: x, operation="batch_norm").claims
    assert claims.verbs == ("infer",)


def test_the_decorator_keeps_conventions_and_claims_apart() -> None:
    assert pure.claims.conventions == {"running_variance": "biased"}
    assert pure.claims.ranks == (2,)
    assert pure.statement == "Normalize without touching what is given."


@pytest.mark.parametrize(
    ("function", "declared", "message"),
    [
        (
            lambda x: x,
            {},
            "it lacks epsilon; where it has one of its own, declare it, as epsilon=1e-5; the names are x",
        ),
        (lambda x, eps, epsilon: x, {}, "nothing is known as eps; the names are x, gamma"),
        (lambda x, epsilon, bias=None: x, {}, "nothing is known as bias; call bias beta; the names are x, gamma"),
        (lambda x, epsilon: x, {"momentun": "weighs_old"}, "convention 'momentun' is not one of this operation's"),
        (lambda x, epsilon: x, {"momentum": "old"}, "momentum='old' is no variant of this convention"),
    ],
)
def test_a_function_that_cannot_be_asked_is_told_so(function: Any, declared: Any, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        from_function(function, operation="batch_norm", **declared)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_operation_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TargetError, match=r"operation='batchnorm' does not exist: choose from batch_norm"):
        implementation("batchnorm")(lambda x, epsilon: x)


def fitted(x: Any, running_count: Any, running_mean: Any, running_var: Any, *, refit: Any, training: Any) -> Any:
    kept = (running_count, running_mean, running_var)
    if training:
        n, m = 0 * running_count if refit else running_count, len(x)
        delta = x.mean(0) - running_mean
        pooled = n * running_var + m * x.var(0) + delta * delta * n * m / (n + m)
        kept = (n + m, running_mean + delta * m / (n + m), pooled / (n + m))
    return (x - kept[1]) / np.sqrt(kept[2]), *kept


def test_a_function_can_be_a_scaler_that_is_fitted_in_parts() -> None:
    made = from_function(fitted, operation="standard_scaler", dtypes=("float64",))
    assert made.claims.verbs == ("train", "infer")
    state = {"running_count": np.full(3, 2.0), "running_mean": np.zeros(3), "running_var": np.ones(3)}
    asked = Case("standard_scaler", "float64", {"refit": False}, steps((5, 3), "float64", "TI"), state=state)
    found, expected = (answered(each, asked) for each in (made, resolve("numpy", "standard_scaler")[0]))
    for mine, other in zip(found, expected, strict=True):
        assert all(mine[name] == pytest.approx(other[name]) for name in other)
