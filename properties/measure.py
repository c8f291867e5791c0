"""What one case tells of an implementation's accuracy: a grade and four numbers for each output of each step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.properties.features import stale
from normspec.properties.trial import Results, Trial
from normspec.spec.case import GRADIENTS, SECOND, Case
from normspec.spec.comparison import errors_of
from normspec.spec.contracts import contract_of
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array, Format, ulp
from normspec.spec.grades import Grade, grade_against
from normspec.spec.implied import implied
from normspec.spec.operations import OPERATIONS
from normspec.spec.question import Question
from normspec.spec.rows import widened

LINE: Grade = "B1"
"""The contract that the numbers refer to, whatever grade is declared, so that implementations compare."""

NUMBERS: Mapping[str, str] = MappingProxyType(
    {
        "ulps": "largest error, in ulp of the output's largest element",
        "of_bound": f"largest error over its tolerance under contract {LINE}",
        "mean_error": "error of the mean that y implies, in units of u A, A being the mean magnitude of the group",
        "rstd_error": "error of rstd that y implies, in units of u",
    }
)
_MORE = (name for each in OPERATIONS.values() for name in (*each.gradients, *each.state))
OUTPUTS = tuple(dict.fromkeys(("y", *GRADIENTS, *_MORE, *SECOND)))
MODES = ("train", "infer")

Numbers = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Place:
    """What a line of the table is about: an output of a forward step of this mode, or of its backward."""

    target: str
    operation: str
    dtype: str
    mode: str
    output: str
    layout: str

    @property
    def rank(self) -> tuple[int, int]:
        """Return where the line stands among those of its dtype."""
        return MODES.index(self.mode), OUTPUTS.index(self.output)


@dataclass(frozen=True, eq=False)
class Measured:
    """The grade of one output in one step, and for each number its value and the bound proved for contract B1."""

    grade: Grade
    numbers: Numbers


@dataclass(frozen=True, eq=False)
class Measuring:
    """One case, and what has been worked out of it so far: nothing of that depends on the layout."""

    implementation: Implementation
    case: Case
    demands: dict[tuple[object, ...], Mapping[str, Expected]] = field(default_factory=dict)
    known: dict[tuple[object, ...], Mapping[str, Measured]] = field(default_factory=dict)

    def measured(self, trial: Trial) -> Iterator[tuple[Place, Measured | None]]:
        """Yield what each output of a trial of the case measures; None where there was no answer."""
        for index, _ in enumerate(self.case.script):
            names = outputs_of(self.case, index)
            found: Mapping[str, Measured | None] = dict.fromkeys(names)
            if trial.steps:
                state = trial.state_before(self._forward(index))
                seen = {name: trial.steps[index][name] for name in names if trial.steps[index][name].size}
                found = self._step(index, state, seen)
            for name, value in found.items():
                yield self._place(index, name, trial.case.layout), value

    def _forward(self, index: int) -> int:
        origin = self.case.script[index].of
        return index if origin is None else origin

    def _place(self, index: int, output: str, layout: str) -> Place:
        mode = self.case.script[self._forward(index)].verb
        return Place(self.implementation.name, self.case.operation, self.case.dtype, mode, output, layout)

    def _step(self, index: int, state: Results, seen: Results) -> Mapping[str, Measured]:
        key = (index, _contents(state), _contents(seen))
        if key not in self.known:
            with np.errstate(all="ignore"):  # what is not finite is graded, not warned of
                self.known[key] = self._worked_out(index, state, seen)
        return self.known[key]

    def _worked_out(self, index: int, state: Results, seen: Results) -> Mapping[str, Measured]:
        operation = OPERATIONS[self.case.operation]
        conventions = operation.settled(self.implementation.claims.conventions)

        def expected(letter: Grade) -> Mapping[str, Expected]:
            key = (index, letter, _contents(state))
            if key not in self.demands:
                self.demands[key] = expect(operation, self.case, index, state, conventions, grade=letter)
            return self.demands[key]

        grades = grade_against(self.case.format, expected, seen)
        numbers = {name: sizes(self.case.format, values, expected(LINE)[name]) for name, values in seen.items()}
        contract = contract_of(LINE, self.case.dtype, conventions)
        question = Question(operation, self.case, index, state, conventions, contract)
        if "y" in seen and question.batch_statistics and "shared-statistics" in operation.requirements:
            numbers["y"] = {**numbers["y"], **statistics(question, seen["y"])}
        return {name: Measured(grades[name], numbers[name]) for name in seen}


def outputs_of(case: Case, index: int) -> tuple[str, ...]:
    """Return the outputs of a step that accuracy is measured of: none of a backward after which training went on."""
    step = case.script[index]
    if step.of is not None:
        return () if stale(case, index) else step.wanted
    return ("y", *case.state) if step.verb == "train" else ("y",)


def sizes(output: Format, observed: Array, expected: Expected) -> Numbers:
    """Return how large the error is where something is demanded: in ulp of the largest element, and of its bound.

    The exact error is at least as large: what the enclosure leaves open is taken off. Nothing in ulp of what the
    contract does not determine to one digit: an exact zero, which no layer hits.
    """
    asked = np.isfinite(expected.tolerance)
    if not asked.any():
        return {}
    with np.errstate(all="ignore"):
        error, radius, _ = errors_of(widened(observed), expected, asked)
        least = np.where(np.isinf(error), np.inf, np.maximum(error - radius, 0.0))[asked]
        exact, tolerance = expected.high[asked], expected.tolerance[asked]
        ratio = np.where(least > 0, least / tolerance, 0.0)
    found = {"of_bound": (float(ratio.max()), 1.0)}
    largest, bound = float(np.abs(exact).max()), float(tolerance.max())
    if bound < largest:
        unit = float(ulp(output, np.asarray(largest)))
        found["ulps"] = (float(np.max(least)) / unit, bound / unit)
    return found


def statistics(question: Question, observed: Array) -> Numbers:
    """Return the largest errors of mean and rstd over the groups that y says something of."""
    groups = implied(question, observed)
    names = ("mean", "rstd") if groups else ()
    return {f"{name}_error": max((each.errors[name], each.proved[name]) for each in groups) for name in names}


def _contents(arrays: Results) -> tuple[object, ...]:
    return tuple((name, values.tobytes()) for name, values in arrays.items())
