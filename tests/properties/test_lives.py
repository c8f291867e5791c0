"""Layers that live: what is done to them is judged on each one's own history, and what can go wrong shows."""

from itertools import pairwise, product

import numpy as np
import pytest

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.cases.lives import LONG, done
from normspec.properties.cases.shapes import Extent
from normspec.properties.judge import judge
from normspec.properties.laws import LAWS
from normspec.properties.laws.lives import LAWS as OF_LIVES
from normspec.properties.reduce import reduce
from normspec.properties.search import explore
from normspec.properties.trial import Trial
from normspec.properties.verdict import Broken, Kept
from normspec.spec.case import Case, Step
from normspec.spec.lives import told
from normspec.spec.node import Node
from normspec.spec.operations import OPERATIONS
from normspec.spec.plain import case_from, plain_case
from normspec.spec.recurrence import recurrence

CAUGHT_FIRST = {
    "saved-by-reference": "saving",
    "counter-not-saved": "saving",
    "variance-not-saved": "saving",
    "parameters-not-loaded": "saving",
    "copy-shares-buffers": "copying",
    "statistics-shared": "several-layers",
    "momentum-kept": "momentum-change",
    "not-frozen": "freezing",
}
OTHERS = tuple(law for law in LAWS.values() if law not in OF_LIVES)


def extent(implementation: Implementation) -> Extent:
    return Extent(OPERATIONS[implementation.operation], implementation.claims, "float32")


def pinned(implementation: Implementation, stream: str = "lives") -> list[Case]:
    return STREAMS[stream].pinned(extent(implementation))


def drawn(implementation: Implementation, count: int = 25) -> list[Case]:
    found: list[Case] = []
    explore(STREAMS["lives"].strategy(extent(implementation)), 0, count, found.append)
    return found


def broken(implementation: Implementation, case: Case) -> set[str]:
    laws = (law for law in OF_LIVES if implementation.operation in law.operations)
    return {law.name for law in laws if isinstance(judge(law, Trial(implementation, case)), Broken)}


@pytest.mark.parametrize("operation", ["batch_norm", "instance_norm", "batch_renorm", "layer_norm", "rms_norm"])
def test_layers_in_numpy_keep_every_law_of_lives(operation: str) -> None:
    implementation = resolve("numpy", operation)[0]
    assert not [case for case in (*pinned(implementation), *drawn(implementation)) if broken(implementation, case)]


@pytest.mark.parametrize("operation", ["batch_norm", "layer_norm"])
def test_modules_of_torch_keep_every_law_of_lives(operation: str) -> None:
    pytest.importorskip("torch")
    (implementation,) = resolve("torch-module", operation)
    assert not [case for case in (*pinned(implementation), *drawn(implementation)) if broken(implementation, case)]


@pytest.mark.parametrize(("name", "law"), CAUGHT_FIRST.items())
def test_a_fault_of_a_layer_that_lives_is_caught_by_its_law_and_by_no_other_kind(name: str, law: str) -> None:
    """The law breaks on a pinned case, and on pinned cases of one layer and one life nothing else shows the fault."""
    wrong = FAULTS[name].made_of("batch_norm")
    assert law in {each for case in pinned(wrong) for each in broken(wrong, case)}
    others = [
        each for each in OTHERS if "small" in each.streams and not each.asks_again and "batch_norm" in each.operations
    ]
    for case in pinned(wrong, "small"):
        assert not [each.name for each in others if isinstance(judge(each, Trial(wrong, case)), Broken)]


@pytest.mark.parametrize("name", CAUGHT_FIRST)
def test_the_smallest_script_of_a_fault_is_short(name: str) -> None:
    wrong, law = FAULTS[name].made_of("batch_norm"), LAWS[CAUGHT_FIRST[name]]

    def fails(case: Case) -> Broken | None:
        found = judge(law, Trial(wrong, case))
        return found if isinstance(found, Broken) else None

    first = next(case for case in pinned(wrong) if fails(case))
    case, found = reduce(first, fails(first), wrong.claims, fails)
    assert len(case.script) <= 6
    assert found is not None


VERBS = ("train", "save", "infer", "backward", "load", "layer", "copy", "momentum", "freeze")


def every_pair() -> list[str]:
    """Return a walk over the verbs in which each follows each, itself too, exactly once (Hierholzer)."""
    left, path, walk = {verb: list(VERBS) for verb in reversed(VERBS)}, [VERBS[0]], list[str]()
    while path:
        if left[path[-1]]:
            path.append(left[path[-1]].pop())
        else:
            walk.append(path.pop())
    return walk[::-1]


def script_of(walk: list[str]) -> tuple[Step, ...]:
    """Return a script with these verbs after a second layer is built, on one layer after another.

    Only the second is ever frozen or loads, so that others go on training, and there is a step to go back from.
    """
    x, script = np.array([[1, -2], [3, 0.5], [-0.5, 4]], np.float32), list[Step]()
    layers, saved, forwards = 1, 0, dict[int, int]()
    for at, verb in enumerate(["train", "save", "layer", *walk]):
        on = at % min(layers, 3)
        if verb in ("train", "infer"):
            script.append(Step(verb, x * np.float32(1 + at % 3), on=on))  # type: ignore[arg-type]
            forwards[at] = on
        elif verb == "backward":
            script.append(Step("backward", None, x[::-1], max(forwards), ("dx",)))
        else:
            on = 1 if verb in ("freeze", "load") else on
            value = (0.5, 0.125)[at % 2] if verb == "momentum" else None
            script.append(done(verb, on, of=saved if verb == "load" else None, value=value))
            forwards = {step: layer for step, layer in forwards.items() if verb != "load" or layer != on}
            saved, layers = at if verb == "save" else saved, layers + (verb in ("layer", "copy"))
    return tuple(script)


def every_pair_for(implementation: Implementation) -> Case:
    return pinned(implementation)[0].but(script=script_of(every_pair()))


def test_a_script_has_everything_that_is_done_to_layers_after_everything() -> None:
    assert sorted(pairwise(every_pair())) == sorted(product(VERBS, VERBS))


@pytest.mark.parametrize("target", ["numpy", "torch-module"])
def test_layers_keep_the_laws_after_every_two_things_done_to_them(target: str) -> None:
    if target == "torch-module":
        pytest.importorskip("torch")
    implementation = resolve(target, "batch_norm")[0]
    case = every_pair_for(implementation)
    assert len(Trial(implementation, case).steps) == len(VERBS) ** 2 + 4
    assert not broken(implementation, case)


@pytest.mark.parametrize("name", ["copy-shares-buffers", "momentum-kept", "parameters-not-loaded"])
def test_a_fault_of_a_layer_that_lives_is_caught_among_them(name: str) -> None:
    wrong = FAULTS[name].made_of("batch_norm")
    assert broken(wrong, every_pair_for(wrong))


def test_a_script_of_several_layers_is_told_as_one_of_one_layer() -> None:
    """A layer that has loaded goes on from the steps of the one that was saved, with that one's start."""
    x = np.ones((2, 1), np.float32)
    script = (Step("train", x), done("save"), Step("train", 2 * x), done("layer"), done("load", 1, of=1),
              Step("infer", 3 * x, on=1))  # fmt: skip
    case = Case("batch_norm", "float32", {"epsilon": 1.0, "momentum": 0.5}, script, {}, {"running_mean": x[:, 0]})
    ordinary, places = told(case, 5)
    assert places == (0, 5)
    assert [step.verb for step in ordinary.script] == ["train", "infer"]
    assert ordinary.state is case.state


def test_a_script_of_several_layers_is_the_same_as_plain_data() -> None:
    for case in pinned(resolve("numpy", "batch_norm")[0]):
        again = case_from(Node(plain_case(case), "case"))
        assert [(s.verb, s.on, s.of, s.value) for s in again.script] == [
            (s.verb, s.on, s.of, s.value) for s in case.script
        ]


@pytest.mark.parametrize("target", ["numpy", "torch-module"])
def test_fifty_trainings_follow_the_recurrence_exactly_enclosed(target: str) -> None:
    """After each of 50 steps the running statistics lie in the enclosure; a start that is off by little does not."""
    if target == "torch-module":
        pytest.importorskip("torch")
    implementation = resolve(target, "batch_norm")[0]
    case = next(each for each in pinned(implementation) if len(each.script) == LONG and not each.lives)
    assert isinstance(judge(LAWS["running-recurrence"], Trial(implementation, case)), Kept)
    *_, (last, exact) = recurrence(OPERATIONS["batch_norm"], case, Trial(implementation, case).conventions)
    assert last == LONG - 1
    assert all(np.all(each.radius <= 1e-12) and np.all(each.tolerance <= 1e-4) for each in exact.values())


def test_a_layer_that_drifts_leaves_the_recurrence() -> None:
    wrong = FAULTS["running-in-half-precision"].made_of("batch_norm")
    case = next(each for each in pinned(wrong) if len(each.script) == LONG and not each.lives)
    assert isinstance(judge(LAWS["running-recurrence"], Trial(wrong, case)), Broken)
