"""What came back from an implementation, as a value: a misbehaving plug-in is an outcome, never the suite's crash."""

from collections.abc import Mapping
from dataclasses import dataclass

from normspec.spec.formats import Array


@dataclass(frozen=True, eq=False)
class Returned:
    """Every step answered with arrays of the right kind.

    A forward step holds y and the running statistics after it, where they are tracked; a backward step holds the
    gradients wanted of it. mutated names the arrays that were handed over and did not come through the script
    unchanged, such as "step 0: x" or "gamma".
    """

    steps: tuple[Mapping[str, Array], ...]
    mutated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """The implementation said no, with a message.

    step is the index that it stopped at, -1 while the layer was built; None where that is not known.
    """

    step: int | None
    message: str


@dataclass(frozen=True)
class Crashed:
    """The implementation failed in a way that no caller can take for a refusal."""

    step: int | None
    message: str


@dataclass(frozen=True)
class TimedOut:
    """The implementation did not answer in time."""

    step: int | None
    message: str


@dataclass(frozen=True)
class Malformed:
    """The implementation answered with something that is no answer: wrong type, shape, dtype or name."""

    step: int | None
    message: str


Failure = Refused | Crashed | TimedOut | Malformed
Outcome = Returned | Failure


class GivenUpError(Exception):
    """An implementation has cost too much, and is not asked any more: of this case there is no outcome."""
