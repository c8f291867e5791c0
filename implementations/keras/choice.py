"""The back-end that Keras runs on in a process. It is chosen once, before Keras is imported."""

import os
import sys
from importlib.util import find_spec
from typing import Any

CHOICE = "KERAS_BACKEND"
BACKENDS = ("torch", "jax")


def choose(backend: str = "") -> None:
    """Choose the back-end that Keras runs on in this process: the one named, or one that is installed.

    Raises ValueError where Keras runs on another one already, or where there is no adapter for it.
    """
    if backend and backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} has no adapter: choose from {', '.join(BACKENDS)}")
    loaded: Any = sys.modules.get("keras")
    if loaded is not None:
        running = loaded.backend.backend()
        if backend not in ("", running):
            raise ValueError(f"Keras runs on {running} in this process: put isolated: in front for one of its own")
        return
    installed = next((name for name in BACKENDS if find_spec(name)), BACKENDS[0])
    os.environ[CHOICE] = backend or os.environ.get(CHOICE) or installed
