"""The axes of convention that conduct shows: what is refused, what comes back at the edges, what moves when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.cases.shapes import Extent
from normspec.properties.identify_cases import LARGER, SHAPES, asked, built, extent_of, plain_dtype
from normspec.properties.identify_findings import Evidence, Finding, concluded
from normspec.properties.laws.judging import wide
from normspec.properties.trial import Trial
from normspec.spec.case import Case, Step
from normspec.spec.comparison import compare
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.expectation import Expected
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.outcome import GivenUpError, Refused, Returned
from normspec.spec.partition import Shape

MOST_CASES = 6
SINGLE: tuple[Shape, ...] = ((1, 3), (3, 1), (1, 3, 1), (2, 1, 1), (1, 3, 1, 1), (2, 3, 1, 1, 1))

Demanded = Callable[[Trial], Sequence[Expected]]
"""What y of a case's first step may be by all that numbers show; nothing where they show too little."""


@dataclass(frozen=True)
class Tried:
    """A trial, and what y of such a trial must be."""

    trial: Trial
    demanded: Demanded


Test = Callable[[Tried], str]
"""What denies a variant in a trial, in words; nothing where nothing does."""


@dataclass(frozen=True)
class Habit:
    """One axis: the cases that show it, and for each variant its meaning and what denies it."""

    name: str
    statement: str
    cases: Callable[[Extent], Iterator[Case]]
    variants: Mapping[str, tuple[str, Test]]
    dtype: str = ""
    note: str = ""


def conduct(implementation: Implementation, demanded: Demanded) -> tuple[Finding, ...]:
    """Return a finding for each habit that the implementation's claims let one ask about."""
    found = (_asked(implementation, demanded, habit) for habit in HABITS)
    return tuple(finding for finding in found if finding is not None)


def _asked(implementation: Implementation, demanded: Demanded, habit: Habit) -> Finding | None:
    dtype = habit.dtype or plain_dtype(implementation)
    if dtype not in implementation.claims.dtypes:
        return None
    excluded: dict[str, Evidence] = {}
    trials = 0
    for case in habit.cases(extent_of(implementation, dtype)):
        trial = Trial(implementation, case)
        try:
            _ = trial.outcome
        except GivenUpError:
            continue
        trials += 1
        for variant, (_, denial) in habit.variants.items():
            if variant not in excluded and (why := denial(Tried(trial, demanded))):
                excluded[variant] = Evidence(why, case)
        if trials == MOST_CASES or len(excluded) == len(habit.variants):
            break
    if not trials:
        return None
    left = [variant for variant in habit.variants if variant not in excluded]
    declared = OPERATIONS[implementation.operation].settled(implementation.claims.conventions).get(habit.name)
    meanings = MappingProxyType({variant: meaning for variant, (meaning, _) in habit.variants.items()})
    note = habit.note.format(trials=trials) if len(left) > 1 else ""
    return concluded((habit.name, habit.statement), meanings, left, excluded, declared=declared, note=note)


def _result(tried: Tried) -> str:
    """Return in words what came, where it was no result."""
    outcome = tried.trial.outcome
    return "" if isinstance(outcome, Returned) else f"{type(outcome).__name__.lower()}: {outcome.message}"


def unrefused(tried: Tried) -> str:
    """Return what denies a refusal: that something else came."""
    if isinstance(tried.trial.outcome, Refused):
        return ""
    return _result(tried) or "it is answered, not refused"


def disagreeing(tried: Tried) -> str:
    """Return what denies the y that the specification demands."""
    if failed := _result(tried):
        return failed
    return _denied(tried.trial.steps[0]["y"], tried.demanded(tried.trial)) if tried.trial.steps[0]["y"].size else ""


def _denied(observed: Array, demanded: Sequence[Expected]) -> str:
    """Return in words that an array denies each of several demands; nothing where there is none."""
    with np.errstate(all="ignore"):
        found = [compare(observed, expected) for expected in demanded]
    if not found or any(each.verdict != "broken" for each in found):
        return ""
    return f"y is {found[0].observed:.9g}; this demands {found[0].exact:.9g} within {found[0].tolerance:.2g}"


def _unlike(name: str, wanted: Callable[[Array], bool], words: str) -> Test:
    """Return the test that denies an output of the first step that is not as it is wanted."""

    def denial(tried: Tried) -> str:
        if failed := _result(tried):
            return failed
        values = wide(tried.trial.steps[0][name if name in tried.trial.steps[0] else "y"])
        return "" if wanted(values) else f"{name} is {values.reshape(-1)[:4].tolist()}, {words}"

    return denial


not_nan = _unlike("y", lambda values: bool(np.isnan(values).all()), "not NaN")


def _training(extent: Extent, shapes: tuple[Shape, ...], wanted: Callable[[int], bool], keep: int) -> Iterator[Case]:
    """Yield trainings on the first samples of equal elements, in groups of the wanted size."""
    for geometry in asked(extent, shapes, 0):
        if wanted(extent.operation.groups(geometry.shape, geometry.attributes).members):
            case = built(extent, geometry, np.full(geometry.shape, 3.0)[:keep])
            if case is not None and case.script[0].verb == "train":
                yield case.but(script=case.script[:1])


def _single(extent: Extent) -> Iterator[Case]:
    """Yield trainings on groups of one element."""
    has = "single_element" in extent.operation.conventions
    return _training(extent, SINGLE, lambda members: members == 1, 2) if has else iter(())


def _empty(extent: Extent) -> Iterator[Case]:
    """Yield trainings on no element."""
    has = "empty_batch" in extent.operation.conventions
    return _training(extent, SHAPES, lambda members: members > 1, 0) if has else iter(())


def _unmoved(tried: Tried) -> str:
    """Return what denies that nothing happened: running statistics that moved."""
    if failed := _result(tried):
        return failed
    moved = [
        name for name, old in tried.trial.case.state.items() if old.tobytes() != tried.trial.steps[0][name].tobytes()
    ]
    return f"{' and '.join(moved)} moved" if moved else ""


def _not_poisoned(tried: Tried) -> str:
    if failed := _result(tried):
        return failed
    kept = [name for name in tried.trial.case.state if not np.isnan(wide(tried.trial.steps[0][name])).all()]
    return f"{' and '.join(kept)} is a number" if kept or not tried.trial.case.state else ""


def _plain(extent: Extent) -> Iterator[Case]:
    for geometry in asked(extent):
        case = built(extent, geometry, np.resize([1.0, -2.0, 3.0, 0.5, -0.5, 4.0, 2.0], geometry.shape))
        if case is not None:
            yield case


def _negative(extent: Extent) -> Iterator[Case]:
    """Yield a plain case with an epsilon below 0, far above minus the least variance."""
    open_ = extent.operation.has_epsilon and "epsilon" not in extent.claims.fixed
    for case in _plain(extent) if open_ and "negative_epsilon" in extent.operation.conventions else ():
        yield case.but(attributes={**case.attributes, "epsilon": -(2.0**-10)}, script=case.script[:1])


def _short(extent: Extent) -> Iterator[Case]:
    """Yield plain cases in which gamma has one element for several."""
    for case in _plain(extent) if "gamma" in extent.claims.parameters else ():
        if case.parameters.get("gamma", np.ones(1)).size > 1:
            parameters = {
                **case.parameters,
                "gamma": case.parameters["gamma"][(slice(1),) * case.parameters["gamma"].ndim],
            }
            yield case.but(parameters=parameters, script=case.script[:1])


def _not_broadcast(tried: Tried) -> str:
    if failed := _result(tried):
        return failed
    gamma, x = tried.trial.case.parameters["gamma"], tried.trial.case.script[0].input
    shape = tried.trial.operation.shape_of("gamma", x.shape, tried.trial.case.attributes)
    whole = tried.trial.case.but(parameters={**tried.trial.case.parameters, "gamma": np.resize(gamma, shape)})
    return _denied(tried.trial.steps[0]["y"], tried.demanded(Trial(tried.trial.implementation, whole)))


def _batches(extent: Extent) -> Iterator[Case]:
    """Yield batches of several samples that know nothing of each other."""
    for geometry in asked(extent, LARGER) if "batch-invariance" in extent.operation.requirements else ():
        values = np.sin(np.arange(int(np.prod(geometry.shape))) ** 2.0).reshape(geometry.shape)
        case = built(extent, geometry, values, 2.0**-10)
        if case is not None and geometry.shape[0] > 1:
            yield case.but(script=case.script[:1])


def _other_alone(tried: Tried) -> str:
    """Return what denies that a sample alone has the bits that it has in the batch."""
    case, step = tried.trial.case, tried.trial.case.script[0]
    whole = [name for name in case.parameters if tried.trial.operation.role(name) in ("elements", "style")]
    parameters = {name: values[:1] if name in whole else values for name, values in case.parameters.items()}
    alone = tried.trial.variant(case.but(script=(replace(step, x=step.input[:1]),), parameters=parameters))
    if not tried.trial.steps or not alone.steps:
        return ""
    different = tried.trial.steps[0]["y"][:1].tobytes() != alone.steps[0]["y"].tobytes()
    return "y of the first sample has other bits where it is alone" if different else ""


def _moving(extent: Extent) -> Iterator[Case]:
    """Yield a training, its backward, and an inference, which shows the running statistics after both."""
    verbs = {"train", "backward", "infer"} <= set(extent.claims.verbs)
    for case in _plain(extent) if verbs and extent.claims.state and extent.claims.scripts else ():
        x = case.script[0].input
        back = Step("backward", None, np.ones_like(x), 0, ("dx",))
        yield case.but(script=(Step("train", x), back, Step("infer", x)))


def _not_in_forward(tried: Tried) -> str:
    if failed := _result(tried):
        return failed
    before, after = tried.trial.case.state, tried.trial.steps[0]
    still = all(before[name].tobytes() == after[name].tobytes() for name in before)
    return "after the forward they are where they were" if still else ""


def _not_in_backward(tried: Tried) -> str:
    if failed := _result(tried):
        return failed
    before, after = tried.trial.steps[0], tried.trial.steps[2]
    still = all(before[name].tobytes() == after[name].tobytes() for name in tried.trial.case.state)
    return "after the backward they are where they were after the forward" if still else ""


WITHOUT_EPSILON = ("weight_norm", "standardize", "min_max_scale")


def _nothing(extent: Extent) -> Iterator[Case]:
    """Yield inputs of zeros, where nothing is added to the norm or the deviation."""
    for geometry in asked(extent) if extent.operation.name in WITHOUT_EPSILON else ():
        case = built(extent, geometry, np.zeros(geometry.shape))
        if case is not None:
            yield case.but(script=case.script[:1], parameters={k: v for k, v in case.parameters.items() if k != "beta"})


def _wide_enough(extent: Extent) -> Iterator[Case]:
    """Yield float64 values that float32 does not hold."""
    for geometry in asked(extent, LARGER):
        values = np.sin(np.arange(int(np.prod(geometry.shape))) + 1.0).reshape(geometry.shape)
        case = built(extent, geometry, values, 2.0**-10)
        if case is not None:
            yield case.but(script=case.script[:1])


def _all_single(values: Array) -> bool:
    return bool((values.astype(np.float32).astype(np.float64) == values).all())


def _of(name: str, **tests: Test) -> dict[str, tuple[str, Test]]:
    """Return variants with the meanings that the specification's convention gives them."""
    return {variant: (CONVENTIONS[name].variants[variant], test) for variant, test in tests.items()}


HABITS = (
    Habit(
        "single_element",
        CONVENTIONS["single_element"].statement,
        _single,
        {**_of("single_element", refuse=unrefused, zero=disagreeing), "nan": ("y is NaN", not_nan)},
    ),
    Habit(
        "empty_batch",
        CONVENTIONS["empty_batch"].statement,
        _empty,
        {
            **_of("empty_batch", refuse=unrefused, keep=_unmoved),
            "nan": ("the running statistics are NaN from then on", _not_poisoned),
        },
    ),
    Habit(
        "negative_epsilon",
        CONVENTIONS["negative_epsilon"].statement,
        _negative,
        _of("negative_epsilon", refuse=unrefused, accept=disagreeing),
    ),
    Habit(
        "short_parameters",
        "What happens to a gamma of one element where several are due.",
        _short,
        {"refuse": ("refused", unrefused), "broadcast": ("it holds for all", _not_broadcast)},
    ),
    Habit(
        "batch_invariance",
        "Whether a sample alone has the same bits as in a batch.",
        _batches,
        {
            "bitwise": ("the same bits, whatever is beside it", _other_alone),
            "differs": ("not always the same bits", lambda tried: ""),
        },
        note="the same bits in all {trials} cases, which proves it for no other",
    ),
    Habit(
        "statistics_move",
        "When the running statistics move.",
        _moving,
        {"forward": ("in the forward", _not_in_forward), "backward": ("in the backward", _not_in_backward)},
    ),
    Habit(
        "zero_norm",
        "What becomes of a group without spread, or of norm 0, where no epsilon is added.",
        _nothing,
        {
            "zero": ("y is 0", _unlike("y", lambda values: bool((values == 0).all()), "not 0")),
            "nan": ("y is NaN", not_nan),
            "refuse": ("refused", unrefused),
        },
    ),
    Habit(
        "float64_arithmetic",
        "What float64 input is computed in.",
        _wide_enough,
        {
            "float64": ("float64", disagreeing),
            "float32": ("float32, under the name of float64", _unlike("y", _all_single, "which float32 does not hold")),
        },
        dtype="float64",
    ),
)
