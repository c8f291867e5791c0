"""One forward of a layer on an x of any type, and y as it comes: whether that is an answer, others judge."""

import warnings
from typing import Any

from normspec.implementations.ask import is_refusal, message_of
from normspec.implementations.contract import Implementation
from normspec.spec.case import Case
from normspec.spec.formats import Array
from normspec.spec.outcome import Crashed, Refused


def unjudged(implementation: Implementation, case: Case, x: Array) -> Any:
    """Return what the layer that a case asks for makes of x in training, or the refusal or crash that comes of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return implementation.create(case).forward(x, training=True)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        kind = Refused if is_refusal(error, implementation) else Crashed
        return kind(0, f"{type(error).__name__}: {message_of(error)}")
