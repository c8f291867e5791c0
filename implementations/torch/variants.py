"""PyTorch's functions under its transformations: torch.func, autocast and torch.compile. Each is asked by its name."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch

from normspec.implementations.contract import Implementation, Instance, no_snippet
from normspec.implementations.torch.calls import FUNCTIONS
from normspec.implementations.torch.composed import COMPOSED
from normspec.implementations.torch.dress import under_autocast, under_func, under_vmap
from normspec.implementations.torch.family import FUNCTIONAL, MODULE, NOT_THERE, claims_of, differentiated, functional
from normspec.implementations.torch.fold import FOLD
from normspec.implementations.torch.forward import Push, by_duals, by_func
from normspec.implementations.torch.functional import FunctionalLayer, Given, Pure, Wrap, plainly
from normspec.implementations.torch.guard import guarded
from normspec.implementations.torch.module import REFUSALS
from normspec.implementations.torch.second import forward_over_reverse, reverse_over_forward
from normspec.implementations.torch.snippet import functional_snippet
from normspec.implementations.torch.tape import Tape, autograd, jvp, vjp
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
    name: str,
    statement: str,
    *,
    wrap: Wrap,
    tape: Tape = autograd,
    operations: Iterable[str] = FUNCTIONS,
    unclaimed: tuple[str, ...] = (),
    push: Push = by_duals,
    share: float = 0.25,  # what torch computes it computes there too: less is new
    pinned_every: int = 1,
    snippet: Callable[..., str] = no_snippet,
    without: tuple[str, ...] = (),
    guard: Callable[[Callable[..., Instance]], Callable[..., Instance]] = guarded,
    **claimed: object,
) -> tuple[Implementation, ...]:
    """Return the functions of torch in one way; the running statistics that torch moves in place are left out."""
    return tuple(
        Implementation(
            name=name,
            operation=operation,
            create=guard(partial(FunctionalLayer, wrap=wrap, tape=tape, push=push)),
            claims=claims_of(operation, **_stateless(operation, unclaimed), **claimed),
            refusals=REFUSALS,
            snippet=snippet,
            stands_for="torch-functional",
            share=share,
            pinned_every=pinned_every,
            statement=f"{functional(operation).statement}, {statement}",
        )
        for operation in operations
        if operation not in without
    )


def _stateless(operation: str, unclaimed: tuple[str, ...]) -> Mapping[str, object]:
    """Return the claims of a layer without running statistics, and without some verbs."""
    spec, own = OPERATIONS[operation], differentiated(operation)
    untracked = ("infer",) if not spec.state or spec.untracked_inference else ()
    left_out = {"layer", *unclaimed, *({"infer"} - {*untracked})}
    verbs = tuple(verb for verb in own.verbs if verb not in left_out)
    if not spec.state:
        return {"verbs": verbs}
    optional = tuple(name for name, role in spec.parameters.items() if role == "blocks")
    return {"state": (), "optional": optional, "verbs": verbs}


def _as_it_is(create: Callable[..., Instance]) -> Callable[..., Instance]:
    return create


TWICE = tuple(operation for operation in FUNCTIONS if "double_backward" in differentiated(operation).verbs)

NO_FORWARD = tuple(NOT_THERE)

FUNC = _variants(
    "torch-func", "under torch.func.vjp, and vjp of vjp", wrap=plainly, tape=vjp, push=by_func, snippet=under_func
)
VMAP = _variants(
    "torch-vmap", "under torch.func.vmap", wrap=vmapped, snippet=partial(functional_snippet, dress=under_vmap)
)
JVP = _variants(
    "torch-jvp",
    "in forward mode, by torch.func.jvp",
    wrap=plainly,
    tape=jvp,
    unclaimed=("double_backward",),
    push=by_func,
    without=NO_FORWARD,
    dtypes=("float64", "float32"),
    share=0.02,  # each gradient takes a forward for every element
    pinned_every=8,
)
AUTOCAST = _variants(
    "torch-autocast",
    "under autocast",
    wrap=in_autocast,
    snippet=partial(functional_snippet, dress=under_autocast),
    without=("weight_norm",),  # torch: "expected scalar type BFloat16 but found Float"
    dtypes=("bfloat16", "float16"),
)
ALONG: Mapping[str, Any] = {"dtypes": ("float64", "float32"), "layouts": ("contiguous",), "gradients": ("dx",)}
"""What is claimed of an order of derivatives: nothing else of it differs from the other orders."""

FORWARD_OVER_REVERSE = _variants(
    "torch-forward-over-reverse",
    "the second order by torch.func.jvp of vjp",
    wrap=plainly,
    tape=partial(autograd, second=forward_over_reverse),
    operations=TWICE,
    without=NO_FORWARD,
    unclaimed=("jvp",),
    **ALONG,
)
REVERSE_OVER_FORWARD = _variants(
    "torch-reverse-over-forward",
    "the second order by torch.func.vjp of jvp",
    wrap=plainly,
    tape=partial(autograd, second=reverse_over_forward),
    snippet=partial(functional_snippet, forward=True),
    share=1.0,
    operations=TWICE,
    without=NO_FORWARD,
    unclaimed=("jvp",),
    **ALONG,
)
COMPILE = _variants(
    "torch-compile",
    "through torch.compile",
    wrap=compiled,
    share=0.02,  # each case is compiled, in each layout again, which takes seconds
    pinned_every=8,
    dtypes=("float32", "bfloat16"),
    layouts=("contiguous", "channels_last", "strided"),
    guard=_as_it_is,  # compiled, nothing ends the process; and a copy of it cannot compile, for want of the threads
    unclaimed=("double_backward", "jvp"),  # torch: compiled functions "do not currently support double backward"
)

TORCH = (*FUNCTIONAL, *MODULE, *COMPOSED, FOLD, *REVERSE_OVER_FORWARD)
"""What is meant by torch; the other ways to call it are asked by their own names."""
