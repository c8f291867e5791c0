"""Real layers, driven by Hypothesis's state machine for sixty steps and more beside the enclosed recurrence.

A machine trains layers, infers, saves, loads, copies, freezes, changes momentum and builds further ones in any order.
After every step the running statistics of every layer lie between two ends: those to which the derived rule, with the
rounding error of its own step, takes the ends before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.faulty.lives import FAULTS as OF_LIVES
from normspec.implementations.targets import resolve
from normspec.properties.laws.judging import reach
from normspec.spec.case import Case, Step, stranger
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS

STEPS = 60
WANTED = ("dx", "dgamma", "dbeta")
FAULTS_OF_LIVES = {fault.name for fault in OF_LIVES} - {"counter-not-saved"}  # which shows where momentum is None alone
SEARCH = settings(
    max_examples=3,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
State = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Model:
    """What a layer should be: its start, its momentum, whether it is frozen, two ends for its running statistics."""

    start: Case
    low: State
    high: State
    momentum: float = 0.25
    frozen: bool = False


@dataclass(eq=False)
class Living:
    """A real layer, its model, and how often it was called."""

    layer: Any
    model: Model
    calls: int = 0


def copies(arrays: Mapping[str, Array]) -> State:
    return {name: np.array(values) for name, values in arrays.items()}


def close(found: Array, wanted: Expected) -> None:
    assert np.all(np.abs(found - wanted.high) <= reach(wanted))


def given(*shape: int) -> Array:
    return (np.arange(1, 1 + int(np.prod(shape)), dtype=np.float32) * 0.25).reshape(shape)


START = Case(
    operation="batch_norm",
    dtype="float32",
    attributes={"epsilon": 1e-3, "momentum": 0.25},
    script=(Step("train", given(4, 2)), Step("backward", None, given(4, 2), 0)),
    parameters={"gamma": given(2), "beta": -given(2)},
    state={"running_mean": given(2), "running_var": 2 * given(2)},
)
INPUTS = st.lists(st.integers(-8, 8), min_size=8, max_size=8).map(
    lambda numbers: (np.array(numbers, np.float32) / 4).reshape(4, 2)
)


class Layers(RuleBasedStateMachine):
    """The machine. Its implementation is given when it is made."""

    layers: Any = Bundle("layers")
    saved: Any = Bundle("saved")

    def __init__(self, implementation: Implementation) -> None:
        super().__init__()
        self.implementation, self.alive = implementation, list[Living]()
        self.operation = OPERATIONS[START.operation]
        self.conventions = self.operation.settled(implementation.claims.conventions)

    def _born(self, layer: Any, model: Model) -> Living:
        self.alive.append(Living(layer, model))
        return self.alive[-1]

    def _expected(self, living: Living, script: tuple[Step, ...], state: State) -> Mapping[str, Expected]:
        """Return what the last step of a script must give."""
        model = living.model
        case = model.start.but(script=script, attributes={**START.attributes, "momentum": model.momentum})
        grade = self.implementation.claims.grade
        return expect(self.operation, case, len(script) - 1, state, self.conventions, grade=grade)

    def _forward(self, living: Living, x: Array, *, training: bool) -> Array:
        living.calls += 1
        y: Array = living.layer.forward(x.copy(), training=training)
        return y

    @initialize(target=layers)
    def first(self) -> Living:
        return self.build(START)

    @initialize(target=layers)
    def second(self) -> Living:
        return self.build(stranger(START))

    def build(self, start: Case) -> Living:
        own = start.but(**{part: copies(getattr(start, part)) for part in ("parameters", "state")})
        return self._born(self.implementation.create(own), Model(start, dict(start.state), dict(start.state)))

    @rule(living=layers, x=INPUTS)
    def train(self, living: Living, x: Array) -> None:
        self._forward(living, x, training=True)
        model = living.model
        if not model.frozen:
            low, high = (self._expected(living, (Step("train", x),), state) for state in (model.low, model.high))
            off = {name: np.maximum(reach(low[name]), reach(high[name])) for name in START.state}
            low_end = {name: low[name].high - off[name] for name in off}
            living.model = replace(model, low=low_end, high={name: high[name].high + off[name] for name in off})

    @rule(living=layers, x=INPUTS)
    def infer(self, living: Living, x: Array) -> None:
        before = copies(living.layer.state())
        close(self._forward(living, x, training=False), self._expected(living, (Step("infer", x),), before)["y"])
        assert all(np.array_equal(before[name], values) for name, values in living.layer.state().items())

    @rule(living=layers, x=INPUTS, dy=INPUTS)
    def infer_and_go_back(self, living: Living, x: Array, dy: Array) -> None:
        script = (Step("infer", x), Step("backward", None, dy, 0, WANTED))
        wanted = self._expected(living, script, copies(living.layer.state()))
        self._forward(living, x, training=False)
        found = living.layer.backward(living.calls - 1, dy.copy(), WANTED)
        for name in WANTED:
            close(found[name], wanted[name])

    @rule(target=saved, living=layers)
    def save(self, living: Living) -> tuple[Any, Model]:
        return living.layer.save(), living.model

    @rule(living=layers, kept=saved)
    def load(self, living: Living, kept: tuple[Any, Model]) -> None:
        living.layer.load(kept[0])
        living.model = replace(living.model, start=kept[1].start, low=kept[1].low, high=kept[1].high)

    @rule(target=layers, living=layers)
    def copy(self, living: Living) -> Living:
        return self._born(living.layer.copy(), living.model)

    @rule(living=layers)
    def freeze(self, living: Living) -> None:
        living.layer.freeze()
        living.model = replace(living.model, frozen=True)

    @rule(living=layers, momentum=st.sampled_from((0.5, 0.125, 1.0)))
    def change_momentum(self, living: Living, momentum: float) -> None:
        living.layer.change_momentum(momentum)
        living.model = replace(living.model, momentum=momentum)

    @invariant()
    def running_statistics_are_where_the_recurrence_takes_them(self) -> None:
        for living in self.alive:
            for name, values in living.layer.state().items():
                assert np.all((living.model.low[name] <= values) & (values <= living.model.high[name])), name


def drive(implementation: Implementation, search: settings) -> None:
    run_state_machine_as_test(partial(Layers, implementation), settings=search)


@pytest.mark.parametrize("target", ["numpy-two-pass", "numpy-welford", "torch-module"])
def test_layers_that_live_stay_between_the_ends(target: str) -> None:
    if target == "torch-module":
        pytest.importorskip("torch")
    drive(resolve(target, "batch_norm")[0], SEARCH)


@pytest.mark.parametrize("name", sorted(FAULTS_OF_LIVES))
def test_a_layer_that_lives_wrongly_leaves_them(name: str) -> None:
    with pytest.raises(AssertionError):
        drive(FAULTS[name].made_of("batch_norm"), settings(SEARCH, max_examples=50, stateful_step_count=30))


def test_the_two_ends_stay_together() -> None:
    """After sixty trainings they are at most some hundred roundings apart: a layer that drifts would be outside."""
    machine = Layers(resolve("numpy-two-pass", "batch_norm")[0])
    living = machine.build(START)
    for count in range(STEPS):
        machine.train(living, given(4, 2) * np.float32(count % 3 - 1))
    apart = [living.model.high[name] - living.model.low[name] for name in START.state]
    machine.running_statistics_are_where_the_recurrence_takes_them()
    assert max(np.max(each) for each in apart) < 1e-5
