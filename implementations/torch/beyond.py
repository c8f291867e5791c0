"""What any torch module can do beyond train, infer and backward, and what a trial of this one shows."""

from dataclasses import replace

import numpy as np

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.spec.case import SECOND, Case, Step
from normspec.spec.claims import beyond
from normspec.spec.formats import FORMATS, Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import Returned
from normspec.spec.partition import Shape

OF_TRACKED = ("freeze", "momentum")
"""What there is to do to running statistics."""


def going_beyond(found: Implementation, shape: Shape, *, momentum: bool) -> Implementation:
    """Return a module's implementation with the verbs claimed that it has, where x may have this shape.

    By its state_dict, deepcopy and evaluation mode every module can be saved, copied and frozen; momentum says whether
    it shows one that can be changed. That autograd goes through it twice, and forward, is claimed where a trial does.
    """
    operation, claims = OPERATIONS[found.operation], found.claims
    lacking = (*(() if claims.state else OF_TRACKED), *(() if momentum else ("momentum",)))
    known = beyond(operation, without=lacking)
    case = _case(found, shape)
    shown = tuple(verb for verb in known if verb not in TRIALS or _goes(found, verb, case))
    return replace(found, claims=replace(claims, verbs=(*claims.verbs, *shown)))


def _goes(found: Implementation, verb: str, case: Case) -> bool:
    """Return whether the module answers a case that asks for the verb, rightly or not."""
    return isinstance(ask(found, case.but(script=(*case.script, TRIALS[verb](case)))), Returned)


def _twice(case: Case) -> Step:
    x = case.first
    wanted = tuple(name for name in SECOND if name != "ddgamma" or "gamma" in case.parameters)
    return Step("backward", None, x, 0, wanted, direction=np.flip(x))


def _along(case: Case) -> Step:
    return Step("jvp", of=0, wanted=("ty",), tangents={"x": np.flip(case.first)})


TRIALS = {"double_backward": _twice, "jvp": _along}


def _case(found: Implementation, shape: Shape) -> Case:
    """Return a training with everything that is claimed given."""
    operation, claims = OPERATIONS[found.operation], found.claims
    dtype = FORMATS[claims.dtypes[0]].dtype
    free = {"epsilon": 1e-3, **({"momentum": 0.1} if operation.averages else {}), **operation.choices(shape)[0]}
    attributes = {name: value for name, value in free.items() if name in operation.open_attributes} | dict(claims.fixed)

    def ones(name: str) -> Array:
        return np.ones(operation.shape_of(name, shape, attributes), dtype)

    return Case(
        operation=operation.name,
        dtype=claims.dtypes[0],
        attributes=attributes,
        script=(Step("train", (np.indices(shape).sum(axis=0) % 5).astype(dtype)),),
        parameters={name: ones(name) for name in claims.parameters},
        state={name: ones(name) for name in claims.state},
    )
