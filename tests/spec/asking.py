"""Ask the specification about rows: (groups, members) as batch norm's channels."""

from typing import Any

from normspec.spec.case import Case, Step
from normspec.spec.contracts import Contract
from normspec.spec.conventions import settle
from normspec.spec.formats import FORMATS
from normspec.spec.forms import forms_of
from normspec.spec.operations import OPERATIONS
from normspec.spec.question import Question
from normspec.spec.tolerance import Bounded, bounded

BATCH_NORM = OPERATIONS["batch_norm"]
CONVENTIONS = settle(BATCH_NORM.conventions, {})
BIASED = settle(BATCH_NORM.conventions, {"running_variance": "biased"})

Rows = Any


def layer(x: Rows, dy: Rows = None, *, dtype: str = "float32", **more: Any) -> Case:
    """Return a case that trains on rows, and goes back where there is a cotangent. more: gamma, beta, attributes."""
    steps = [Step("train", x.T)] + ([] if dy is None else [Step("backward", cotangent=dy.T, of=0)])
    parameters = {name: more.pop(name)[:, 0] for name in ("gamma", "beta") if name in more}
    state = more.pop("state", {})
    return Case("batch_norm", dtype, {"epsilon": 1e-5, "momentum": 0.1} | more, tuple(steps), parameters, state)


def bounds(case: Case, index: int, contract: Contract) -> dict[str, Bounded]:
    """Return the rows that a step must give under a contract."""
    question = Question(BATCH_NORM, case, index, case.state, BIASED, contract)
    return bounded(forms_of(question), question.arrays, contract, question.rows.regroup)


def one_format(dtype: str, height: Any, **more: Any) -> Contract:
    """Return the contract of an implementation that does everything in one format."""
    working = FORMATS[dtype]
    return Contract("one format", working, working, working, working, height, **more)
