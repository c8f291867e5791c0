"""Batch normalization in NumPy, by name: the two-pass and the Welford form."""

from normspec.implementations.numpy.family import TWO_PASS as TWO_PASSES
from normspec.implementations.numpy.family import WELFORD as WELFORDS

TWO_PASS, WELFORD = (
    next(each for each in layers if each.operation == "batch_norm") for layers in (TWO_PASSES, WELFORDS)
)
NUMPY = (TWO_PASS, WELFORD)
