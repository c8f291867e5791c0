"""Steps that are known to end the whole process are first taken by a copy of it.

torch 2.13 writes dx through a null pointer in the backward of group_norm for channels_last input, where only the
parameters' gradients are asked for.
"""

import faulthandler
import os
import signal
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from normspec.implementations.contract import Instance
from normspec.spec.case import Case
from normspec.spec.formats import Array

LONGEST = 60
"""Seconds after which a copy is given up."""


class FatalError(Exception):
    """A step would end the process."""


class GuardedLayer:
    """A layer whose backward is first tried in a copy of this process, where it is asked for gradients without dx."""

    def __init__(self, layer: Instance) -> None:
        self.forward, self.state = layer.forward, layer.state
        self.layer = layer

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return the wanted gradients. Raises FatalError where asking for them ends a process."""
        asked = partial(self.layer.backward, step, cotangent, wanted)
        ended_by = 0 if "dx" in wanted else _signal_of(asked)
        if ended_by == signal.SIGALRM:
            raise FatalError(f"a copy of the process that takes the step does not end within {LONGEST} s")
        if ended_by:
            raise FatalError(f"the process is ended by {signal.Signals(ended_by).name}")
        return asked()

    def copy(self) -> "GuardedLayer":
        """Return a guarded copy of the layer."""
        return GuardedLayer(self.layer.copy())  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        """Return what else the layer has, as it is."""
        return getattr(self.layer, name)


def guarded(create: Callable[..., Instance]) -> Callable[..., Instance]:
    """Return a builder of layers that guards those cases."""

    def build(case: Case, **setting: str) -> Instance:
        layer = create(case, **setting)
        return GuardedLayer(layer) if dangerous(case) and setting.get("device", "cpu") == "cpu" else layer

    return build


def dangerous(case: Case) -> bool:
    """Return whether a case may end the process: group norm, channels_last, and a backward without dx."""
    wanted = [step.wanted for step in case.script if step.verb == "backward"]
    may_lie_so = case.layout != "contiguous"
    return case.operation == "group_norm" and may_lie_so and any("dx" not in each for each in wanted)


def _signal_of(step: Callable[[], object]) -> int:
    """Return by which signal a copy of this process is ended that takes the step, 0 where it goes on.

    A copy that waits for a thread which was not copied is ended by SIGALRM.
    """
    if not hasattr(os, "fork"):
        return 0
    with warnings.catch_warnings():  # of threads that are not copied: a copy that waits for one is given up
        warnings.filterwarnings("ignore", r"(?s).*\bfork\b", RuntimeWarning)
        warnings.filterwarnings("ignore", r"(?s).*\bfork\b", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _take(step)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _take(step: Callable[[], object]) -> None:
    """Take the step in the copy, and end it without a word, whatever happens."""
    try:
        faulthandler.disable()  # the parent's would print its stack
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LONGEST)
        step()
    finally:
        os._exit(0)
