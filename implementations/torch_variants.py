"""PyTorch's functions under its transformations: torch.func, autocast and torch.compile. Each is asked by its name."""

from collections.abc import Mapping
from functools import partial

import torch

from normspec.implementations.contract import Implementation
from normspec.implementations.torch_calls import FUNCTIONS
from normspec.implementations.torch_family import claims_of, functional
from normspec.implementations.torch_functional import FunctionalLayer, Given, Pure, Wrap
from normspec.implementations.torch_guard import guarded
from normspec.implementations.torch_module import REFUSALS
from normspec.implementations.torch_tape import Tape, autograd, jvp, vjp
from normspec.spec.operations import OPERATIONS


def vmapped(function: Pure) -> Pure:
    """Return the function run by vmap on two inputs, of which the first counts: the other is it in reverse order."""

    def run(given: Given) -> torch.Tensor:
        x = given["x"]
        two = torch.stack([x, x.flip(tuple(range(x.dim())))])
        both: torch.Tensor = torch.func.vmap(lambda one: function({**given, "x": one}))(two)
        return both[0]

    return run


def in_autocast(function: Pure) -> Pure:
    """Return the function run under autocast, with parameters in float32 as models keep them there."""

    def run(given: Given) -> torch.Tensor:
        x = given["x"]
        wide = {name: value if name in ("x", "w") else value.float() for name, value in given.items()}
        with torch.autocast(x.device.type, dtype=x.dtype):
            return function(wide)

    return run


def compiled(function: Pure) -> Pure:
    """Return the function run by torch.compile. Raises RuntimeError where there is no compiler for the device."""
    torch._dynamo.config.recompile_limit = 1 << 16  # beyond it, the function would silently run uncompiled
    run: Pure = torch.compile(function, dynamic=False)
    return run


def _variants(
    name: str, statement: str, *, wrap: Wrap, tape: Tape = autograd, without: tuple[str, ...] = (), **claimed: object
) -> tuple[Implementation, ...]:
    """Return the functions of torch in one way; the running statistics that torch moves in place are left out."""
    return tuple(
        Implementation(
            name=name,
            operation=operation,
            create=guarded(partial(FunctionalLayer, wrap=wrap, tape=tape)),
            claims=claims_of(operation, **_stateless(operation), **claimed),
            refusals=REFUSALS,
            statement=f"{functional(operation).statement}, {statement}",
        )
        for operation in FUNCTIONS
        if operation not in without
    )


def _stateless(operation: str) -> Mapping[str, object]:
    """Return the claims of a layer without running statistics."""
    spec = OPERATIONS[operation]
    if not spec.state:
        return {}
    optional = tuple(name for name, role in spec.parameters.items() if role == "blocks")
    verbs = ("train", "infer", "backward") if spec.untracked_inference else ("train", "backward")
    return {"state": (), "optional": optional, "verbs": verbs}


def _plainly(function: Pure) -> Pure:
    return function


FUNC = _variants("torch-func", "under torch.func.vjp", wrap=_plainly, tape=vjp)
VMAP = _variants("torch-vmap", "under torch.func.vmap", wrap=vmapped)
JVP = _variants(
    "torch-jvp",
    "in forward mode, by torch.func.jvp",
    wrap=_plainly,
    tape=jvp,
    without=("weight_norm",),  # torch: forward AD "has not been implemented yet"
    dtypes=("float64", "float32"),
)
AUTOCAST = _variants(
    "torch-autocast",
    "under autocast",
    wrap=in_autocast,
    without=("weight_norm",),  # torch: "expected scalar type BFloat16 but found Float"
    dtypes=("bfloat16", "float16"),
)
COMPILE = _variants("torch-compile", "through torch.compile", wrap=compiled)
