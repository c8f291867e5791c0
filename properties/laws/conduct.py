"""Laws of conduct: what a well-behaved layer does besides computing the right numbers."""

import numpy as np

from normspec.implementations.layouts import bits
from normspec.properties.law import Law
from normspec.properties.laws.judging import NO_STEP, alike, worst
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement, Kept, Verdict
from normspec.spec.outcome import Crashed, Malformed, Outcome, Refused, Returned, TimedOut

VERDICT_OF: dict[type[Outcome], Verdict] = {
    Refused: "refused",
    Crashed: "crashed",
    TimedOut: "timed out",
    Malformed: "nonconforming",
}


def answers(trial: Trial) -> Judgement:
    """Judge that a case within the claims is answered with arrays of the right names, shapes and dtypes."""
    outcome = trial.outcome
    if isinstance(outcome, Returned):
        return Kept()
    return Broken(
        f"{VERDICT_OF[type(outcome)]} at {place_of(trial, outcome.step)}: {outcome.message}", VERDICT_OF[type(outcome)]
    )


def place_of(trial: Trial, step: int | None) -> str:
    """Return where in the script an outcome arose, in words."""
    if step is None:
        return "some step"
    return "the layer's creation" if step < 0 else f"step {step} ({trial.case.script[step].verb})"


def inputs_untouched(trial: Trial) -> Judgement:
    """Judge that no array handed over has been written to."""
    if not isinstance(trial.outcome, Returned):
        return NO_STEP
    written = trial.outcome.mutated
    return Broken(f"writes to what it was given: {', '.join(written)}") if written else Kept()


def determinism(trial: Trial) -> Judgement:
    """Judge that a second fresh instance gives the same bits."""
    other = trial.variant(trial.case)
    return _identical(trial, other, "differs in its bits from the same step of a second run")


def _identical(trial: Trial, other: Trial, what: str) -> Judgement:
    if not trial.steps:
        return NO_STEP
    if not other.steps:
        return Broken(f"answers once, and not when asked again: {other.outcome}")
    for index, (first, second) in enumerate(zip(trial.steps, other.steps, strict=True)):
        for name in first:
            if first[name].tobytes() != second[name].tobytes():
                return Broken(f"step {index}: {name} {what}")
    return Kept()


def layout_invariance(trial: Trial) -> Judgement:
    """Judge that every claimed layout gives the same results, within both tolerances."""
    rank = trial.case.script[0].input.ndim
    others = [
        name
        for name in trial.implementation.claims.layouts
        if name != trial.case.layout and (name != "channels_last" or rank in (4, 5))
    ]
    if not others or not trial.steps:
        return Inapplicable("there is one layout")
    return worst(_same_in(trial, trial.variant(trial.case.but(layout=name))) for name in others)


def _same_in(trial: Trial, other: Trial) -> Judgement:
    if not other.steps:
        return Broken(f"is not answered in layout {other.case.layout}: {other.outcome}", shown=other.case)
    return worst(
        alike(trial, other, index, name, np.asarray, f"changes in layout {other.case.layout}")
        for index in trial.indices("train", "infer", "backward")
        if trial.key(index) == other.key(index)  # running statistics rounded otherwise ask another question
        for name in trial.steps[index]
    )


def inference_keeps_state(trial: Trial) -> Judgement:
    """Judge that inference and backward leave the running statistics as they were, bit for bit."""
    indices = trial.indices("infer") if trial.case.state else ()
    if not indices:
        return NO_STEP
    for index in indices:
        before, after = trial.state_before(index), trial.steps[index]
        moved = [name for name in before if (bits(before[name]) != bits(after[name])).any()]
        if moved:
            return Broken(f"step {index} (infer): {', '.join(moved)} moves")
    return Kept()


LAWS = (
    Law("answers", answers, streams=("small", "large", "tangents", "lives"), judges_silence=True),
    Law("inputs-untouched", inputs_untouched, streams=("small",)),
    Law("determinism", determinism, streams=("small",), asks_again=True),
    Law("layout-invariance", layout_invariance, streams=("small",), asks_again=True),
    Law("inference-keeps-state", inference_keeps_state, needs=("infer",), streams=("small",)),
)
