"""Implementations that do their worst, each named for what it does. Asked in a process of their own, or not at all."""

import ctypes
import os
import signal
import sys
import time
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.implementations.numpy.batch_norm import TWO_PASS

FE_UPWARD = 0x800 if os.uname().machine == "x86_64" else 0x400000
_calls = count()


class _Acting:
    """A layer whose every forward ends in `act`, which gets x and y and returns what is taken for y; its copies too."""

    def __init__(self, layer: Any, act: Any) -> None:
        self.layer, self.act = layer, act

    def forward(self, x: Any, *, training: bool) -> Any:
        return self.act(x, self.layer.forward(x, training=training))

    def copy(self) -> "_Acting":
        return _Acting(self.layer.copy(), self.act)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)


def _hostile(name: str, act: Any) -> Implementation:
    return replace(TWO_PASS, name=name, create=lambda case: _Acting(TWO_PASS.create(case), act))


def _dies_by_a_signal(x: Any, y: Any) -> Any:
    os.kill(os.getpid(), signal.SIGSEGV)
    return y


def _aborts(x: Any, y: Any) -> Any:
    os.abort()


def _exits(x: Any, y: Any) -> Any:
    print("no more of this", file=sys.stderr, flush=True)
    os._exit(3)


def _calls_exit(x: Any, y: Any) -> Any:
    sys.exit("goodbye")


def _interrupts(x: Any, y: Any) -> Any:
    raise KeyboardInterrupt


def _hangs(x: Any, y: Any) -> Any:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(1000)


def _eats_memory(x: Any, y: Any) -> Any:
    kept = [np.empty(2**23) for _ in range(1000)]
    return y + len(kept)


def _writes_to_stdout(x: Any, y: Any) -> Any:
    print('{"id": "1", "returned": []}', flush=True)
    os.write(1, b"\x00\xff garbage without an end")
    return y


def _babbles_everywhere(x: Any, y: Any) -> Any:
    for number in range(3, 64):
        try:
            os.write(number, b"\x00<garbage>\n")
        except OSError:
            continue
    return y


def _returns_rubbish(x: Any, y: Any) -> Any:
    return {"y": "<b>42</b>"}


def _returns_nan(x: Any, y: Any) -> Any:
    return y * np.nan


def _returns_float64(x: Any, y: Any) -> Any:
    return y.astype(np.float64)


def _returns_another_shape(x: Any, y: Any) -> Any:
    return y[..., None]


def _writes_to_x(x: Any, y: Any) -> Any:
    x[...] = 7
    return y


def _is_not_deterministic(x: Any, y: Any) -> Any:
    return y + y.dtype.type(next(_calls) % 2) * np.spacing(y)


def _raises_binary(x: Any, y: Any) -> Any:
    raise IndexError("\x00\x1b[31m]]><script>alert(1)</script>\u202e\udcff" + "z" * 10_000 + "\nsecond line")


def _leaves_children(x: Any, y: Any) -> Any:
    if next(_calls) % 20 == 0 and os.fork() == 0:
        os.setsid()
        time.sleep(1000)
    return y


def _dies_with_a_child_on_the_pipe(x: Any, y: Any) -> Any:
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(9)


def _goes_on_twice(x: Any, y: Any) -> Any:
    if next(_calls) % 10 == 0:
        os.fork()
    return y


def _closes_files(x: Any, y: Any) -> Any:
    os.closerange(0, 256)
    return y


def _rounds_upward(x: Any, y: Any) -> Any:
    ctypes.CDLL(None).fesetround(FE_UPWARD)
    return y


def _patches_numpy(x: Any, y: Any) -> Any:
    np.array = np.concatenate = None  # type: ignore[assignment]
    return y


def _takes_the_signals(x: Any, y: Any) -> Any:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    return y


def _closes_standard_streams(x: Any, y: Any) -> Any:
    for stream in (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.close()
    return y


def _raises_megabytes(x: Any, y: Any) -> Any:
    raise OSError("z" * 10**7)


class _Liar:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class _Lying(np.ndarray):
    dtype = _Liar()  # type: ignore[assignment]


def _lies_about_its_dtype(x: Any, y: Any) -> Any:
    return y.astype(np.float64).view(_Lying)


def _stops_itself(x: Any, y: Any) -> Any:
    os.kill(os.getpid(), signal.SIGSTOP)
    return y


ACTS = (
    _dies_by_a_signal,
    _aborts,
    _exits,
    _calls_exit,
    _interrupts,
    _hangs,
    _eats_memory,
    _writes_to_stdout,
    _babbles_everywhere,
    _returns_rubbish,
    _returns_nan,
    _returns_float64,
    _returns_another_shape,
    _writes_to_x,
    _is_not_deterministic,
    _raises_binary,
    _leaves_children,
    _dies_with_a_child_on_the_pipe,
    _goes_on_twice,
    _closes_files,
    _rounds_upward,
    _patches_numpy,
    _takes_the_signals,
    _closes_standard_streams,
    _raises_megabytes,
    _lies_about_its_dtype,
    _stops_itself,
)

HOSTILE = {act.__name__.strip("_").replace("_", "-"): act for act in ACTS}
ALL = tuple(_hostile(name, act) for name, act in HOSTILE.items())
HEALTHY = replace(TWO_PASS, name="healthy")


def __getattr__(name: str) -> Any:
    """Give one of them by its name, as targets need it."""
    found = {each.name.replace("-", "_"): each for each in ALL}
    if name not in found:
        raise AttributeError(name)
    return found[name]
