"""The operations of the family in NumPy, in each of its algorithms; float32 inside for the smaller formats."""

from functools import partial

from normspec.implementations.contract import Implementation
from normspec.implementations.layouts import LAYOUTS
from normspec.implementations.numpy.fold import FOLD
from normspec.implementations.numpy.formulas import (
    Formulas,
    ddx_direction,
    ddx_rescaled,
    dx_direction,
    dx_rescaled,
    dx_sample,
    mean_square,
    sharded,
    sum_of_squares,
    two_pass_sample,
    welford,
)
from normspec.implementations.numpy.layer import NumpyLayer
from normspec.implementations.numpy.others import OTHERS
from normspec.implementations.numpy.renorm import RenormLayer
from normspec.implementations.numpy.scalers import SCALERS
from normspec.spec.claims import Claims, beyond, claims_for
from normspec.spec.operations import OPERATIONS

DEVIATIONS = Formulas()
RECURRENCE = Formulas(statistics=welford)
ROOT_MEAN_SQUARE = Formulas(statistics=mean_square, dx_training=dx_rescaled, ddx=ddx_rescaled)
NORM = Formulas(statistics=sum_of_squares, dx_training=dx_direction, ddx=ddx_direction)

SHARDS = Formulas(statistics=sharded)
SAMPLE = Formulas(statistics=two_pass_sample, dx_training=dx_sample)

CENTRED = ("batch_norm", "layer_norm", "instance_norm", "group_norm", "add_layer_norm")
ONCE = ("double_backward", "jvp")
"""What is not derived where values are rounded on the way."""

PARAMETERLESS = ("weight_standardization", "standardize")


def layer(
    name: str,
    operation: str,
    formulas: Formulas,
    statement: str,
    grade: str = "B1",
    of: type[NumpyLayer] = NumpyLayer,
    **declared: str,
) -> Implementation:
    """Return an implementation made of formulas, which declares the conventions that it follows."""
    spec = OPERATIONS[operation]
    return Implementation(
        name=name,
        operation=operation,
        create=partial(of, formulas=formulas, declared=declared),
        claims=claims_for(
            spec,
            verbs=(*Claims().verbs, *beyond(spec, without=ONCE if "cast_order" in declared else ())),
            layouts=tuple(LAYOUTS),
            momentum_none=bool(spec.state),
            conventions=declared,
            grade=grade,
        ),
        refusals=(ValueError,),
        statement=f"{operation} in NumPy, {statement}",
    )


TWO_PASS = tuple(
    layer("numpy-two-pass", name, DEVIATIONS, "variance from the deviations from the mean (two-pass)")
    for name in (*CENTRED, *PARAMETERLESS)
)
WELFORD = tuple(
    layer("numpy-welford", name, RECURRENCE, "variance by Welford's recurrence and Chan's merging (one pass)", "B3")
    for name in (*CENTRED, *PARAMETERLESS)
)
RESCALED = (
    layer("numpy-rescaled", "rms_norm", ROOT_MEAN_SQUARE, "gamma times the rescaled input"),
    layer("numpy-rescaled-offset", "rms_norm", ROOT_MEAN_SQUARE, "1 + gamma times the input", scale_form="offset"),
    layer("numpy-rescaled-cast", "rms_norm", ROOT_MEAN_SQUARE, "rounded before gamma", cast_order="before_scale"),
    layer("numpy-rescaled", "add_rms_norm", ROOT_MEAN_SQUARE, "added and rescaled"),
    layer("numpy-direction", "weight_norm", NORM, "gamma times the direction"),
)
VARIANTS = (
    layer("numpy-sharded", "batch_norm", SHARDS, "three unequal shards, merged (synchronized batch norm)", "B3"),
    layer("numpy-sample", "standardize", SAMPLE, "divisor m - 1", deviation="sample"),
    layer("numpy-rounded-sum", "add_layer_norm", DEVIATIONS, "the sum rounded first", residual_sum="input"),
    layer("numpy-renormalized", "batch_renorm", DEVIATIONS, "corrected towards the running statistics", of=RenormLayer),
)
NUMPY = (*TWO_PASS, *WELFORD, *RESCALED, *VARIANTS, *OTHERS, *SCALERS, FOLD)
