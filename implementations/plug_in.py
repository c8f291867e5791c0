"""A plain function as an implementation: its parameters' names say what it claims."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, getdoc, signature
from types import MappingProxyType
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.errors import TargetError, label_of, signature_of
from normspec.spec.case import Case
from normspec.spec.claims import Claims
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS, Operation

CLAIMS = ("dtypes", "ranks", "layouts", "grade", "scripts")
FIRST = {"axes": 1, "axis": 0}
"""What a function without such a parameter does: it normalizes the last axis, or keeps the first."""

CALLED: Mapping[str, str] = MappingProxyType(
    {
        "input": "x",
        "inputs": "x",
        "weight": "gamma",
        "scale": "gamma",
        "bias": "beta",
        "shift": "beta",
        "eps": "epsilon",
        "moving_mean": "running_mean",
        "moving_var": "running_var",
        "moving_variance": "running_var",
        "running_variance": "running_var",
        "num_groups": "groups",
        "dy": "cotangent",
        "grad_output": "cotangent",
    }
)
"""What others call the specification's parameters: told, not guessed."""

Function = Callable[..., Any]


@dataclass
class FunctionLayer:
    """One layer around a function and, where there is one, its backward."""

    case: Case
    function: Function
    reverse: Function | None

    def __post_init__(self) -> None:
        self.operation = OPERATIONS[self.case.operation]
        self.running = {name: values.copy() for name, values in self.case.state.items()}
        self.seen: list[dict[str, Any]] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y. The running statistics are those returned, or those given, where the function changes them."""
        known = {**self.case.parameters, **self.case.attributes, "x": x, "training": training}
        self.seen.append(known | {name: values.copy() for name, values in self.running.items()})
        answer = _call(self.function, known | self.running)
        state = self.operation.state
        if not (state and isinstance(answer, tuple) and len(answer) == 1 + len(state)):
            return answer  # type: ignore[no-any-return]  # whatever it is, the asker judges it
        self.running = {name: new for name, new in zip(state, answer[1:], strict=True) if name in self.running}
        return answer[0]  # type: ignore[no-any-return]

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients, out of a mapping or a tuple in the order of the operation's parameters."""
        if self.reverse is None:
            raise NotImplementedError("no backward is claimed")
        answer = _call(self.reverse, self.seen[step] | {"cotangent": cotangent})
        if not isinstance(answer, Mapping):
            names = gradients_of(self.reverse, self.operation)
            answer = dict(zip(names, answer if isinstance(answer, tuple) else (answer,), strict=False))
        return {name: answer[name] for name in wanted}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return self.running


def forward_names(operation: Operation) -> tuple[str, ...]:
    """Return the names by which a function's parameters are known: x, gamma, beta, epsilon and so on."""
    return ("x", *operation.parameters, *operation.state, *operation.open_attributes, "training")


def backward_names(operation: Operation) -> tuple[str, ...]:
    """Return the names by which a backward function's parameters are known."""
    return ("cotangent", *(name for name in forward_names(operation) if name != "momentum"))


def implementation(
    operation: str, *, backward: Function | None = None, name: str = "", **declared: Any
) -> Callable[[Function], Implementation]:
    """Return a decorator that makes an implementation of a function of x, the operation's parameters and attributes.

    For batch norm these are x, gamma, beta, running_mean, running_var, epsilon, momentum and training. The function
    returns y, or (y, running_mean, running_var). A parameter that it does not have is a claim not made; one whose
    default is None may be absent. backward takes cotangent and any of the same names but momentum, and returns dx, or a
    tuple (dx, dgamma, dbeta). declared holds conventions, the claims dtypes, ranks, layouts, grade and scripts, and
    attributes that the function fixes, such as epsilon=1e-6. Raises TargetError, when the function is decorated, for
    what cannot be understood.
    """
    return partial(from_function, operation=operation, backward=backward, name=name, **declared)


def from_function(
    function: Function, *, operation: str, backward: Function | None = None, name: str = "", **declared: Any
) -> Implementation:
    """Return the implementation that a function is. Raises TargetError, as `implementation` does."""
    label = name or label_of(function)
    if operation not in OPERATIONS:
        raise TargetError(f"operation={operation!r} does not exist: choose from {', '.join(OPERATIONS)}")
    spec = OPERATIONS[operation]
    fixed = {key: value for key, value in declared.items() if key in {*spec.open_attributes} - {*spec.conventions}}
    check_signature(function, label, forward_names(spec), required=("x", *_needed(spec, fixed)))
    if backward is not None:
        check_signature(backward, f"backward of {label}", backward_names(spec), required=("cotangent", "x"))
    conventions = {key: value for key, value in declared.items() if key not in (*CLAIMS, *fixed)}
    try:
        spec.settled(conventions)
    except ValueError as error:
        raise TargetError(f"{label}: {error}") from None
    extent = {"ranks": spec.ranks, **{key: value for key, value in declared.items() if key in CLAIMS}}
    return Implementation(
        name=label,
        operation=operation,
        create=partial(FunctionLayer, function=function, reverse=backward),
        claims=Claims(**_claims(function, backward, spec), **extent, fixed=_fixed(function, spec) | fixed,
                      conventions=conventions),
        statement=(getdoc(function) or f"the function {label}").splitlines()[0],
    )  # fmt: skip


def _needed(operation: Operation, fixed: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the attributes without which nobody knows what a function computes."""
    return tuple(name for name in operation.open_attributes if name not in (*fixed, *FIRST, "momentum"))


def _fixed(function: Function, operation: Operation) -> dict[str, Any]:
    names = names_of(function)
    return {name: FIRST[name] for name in operation.open_attributes if name in FIRST and name not in names}


def names_of(function: Function) -> Mapping[str, Parameter]:
    """Return a function's parameters by name."""
    return signature(function).parameters


def needs_nothing(function: Function) -> bool:
    """Return whether a function, or class, can be called without an argument."""
    try:
        parameters = names_of(function).values()
    except (TypeError, ValueError):
        return False
    variadic = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    return all(each.default is not Parameter.empty or each.kind in variadic for each in parameters)


def gradients_of(backward: Function, operation: Operation) -> tuple[str, ...]:
    """Return the gradients that a backward function returns: that of x, and of each parameter that it takes."""
    return ("dx", *(f"d{name}" for name in operation.parameters if name in names_of(backward)))


def _call(function: Function, known: Mapping[str, Any]) -> Any:
    """Call the function with those of the known values that it has parameters for."""
    chosen = [p for p in names_of(function).values() if p.name in known]
    given = [known[p.name] for p in chosen if p.kind is Parameter.POSITIONAL_ONLY]
    return function(*given, **{p.name: known[p.name] for p in chosen if p.kind is not Parameter.POSITIONAL_ONLY})


def check_signature(function: Function, label: str, known: tuple[str, ...], required: tuple[str, ...]) -> None:
    """Refuse a function that lacks a required parameter, or needs one that nothing is known about.

    Raises TargetError with the signature and what is missing.
    """
    where = f"{label}{signature_of(function)} is no implementation"
    try:
        names = names_of(function)
    except (TypeError, ValueError):
        raise TargetError(
            f"{where}: its signature cannot be read; wrap it in a function with named parameters"
        ) from None
    variadic = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    missing = [name for name in required if name not in names]
    needed = [p for p in names.values() if p.default is Parameter.empty and p.kind not in variadic]
    unknown = [p.name for p in needed if p.name not in known]
    others = {name: own for name in names if name not in known and (own := _meant(name, known, names))}
    advice = f"{_advice(function, missing, others)}; the names are {', '.join(known)}"
    if missing:
        raise TargetError(f"{where}: it lacks {' and '.join(missing)}{advice}")
    if unknown or others:
        raise TargetError(f"{where}: nothing is known as {' or '.join(unknown or others)}{advice}")


def _advice(function: Function, missing: list[str], others: Mapping[str, str]) -> str:
    """Return what to do about parameters that are missing or have other names, after a semicolon."""
    if isinstance(function, type) and "x" in missing:
        return "; it is a class: name a function of x that builds one and calls it"
    if others:
        return "".join(f"; call {name} {own}" for name, own in others.items())
    return "; where it has one of its own, declare it, as epsilon=1e-5" if "epsilon" in missing else ""


def _meant(name: str, known: tuple[str, ...], names: Iterable[str]) -> str:
    """Return the specification's name for what is often called so, where a function does not have that too."""
    own = CALLED.get(name.lower(), "")
    return own if own in known and own not in names else ""


def _claims(function: Function, backward: Function | None, operation: Operation) -> dict[str, Any]:
    names = names_of(function)
    tracked = bool(operation.state) and all(name in names for name in operation.state)
    absent = {name for name, parameter in names.items() if parameter.default is None}
    parameters = tuple(name for name in operation.parameters if name in names)
    untracked = ("state",) if tracked and absent >= set(operation.state) else ()
    return {
        "verbs": _verbs(names, operation, tracked) + (("backward",) if backward else ()),
        "gradients": gradients_of(backward, operation) if backward else (),
        "parameters": parameters,
        "state": operation.state if tracked else (),
        "optional": tuple(n for n in parameters if n in absent) + untracked,
        "momentum_none": "momentum" in absent,
    }


def _verbs(names: Mapping[str, Parameter], operation: Operation, tracked: bool) -> tuple[str, ...]:
    """Return what a function can do: without running statistics not infer, without momentum not move them."""
    if not operation.state:
        return ("train", "infer")
    if not tracked:
        return ("train",)
    moving = {"training", *(("momentum",) if operation.averages else ())}
    return ("train", "infer") if moving <= set(names) else ("infer",)
