"""One forward of a layer on an x of any type, and y as it comes: whether that is an answer, others judge."""

import warnings
from typing import Any

from normspec.implementations.ask import refused_or_crashed
from normspec.implementations.contract import Implementation
from normspec.spec.case import Case
from normspec.spec.formats import Array


def unjudged(implementation: Implementation, case: Case, x: Array) -> Any:
    """Return what the layer that a case asks for makes of x in training, or the refusal or crash that comes of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return implementation.create(case).forward(x, training=True)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return refused_or_crashed(error, implementation, 0)
