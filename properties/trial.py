"""A trial: one case, what the implementation made of it, and what the specification expects, each found once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.properties.recollection import recollected
from normspec.spec.case import Case
from normspec.spec.contracts import contract_of
from normspec.spec.expectation import Expected, expect
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS, Operation
from normspec.spec.outcome import GivenUpError, Outcome, Returned
from normspec.spec.partition import Partition, Shape
from normspec.spec.question import Question
from normspec.spec.workspace import Workspace

Results = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Trial:
    """One case put to one implementation. Nothing is computed before a law looks at it.

    found holds the expectations worked out so far, workspace what was made on the way; a trial and its variants share
    them. keys has this trial's own by the number of the step. answered is the outcome where it is known: that of one
    layer's steps, of several. observed says that its accuracy is noted, for which all formulas are needed.
    """

    implementation: Implementation
    case: Case
    found: dict[bytes, Mapping[str, Expected]] = field(default_factory=dict)
    answered: Outcome | None = None
    keys: dict[int, bytes] = field(default_factory=dict)
    workspace: Workspace = field(default_factory=Workspace)
    observed: bool = True

    @property
    def operation(self) -> Operation:
        """Return the operation that the case is about."""
        return OPERATIONS[self.case.operation]

    @cached_property
    def conventions(self) -> Mapping[str, str]:
        """Return every convention of the operation as the implementation declares it."""
        return self.operation.settled(self.implementation.claims.conventions)

    @cached_property
    def outcome(self) -> Outcome:
        """Return what the implementation answered. Raises GivenUpError where it is not asked any more."""
        return self.answered or ask(self.implementation, self.case)

    @property
    def steps(self) -> tuple[Results, ...]:
        """Return what every step gave; nothing where the implementation did not answer, or was not asked."""
        try:
            return self.outcome.steps if isinstance(self.outcome, Returned) else ()
        except GivenUpError:
            return ()

    def expected(self, index: int, *, alone: bool = False) -> Mapping[str, Expected]:
        """Return what step `index` must give, from the running statistics observed before it.

        alone: it may have the tolerance of the first formula alone, where that of all is not settled yet.
        """
        if alone and not self.settled(index):
            return self._found(self.key(index) + b"alone", index, self.state_of(index), alone=True)
        return self._found(self.key(index), index, self.state_of(index))

    def expected_from(self, index: int, state: Results) -> Mapping[str, Expected]:
        """Return what step `index` must give, from these running statistics before it."""
        return self._found(self._key(index, state), index, state)

    def _found(self, key: bytes, index: int, state: Results, *, alone: bool = False) -> Mapping[str, Expected]:
        grade = self.implementation.claims.grade

        def work_out() -> Mapping[str, Expected]:
            given = (self.operation, self.case, index, state, self.conventions)
            return expect(*given, grade=grade, alone=alone, workspace=self.workspace)

        if key not in self.found:
            self.found[key] = recollected(key, work_out)
        return self.found[key]

    def derivative(self, index: int) -> bool:
        """Return whether a step gives derivatives, backward or forward."""
        return self.case.script[index].verb in ("backward", "jvp")

    def state_of(self, index: int) -> Results:
        """Return the running statistics that step `index` starts from: those before its forward step."""
        of = self.case.script[index].of
        return self.state_before(index if of is None else of)

    def settled(self, index: int) -> bool:
        """Return whether a step is worked out by all formulas, or is to be: forward steps of what is observed are."""
        return self.known(index) or (self.observed and not self.derivative(index))

    def known(self, index: int) -> bool:
        """Return whether it is worked out what step `index` must give, by all formulas."""
        return self.key(index) in self.found

    def key(self, index: int) -> bytes:
        """Return a digest of all that step `index` must give depends on."""
        if index not in self.keys:
            self.keys[index] = self._key(index, self.state_of(index))
        return self.keys[index]

    def question(self, index: int) -> Question:
        """Return step `index` as numbers, with the contract that the implementation is held to."""
        contract = contract_of(self.implementation.claims.grade, self.case.dtype, self.conventions)
        state = self.state_of(index)
        return Question(self.operation, self.case, index, state, self.conventions, contract, workspace=self.workspace)

    @cached_property
    def _rules(self) -> bytes:
        case, claims = self.case, self.implementation.claims
        rules = (case.operation, case.dtype, *self.conventions.values(), claims.grade)
        return repr((rules, sorted(case.attributes.items()))).encode()

    def _key(self, index: int, state: Results) -> bytes:
        case, step = self.case, self.case.script[index]
        forward = step if step.of is None else case.script[step.of]
        trained = [earlier.input.size > 0 for earlier in case.script[:index] if earlier.verb == "train"]
        arrays = {**case.parameters, **state, "x": forward.input}
        if step.cotangent is not None:
            arrays["cotangent"] = step.cotangent
        if step.direction is not None:
            arrays["direction"] = step.direction
        arrays |= {f"tangent of {name}": values for name, values in step.tangents.items()}
        told = blake2b(self._rules, digest_size=20)
        told.update(repr((step.verb, forward.verb, step.wanted, sum(trained))).encode())
        for name, values in arrays.items():
            told.update(f"{name} {values.dtype.num} {values.shape} ".encode() + values.tobytes())
        return told.digest()

    def state_before(self, index: int) -> Mapping[str, Array]:
        """Return the running statistics as they stood before step `index`, as the implementation showed them."""
        for earlier in range(index - 1, -1, -1):
            if self.case.script[earlier].x is not None:
                return {name: self.steps[earlier][name] for name in self.case.state}
        return self.case.state

    def own(self, index: int) -> bool:
        """Return whether a step, or the forward that it is the backward of, normalizes with its input's statistics."""
        step = self.case.script[index]
        forward = step if step.of is None else self.case.script[step.of]
        return forward.verb == "train" or not self.case.state

    @property
    def normalizing(self) -> tuple[int, ...]:
        """Return the positions of the answered forward steps that normalize with their input's statistics."""
        return tuple(index for index in self.indices("train", "infer") if self.own(index))

    @property
    def normalizing_backwards(self) -> tuple[int, ...]:
        """Return the positions of the answered backward steps of such forward steps."""
        return tuple(index for index in self.indices("backward") if self.own(index))

    def groups(self, shape: Shape) -> Partition:
        """Return the partition into groups of an x of this shape."""
        return self.operation.groups(shape, self.case.attributes)

    def blocks(self, shape: Shape) -> Partition:
        """Return the partition into blocks of an x of this shape."""
        return self.operation.blocks(shape, self.case.attributes)

    def indices(self, *verbs: str) -> tuple[int, ...]:
        """Return the positions of the steps with one of these verbs, among the steps that were answered."""
        return tuple(i for i, _ in enumerate(self.steps) if self.case.script[i].verb in verbs)

    def variant(self, case: Case) -> "Trial":
        """Return a trial of another case with the same implementation.

        Raises GivenUpError, as `outcome` does, and where the case is beyond what the implementation claims.
        """
        if beyond := self.implementation.claims.beyond(case):
            raise GivenUpError(f"the variant is beyond the claims: {beyond}")
        other = self.like(case)
        _ = other.outcome
        return other

    def like(self, case: Case, answered: Outcome | None = None) -> "Trial":
        """Return a trial of another case that shares what was worked out for this one."""
        return Trial(self.implementation, case, self.found, answered, workspace=self.workspace, observed=False)
