"""A plain function as an implementation: its parameters' names say what it claims."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, getdoc, signature
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError, signature_of
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.conventions import settle
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

PARAMETERS = ("gamma", "beta")
STATE = ("running_mean", "running_var")
FORWARD = ("x", *PARAMETERS, *STATE, "epsilon", "momentum", "training")
BACKWARD = ("cotangent", "x", *PARAMETERS, *STATE, "epsilon", "training")
CLAIMS = ("dtypes", "ranks", "layouts", "grade", "scripts")

Function = Callable[..., Any]


@dataclass
class FunctionLayer:
    """One layer around a function and, where there is one, its backward."""

    case: Case
    function: Function
    reverse: Function | None

    def __post_init__(self) -> None:
        self.running = {name: values.copy() for name, values in self.case.state.items()}
        self.seen: list[dict[str, Any]] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y. The running statistics are those returned, or those given, where the function changes them."""
        known = {**self.case.parameters, **self.case.attributes, "x": x, "training": training}
        self.seen.append(known | {name: values.copy() for name, values in self.running.items()})
        answer = _call(self.function, known | self.running)
        if not (isinstance(answer, tuple) and len(answer) == 3):
            return answer  # type: ignore[no-any-return]  # whatever it is, the asker judges it
        self.running = {name: new for name, new in zip(STATE, answer[1:], strict=True) if name in self.running}
        return answer[0]  # type: ignore[no-any-return]

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients, out of a mapping or a tuple in the order dx, dgamma, dbeta."""
        if self.reverse is None:
            raise NotImplementedError("no backward is claimed")
        answer = _call(self.reverse, self.seen[step] | {"cotangent": cotangent})
        if not isinstance(answer, Mapping):
            answer = dict(
                zip(gradients_of(self.reverse), answer if isinstance(answer, tuple) else (answer,), strict=False)
            )
        return {name: answer[name] for name in wanted}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return self.running


def implementation(
    operation: str, *, backward: Function | None = None, name: str = "", **declared: Any
) -> Callable[[Function], Implementation]:
    """Return a decorator that makes an implementation of a function of x, gamma, beta, running_mean, running_var,
    epsilon, momentum and training.

    The function returns y, or (y, running_mean, running_var). A parameter that it does not have is a claim not made;
    one whose default is None may be absent. backward takes cotangent and any of the same names but momentum, and
    returns dx, or a tuple (dx, dgamma, dbeta). declared holds conventions, and the claims dtypes, ranks, layouts,
    grade and scripts. Raises TargetError, when the function is decorated, for what cannot be understood.
    """
    return partial(from_function, operation=operation, backward=backward, name=name, **declared)


def from_function(
    function: Function, *, operation: str, backward: Function | None = None, name: str = "", **declared: Any
) -> Implementation:
    """Return the implementation that a function is. Raises TargetError, as `implementation` does."""
    label = name or getattr(function, "__name__", repr(function))
    if operation not in OPERATIONS:
        raise TargetError(f"operation={operation!r} does not exist: choose from {', '.join(OPERATIONS)}")
    _check(function, label, FORWARD, required=("x", "epsilon"))
    if backward is not None:
        _check(backward, f"backward of {label}", BACKWARD, required=("cotangent", "x"))
    conventions = {key: value for key, value in declared.items() if key not in CLAIMS}
    try:
        settle(OPERATIONS[operation].conventions, conventions)
    except ValueError as error:
        raise TargetError(f"{label}: {error}") from None
    extent = {key: value for key, value in declared.items() if key in CLAIMS}
    return Implementation(
        name=label,
        operation=operation,
        create=partial(FunctionLayer, function=function, reverse=backward),
        claims=Claims(**_claims(function, backward), **extent, conventions=conventions),
        statement=(getdoc(function) or f"the function {label}").splitlines()[0],
    )


def names_of(function: Function) -> Mapping[str, Parameter]:
    """Return a function's parameters by name."""
    return signature(function).parameters


def gradients_of(backward: Function) -> tuple[str, ...]:
    """Return the gradients that a backward function returns: that of x, and of each parameter that it takes."""
    return ("dx", *(f"d{name}" for name in PARAMETERS if name in names_of(backward)))


def _call(function: Function, known: Mapping[str, Any]) -> Any:
    """Call the function with those of the known values that it has parameters for."""
    chosen = [p for p in names_of(function).values() if p.name in known]
    given = [known[p.name] for p in chosen if p.kind is Parameter.POSITIONAL_ONLY]
    return function(*given, **{p.name: known[p.name] for p in chosen if p.kind is not Parameter.POSITIONAL_ONLY})


def _check(function: Function, label: str, known: tuple[str, ...], required: tuple[str, ...]) -> None:
    where = f"{label}{signature_of(function)} is no implementation"
    try:
        names = names_of(function)
    except (TypeError, ValueError):
        raise TargetError(
            f"{where}: its signature cannot be read; wrap it in a function with named parameters"
        ) from None
    missing = [name for name in required if name not in names]
    if missing:
        raise TargetError(f"{where}: it lacks {' and '.join(missing)}; the names are {', '.join(known)}")
    variadic = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    unknown = [p.name for p in names.values() if p.name not in known and p.default is Parameter.empty]
    unknown = [name for name in unknown if names[name].kind not in variadic]
    if unknown:
        raise TargetError(f"{where}: nothing is known as {' or '.join(unknown)}; the names are {', '.join(known)}")


def _claims(function: Function, backward: Function | None) -> dict[str, Any]:
    names = names_of(function)
    tracked = all(name in names for name in STATE)
    absent = {name for name, parameter in names.items() if parameter.default is None}
    parameters = tuple(name for name in PARAMETERS if name in names)
    return {
        "verbs": _verbs(names, tracked) + (("backward",) if backward else ()),
        "gradients": gradients_of(backward) if backward else (),
        "parameters": parameters,
        "state": STATE if tracked else (),
        "optional": tuple(n for n in parameters if n in absent) + (("state",) if absent >= set(STATE) else ()),
        "momentum_none": "momentum" in absent,
    }


def _verbs(names: Mapping[str, Parameter], tracked: bool) -> tuple[str, ...]:
    """Return what a function can do: without running statistics not infer, without momentum not move them."""
    if not tracked:
        return ("train",)
    return ("train", "infer") if {"training", "momentum"} <= set(names) else ("infer",)
