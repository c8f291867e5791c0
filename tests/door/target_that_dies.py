"""A target that takes its process with it, on float32 alone."""

import os
import signal

import numpy as np

from normspec.implementations.contract import Implementation
from normspec.implementations.numpy.batch_norm import TWO_PASS


def _create(case):
    if case.format.dtype == np.float32:
        os.kill(os.getpid(), signal.SIGKILL)
    return TWO_PASS.create(case)


DYING = Implementation("dying", "batch_norm", _create, TWO_PASS.claims)
