"""Batch normalization in NumPy: the two-pass and the Welford form, float32 inside for the smaller formats."""

from functools import partial
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.formulas import Formulas, welford
from normspec.implementations.layouts import LAYOUTS
from normspec.implementations.numpy_layer import NumpyLayer
from normspec.spec.claims import Claims

CLAIMS: dict[str, Any] = {"layouts": tuple(LAYOUTS), "momentum_none": True}

TWO_PASS = Implementation(
    name="numpy-two-pass",
    operation="batch_norm",
    create=partial(NumpyLayer, formulas=Formulas(), declared={}),
    claims=Claims(**CLAIMS),
    refusals=(ValueError,),
    statement="batch norm in NumPy, variance from the deviations from the mean (two-pass)",
)

WELFORD = Implementation(
    name="numpy-welford",
    operation="batch_norm",
    create=partial(NumpyLayer, formulas=Formulas(statistics=welford), declared={}),
    claims=Claims(**CLAIMS, grade="B3"),
    refusals=(ValueError,),
    statement="batch norm in NumPy, variance by Welford's recurrence and Chan's merging (one pass)",
)

NUMPY = (TWO_PASS, WELFORD)
