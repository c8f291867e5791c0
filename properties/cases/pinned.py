"""Cases that are tried whatever the seed: the corners where layers are known to go wrong.

They make verdicts on the common defects independent of luck. Each is as small as its defect allows.
"""

from collections.abc import Iterator

import numpy as np

from normspec.spec.case import GRADIENTS, Case, Step
from normspec.spec.claims import Claims
from normspec.spec.formats import FORMATS, Array

IN_MEMORY = ("contiguous", "channels_last")  # the orders in which real layers are fed
LONG = 4097  # long enough that a sum of equal terms, one after the other, drifts far out of a tree's bound


def small(claims: Claims, dtype: str) -> list[Case]:
    """Return overflowing squares, stale and fresh backwards, an image in both orders of memory, data near epsilon."""
    largest = np.sqrt(FORMATS[dtype].largest)
    plain = _array([[1, -2], [3, 0.5], [-0.5, 4]], dtype)
    huge = _array(np.array([[1, -2], [3, 0.5], [-0.5, 4]]) * largest, dtype)
    tiny = _array(np.array([[1, -2], [3, 0.5], [-0.5, 4]]) * 2.0**-7, dtype)
    image = _array(np.cumsum(np.arange(24) % 5).reshape(2, 2, 2, 3) / 4, dtype)
    forwards = (Step("infer", plain), Step("train", plain * plain.dtype.type(3)))
    return [
        case
        for case in (
            _case(claims, dtype, (Step("train", huge),), 1e-5),
            _case(claims, dtype, (*forwards, _backward(plain, 0)), 1e-3),
            _case(claims, dtype, (*forwards, _backward(plain, 1)), 1e-3),
            _case(claims, dtype, (Step("infer", plain), _backward(plain[::-1], 0)), 1e-3),
            *(
                _case(claims, dtype, (Step("train", image), _backward(image[::-1], 0)), 1e-3, name)
                for name in IN_MEMORY
            ),
            _case(claims, dtype, (Step("train", tiny), _backward(plain, 0)), 2.0**-14),
        )
        if case is not None
    ]


def large(claims: Claims, dtype: str) -> list[Case]:
    """Return long groups in both orders of memory: sums of equal terms, and of cotangents of one sign."""
    found = []
    for shape in ((LONG, 2), (LONG, 2, 1, 1), (1, 2, 1, LONG)):
        for layout in IN_MEMORY if len(shape) > 2 else IN_MEMORY[:1]:
            equal = _case(claims, dtype, (Step("train", _tiled([0.1], shape, dtype)),), 1.0, layout)
            varied = _tiled([0.1, 0.3, -0.2], shape, dtype)
            sums = _case(claims, dtype, (Step("train", varied), _backward(_tiled([0.3], shape, dtype), 0)), 1.0, layout)
            found += [case for case in (equal, sums) if case is not None]
    return found


def degenerate(claims: Claims, dtype: str) -> list[Case]:
    """Return a group of one element, and an empty batch followed by another one."""
    x = _array([[1, -2], [3, 0.5], [-0.5, 4]], dtype)
    scripts = ((Step("train", x[:1]),), (Step("train", x[:0]), *((Step("train", x),) if claims.scripts else ())))
    return [case for script in scripts if (case := _case(claims, dtype, script, 1e-3)) is not None]


def invalid(claims: Claims, dtype: str) -> list[Case]:
    """Return a negative epsilon, and each parameter one element too long."""
    valid = _case(claims, dtype, (Step("train", _array([[1, -2], [3, 0.5], [-0.5, 4]], dtype)),), 1e-3)
    return list(_spoilt(valid)) if valid is not None else []


def _spoilt(case: Case) -> Iterator[Case]:
    yield case.but(attributes={**case.attributes, "epsilon": -1e-3}, regime="epsilon < 0")
    for name, values in case.parameters.items():
        longer = {**case.parameters, name: np.concatenate([values, values[:1]])}
        yield case.but(parameters=longer, regime=f"{name} of the wrong length")


def _case(claims: Claims, dtype: str, script: tuple[Step, ...], epsilon: float, layout: str = "") -> Case | None:
    """Return a case with everything that is claimed given, or None where the script is beyond the claims."""
    if layout and layout not in claims.layouts:
        return None
    ranks = {step.input.ndim for step in script if step.verb != "backward"}
    verbs = {step.verb for step in script}
    several = sum(step.verb != "backward" for step in script) > 1
    untracked = "infer" in verbs and not claims.state
    if not (ranks <= set(claims.ranks) and verbs <= set(claims.verbs)) or (several and not claims.scripts) or untracked:
        return None
    gradients = tuple(name for name in claims.gradients if name == "dx" or name[1:] in claims.parameters)
    wanted = tuple(step if step.verb != "backward" else _wanting(step, gradients) for step in script)
    given = {"gamma": _array([1.5, -0.5], dtype), "beta": _array([0.25, 2], dtype)}
    state = {"running_mean": _array([0.5, -1], dtype), "running_var": _array([2, 0.25], dtype)}
    return Case(
        operation="batch_norm",
        dtype=dtype,
        attributes={"epsilon": epsilon, "momentum": None if claims.momentum_none else 0.25},
        script=wanted,
        parameters={name: given[name] for name in claims.parameters},
        state={name: state[name] for name in claims.state},
        layout=layout or claims.layouts[0],
        regime="pinned",
    )


def _wanting(step: Step, gradients: tuple[str, ...]) -> Step:
    return Step("backward", None, step.cotangent, step.of, gradients)


def _backward(cotangent: Array, of: int) -> Step:
    return Step("backward", None, cotangent, of, GRADIENTS)


def _array(values: object, dtype: str) -> Array:
    return np.array(values, dtype=np.float64).astype(FORMATS[dtype].dtype)


def _tiled(pattern: list[float], shape: tuple[int, ...], dtype: str) -> Array:
    return np.resize(_array(pattern, dtype), shape)
