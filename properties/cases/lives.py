"""Cases of layers that live: trained, saved, loaded, copied, frozen, several at once; and one that is trained long."""

from dataclasses import dataclass, field
from itertools import cycle, islice
from math import prod
from typing import Any

from hypothesis import strategies as st

from normspec.properties.cases.draws import cotangents, quarters, sizes, tensors
from normspec.properties.cases.regimes import Scale
from normspec.properties.cases.scripts import USUAL_EPSILON, layouts, open_attributes, verbs_of
from normspec.properties.cases.shapes import Extent, small_shapes
from normspec.properties.cases.within import PLAIN, array_of, case_within, laid
from normspec.spec.case import Case, Step
from normspec.spec.formats import Array

LONG = 50
MOST_LAYERS = 3


@dataclass
class Living:
    """How far a script has come: layers, what is saved, and the forward steps of layers that loaded nothing since."""

    layers: int = 1
    saved: list[int] = field(default_factory=list)
    forwards: list[tuple[int, int]] = field(default_factory=list)


def doings(extent: Extent) -> tuple[str, ...]:
    """Return what may be done to layers, within the claims; what concerns running statistics, only where there are."""
    tracked = ("freeze", "momentum") if extent.claims.state and extent.operation.averages else ()
    known = ("layer", "save", "copy", *tracked)
    return tuple(verb for verb in known if verb in extent.claims.verbs)


def lives(extent: Extent) -> st.SearchStrategy[Case]:
    """Return a strategy for scripts on layers that live; it is empty where nothing of the kind is claimed."""
    return _lived(extent) if doings(extent) else st.nothing()


@st.composite
def _lived(draw: st.DrawFn, extent: Extent) -> Case:
    geometry = draw(small_shapes(extent))
    shape, attributes = geometry.shape, {**draw(open_attributes(extent)), **geometry.attributes}

    def given(name: str) -> Array:
        own = extent.operation.shape_of(name, shape, attributes)
        return draw(quarters(own, extent.format, positive=name == "running_var"))

    bare = Case(
        operation=extent.operation.name,
        dtype=extent.dtype,
        attributes=attributes,
        script=(),
        parameters={name: given(name) for name in extent.claims.parameters},
        state={name: given(name) for name in extent.claims.state},
        layout=draw(layouts(extent.claims, len(shape))),
        regime=draw(st.sampled_from(extent.regimes)),
    )
    scale = Scale(extent.format, attributes.get("epsilon", USUAL_EPSILON), draw(sizes()), prod(shape))
    now, script = Living(), list[Step]()
    for _ in range(draw(st.integers(3, 10))):
        script.append(_next(draw, extent, bare, now, len(script), tensors(shape, bare.regime, scale)))
    if not now.forwards:
        script.append(Step("train", draw(tensors(shape, bare.regime, scale))))
    return bare.but(script=tuple(script))


def _next(draw: Any, extent: Extent, case: Case, now: Living, at: int, inputs: st.SearchStrategy[Array]) -> Step:
    """Draw a step, and what the script has come to with it."""
    known = ["forward", "forward", "forward"]
    known += ["backward"] if now.forwards and "backward" in extent.claims.verbs else []
    known += [each for each in doings(extent) if each not in ("layer", "copy") or now.layers < MOST_LAYERS]
    known += ["load"] if now.saved else []
    doing, on = draw(st.sampled_from(known)), draw(st.integers(0, now.layers - 1))
    if doing == "forward":
        now.forwards.append((at, on))
        tracked = bool(case.state) or extent.operation.untracked_inference
        return Step(draw(st.sampled_from(verbs_of(extent.claims, tracked=tracked))), draw(inputs), on=on)
    if doing == "backward":
        of, _ = draw(st.sampled_from(now.forwards))
        return Step("backward", None, draw(cotangents(draw(inputs).shape, extent.format)), of, _gradients(extent, case))
    if doing in ("layer", "copy"):
        now.layers += 1
    if doing == "save":
        now.saved.append(at)
    if doing == "load":
        now.forwards = [each for each in now.forwards if each[1] != on]
        return done("load", on, of=draw(st.sampled_from(now.saved)))
    return done(doing, on, value=draw(st.sampled_from((0.5, 0.1, 1.0))) if doing == "momentum" else None)


def _gradients(extent: Extent, case: Case) -> tuple[str, ...]:
    return tuple(name for name in extent.claims.gradients if name == "dx" or name[1:] in case.parameters)


def done(verb: Any, on: int = 0, *, of: int | None = None, value: float | None = None) -> Step:
    """Return the step that does something to a layer."""
    return Step(verb, of=of, wanted=(), on=on, value=value)


def pinned(extent: Extent) -> list[Case]:
    """Return a script for each thing that may be done to a layer, with either momentum, and one long training."""
    known = doings(extent)
    if not known:
        return []
    x = array_of(laid(PLAIN, extent), extent)
    tracked = bool(extent.claims.state) and "infer" in extent.claims.verbs
    found = [each for name, script in _scripts(x, tracked=tracked).items() if name in known
             and (each := _case(extent, script)) is not None]  # fmt: skip
    if extent.claims.momentum_none and extent.operation.averages and "momentum" not in extent.claims.fixed:
        found += [each.but(attributes={**each.attributes, "momentum": None}) for each in found if not _changes(each)]
    long = [Step("train", values) for values in islice(cycle((x, x * x.dtype.type(0.25), x[::-1])), LONG)]
    return found + [each for each in (_case(extent, long) if tracked else None,) if each is not None]


def _scripts(x: Array, *, tracked: bool) -> dict[str, list[Step]]:
    t, last = x * x.dtype.type(-0.25), "infer" if tracked else "train"
    back = Step("backward", None, x[::-1], 0)

    def train(on: int, values: Array = x) -> Step:
        return Step("train", values, on=on)

    def look(on: int) -> Step:
        return Step(last, x, on=on)  # type: ignore[arg-type]

    return {
        "save": [train(0), done("save"), train(0, t), done("layer"), done("load", 1, of=1), look(1), train(1, t),
                 look(1), train(0), look(0)],
        "copy": [train(0), done("copy"), train(1, t), train(0), look(1), look(0), back,
                 Step("backward", None, x[::-1], 2)],
        "freeze": [train(0), done("freeze"), train(0, t), Step("infer", x), back],
        "momentum": [train(0), done("momentum", value=0.5), train(0, t), look(0)],
        "layer": [done("layer"), train(0), train(1, t), train(0, t), look(1), look(0),
                  Step("backward", None, x[::-1], 1)],
    }  # fmt: skip


def _case(extent: Extent, script: list[Step]) -> Case | None:
    """Return the case of a script, made of its forward and backward steps; what is done to layers stays as it is."""
    if "backward" not in extent.claims.verbs:
        script = [step for step in script if step.verb != "backward"]
    forwards = tuple(step for step in script if step.x is not None)
    case = case_within(extent, forwards, 1e-3)
    if case is None:
        return None
    wanted = _gradients(extent, case)
    whole = [step if step.verb != "backward" else Step("backward", None, step.cotangent, step.of, wanted)
             for step in script]  # fmt: skip
    momentum = {"momentum": 0.25} if "momentum" in case.attributes else {}
    return case.but(script=tuple(whole), attributes={**case.attributes, **momentum, **extent.claims.fixed})


def _changes(case: Case) -> bool:
    return any(step.verb == "momentum" for step in case.script)
