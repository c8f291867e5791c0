"""Laws of layers that live: saved and loaded, copied, frozen, several at once, trained long.

Every step is judged as the last of the ordinary script that its own layer has lived through. What a layer gets wrong
that never saw another one is other laws' business: a step counts as broken where that script alone is answered rightly.
"""

from collections.abc import Callable

from normspec.implementations.layouts import bits
from normspec.properties.law import Law
from normspec.properties.laws.judging import NO_STEP, agreement, wide, within, worst
from normspec.properties.trial import Results, Trial
from normspec.properties.verdict import Broken, Inapplicable, Judgement, Kept
from normspec.spec.case import LIFE, stranger
from normspec.spec.lives import Life, lives, of_step, told
from normspec.spec.outcome import Returned
from normspec.spec.recurrence import recurrence

ANYHOW = Inapplicable("the layer's own steps are answered wrongly without the others, too")
BY_WHICH = Inapplicable("nothing says by which weights an average is divided whose momentum has changed")
LONG = 3  # trainings from which on a recurrence is more than a step


def _of(done: str) -> Callable[[Trial], Judgement]:
    def judge(trial: Trial) -> Judgement:
        if not trial.steps:
            return NO_STEP
        if done == "momentum" and trial.conventions.get("initial_value") == "debiased":
            return BY_WHICH
        return worst(_step(trial, index) for index, _ in enumerate(trial.steps) if done in _done(trial, index))

    judge.__doc__ = f"Judge every step on a layer that was touched by {done!r}."
    return judge


def _done(trial: Trial, index: int) -> frozenset[str]:
    step = trial.case.script[index]
    own = of_step(trial.case, index).done
    return own | {step.verb} if step.verb in LIFE else own


def _step(trial: Trial, index: int) -> Judgement:
    step = trial.case.script[index]
    if step.verb in LIFE:
        return _keeps_state(trial, index)
    if _trained_since(trial, index):
        return NO_STEP  # which the law of saved values judges
    case, places = told(trial.case, index)
    own = trial.like(case, Returned(tuple(trial.steps[at] for at in places)))
    last = len(places) - 1
    judgement = _last(own, last)
    if isinstance(judgement, Broken):
        alone = trial.like(case)
        if not alone.steps or isinstance(_last(alone, last), Broken):
            return ANYHOW
        told_at = f"step {index} on layer {trial.case.script[index if step.of is None else step.of].on}"
        return Broken(judgement.message.replace(f"step {last}", told_at, 1), ratio=judgement.ratio)
    return judgement


def _last(own: Trial, last: int) -> Judgement:
    return worst((agreement(own, (last,), tuple(own.steps[last])), _stays(own, last)))


def _trained_since(trial: Trial, index: int) -> bool:
    """Return whether the layer of a backward was trained, or loaded, between the forward step and it."""
    of, script = trial.case.script[index].of, trial.case.script
    return of is not None and any(
        step.on == script[of].on and step.verb in ("train", "load") for step in script[of + 1 : index]
    )


def _stays(own: Trial, last: int) -> Judgement:
    """Judge that inference leaves the running statistics, to the bit: also that of a frozen layer."""
    if own.case.script[last].verb != "infer":
        return NO_STEP
    return _same(own.state_before(last), own.steps[last], f"step {last}")


def _keeps_state(trial: Trial, index: int) -> Judgement:
    """Judge that a layer has, after something was done to it, the running statistics that this leaves it with."""
    step, layers = trial.case.script[index], lives(trial.case)[index + 1]
    life = layers[-1 if step.verb in ("layer", "copy") else step.on]
    return _same(_state_of(trial, life), trial.steps[index], f"step {index} ({step.verb})")


def _state_of(trial: Trial, life: Life) -> Results:
    start = stranger(trial.case) if life.start else trial.case
    held = trial.steps[life.past[-1][0]] if life.past else start.state
    return {name: held[name] for name in trial.case.state}


def _same(before: Results, after: Results, where: str) -> Judgement:
    moved = [name for name in before if (bits(before[name]) != bits(after[name])).any()]
    return Broken(f"{where}: {', '.join(moved)} is not what the layer had") if moved else Kept()


def running_recurrence(trial: Trial) -> Judgement:
    """Judge the running statistics after each of many trainings, by the exact recurrence from the first values on."""
    if trial.case.lives or not trial.case.state or len(trial.indices("train")) < LONG:
        return NO_STEP
    followed = recurrence(trial.operation, trial.case, trial.conventions, grade=trial.implementation.claims.grade)
    return worst(
        within(f"step {index}: {name} has left the recurrence",
               (wide(trial.steps[index][name]) - expected.high) - expected.low, expected.tolerance)
        for index, found in followed
        for name, expected in found.items()
    )  # fmt: skip


ALIVE = ("lives",)
LAWS = (
    Law("saving", _of("load"), needs=("train", "save", "layer"), streams=ALIVE),
    Law("copying", _of("copy"), needs=("train", "copy"), streams=ALIVE),
    Law("freezing", _of("freeze"), needs=("train", "infer", "freeze"), streams=ALIVE),
    Law("momentum-change", _of("momentum"), needs=("train", "momentum"), streams=ALIVE),
    Law("several-layers", _of("layer"), needs=("train", "layer"), streams=ALIVE),
    Law("running-recurrence", running_recurrence, needs=("train", "layer", "running_mean"), streams=ALIVE),
)
