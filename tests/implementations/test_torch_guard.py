"""A step that may end the process is tried in a copy: one that ends, one that goes on, one that never comes back."""

import os
import threading
from collections.abc import Callable

import pytest

from normspec.implementations.torch import guard
from normspec.implementations.torch.guard import FatalError, GuardedLayer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be copied here")


class Layer:
    """A layer with nothing but a backward."""

    def __init__(self, backward: Callable[[], object]) -> None:
        self.backward = lambda step, cotangent, wanted: backward()
        self.forward = self.state = None


def asked(backward: Callable[[], object]) -> object:
    """Return what a guarded layer answers where dgamma alone is wanted."""
    return GuardedLayer(Layer(backward)).backward(0, None, ("dgamma",))  # type: ignore[arg-type]


def test_a_step_that_ends_its_process_is_told() -> None:
    with pytest.raises(FatalError, match="is ended by SIGABRT"):
        asked(os.abort)


def test_a_step_that_goes_on_is_taken() -> None:
    assert asked(lambda: {"dgamma": 1}) == {"dgamma": 1}


def test_a_copy_that_waits_for_a_thread_it_does_not_have_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LONGEST", 1)
    with pytest.raises(FatalError, match="does not end within 1 s"):
        asked(threading.Event().wait)
