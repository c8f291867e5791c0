"""The table of habits: each axis of convention that conduct shows, its cases, its variants, what denies them."""

import numpy as np

from normspec.properties.identification.clamps import (
    SHARE,
    gradient_a_number,
    gradient_times,
    short_vectors,
    zero_vectors,
)
from normspec.properties.identification.denials import (
    all_single,
    disagreeing,
    elsewhere_a_number,
    not_broadcast,
    not_in_backward,
    not_in_forward,
    not_left_out,
    not_nan,
    not_poisoned,
    other_alone,
    unlike,
    unmoved,
    unrefused,
)
from normspec.properties.identification.edges import (
    batches,
    empty,
    frozen,
    moving,
    negative,
    not_a_number,
    nothing,
    short,
    single,
    wide_enough,
)
from normspec.properties.identification.habit import Habit, of_specification
from normspec.properties.identification.sharing import (
    GRADE,
    as_if,
    averaged,
    beyond_grade,
    cancelling,
    given_statistics,
    integers_answered,
    integers_kept_whole,
    integers_not_promoted,
    no_average,
    not_repeated,
    per_channel,
    per_group,
    whole_numbers,
)
from normspec.spec.conventions import CONVENTIONS

HABITS = (
    Habit(
        "single_element",
        CONVENTIONS["single_element"].statement,
        single,
        {
            **of_specification("single_element", refuse=unrefused, zero=disagreeing, nan=not_nan),
            "inf": ("y is infinite", unlike("y", lambda values: bool(np.isinf(values).all()), "not infinite")),
        },
    ),
    Habit(
        "empty_batch",
        CONVENTIONS["empty_batch"].statement,
        empty,
        of_specification("empty_batch", refuse=unrefused, keep=unmoved, nan=not_poisoned),
    ),
    Habit(
        "negative_epsilon",
        CONVENTIONS["negative_epsilon"].statement,
        negative,
        of_specification("negative_epsilon", refuse=unrefused, accept=disagreeing),
    ),
    Habit(
        "nan",
        CONVENTIONS["nan"].statement,
        not_a_number,
        of_specification("nan", propagate=elsewhere_a_number, ignore=not_left_out, refuse=unrefused),
    ),
    Habit(
        "short_parameters",
        "What happens to a gamma of one element where several are due.",
        short,
        {"refuse": ("refused", unrefused), "broadcast": ("it holds for all", not_broadcast)},
    ),
    Habit(
        "batch_invariance",
        "Whether a sample alone has the same bits as in a batch.",
        batches,
        {
            "bitwise": ("the same bits, whatever is beside it", other_alone),
            "differs": ("not always the same bits", lambda tried: ""),
        },
        note="the same bits in all {trials} cases, which proves it for no other",
    ),
    Habit(
        "statistics_move",
        "When the running statistics move.",
        moving,
        {"forward": ("in the forward", not_in_forward), "backward": ("in the backward", not_in_backward)},
    ),
    Habit(
        "zero_norm",
        "What becomes of a group without spread, or of norm 0, where no epsilon is added.",
        nothing,
        {
            "zero": ("y is 0", unlike("y", lambda values: bool((values == 0).all()), "not 0")),
            "nan": ("y is NaN", not_nan),
            "refuse": ("refused", unrefused),
        },
    ),
    Habit(
        "float64_arithmetic",
        "What float64 input is computed in.",
        wide_enough,
        {
            "float64": ("float64", disagreeing),
            "float32": ("float32, under the name of float64", unlike("y", all_single, "which float32 does not hold")),
        },
        dtype="float64",
    ),
    Habit(
        "momentum_none",
        "What happens without a momentum.",
        averaged,
        {
            "average": ("the running mean is that of all batches alike (PyTorch)", no_average(None)),
            "keep": ("nothing moves", no_average(0.0)),
            "last": ("the running mean is that of the last batch", no_average(1.0)),
        },
    ),
    Habit(
        "inference_statistics",
        "Which statistics a layer that has running ones normalizes with in inference.",
        given_statistics,
        {"running": ("the running ones", as_if("infer")), "own": ("those of its input", as_if("train"))},
    ),
    Habit(
        "frozen_layer",
        "What a frozen layer does that is told to train, where its adapter can freeze it.",
        frozen,
        {
            "infer": ("it infers", as_if("infer")),
            "train": ("it trains, and only its parameters stay", as_if("train")),
        },
    ),
    Habit(
        "affine_sharing",
        "How many elements the parameters of a group norm have.",
        per_group,
        {
            "channel": ("one for each channel; others are refused", unrefused),
            "group": ("one for each group (ONNX's GroupNormalization 18)", not_repeated),
        },
    ),
    Habit(
        "affine_sharing",
        "How many elements the parameters of a layer norm over whole samples have.",
        per_channel,
        {
            "element": ("one for each element; others are refused", unrefused),
            "channel": ("one for each channel", not_repeated),
        },
    ),
    Habit(
        "variance_formula",
        "How the variance is computed.",
        cancelling,
        {
            "centred": ("from deviations from the mean, or by Welford's recurrence", beyond_grade(GRADE)),
            "one_pass": ("E[x²] - E[x]², in the format of the statistics", beyond_grade("C")),
        },
        note="no error beyond that of centred sums in {trials} cases; one pass in a wider format fits as well",
    ),
    Habit(
        "integer_input",
        "What happens to an x of integers.",
        whole_numbers,
        {
            "refuse": ("refused (PyTorch, ONNX)", integers_answered),
            "promote": ("taken for the same numbers in floating point", integers_not_promoted),
            "truncate": ("y has whole numbers, too: what lies between is cut off", integers_kept_whole),
        },
        in_process=True,
    ),
    Habit(
        "clamped_gradient",
        "What the gradient is where a norm is below epsilon.",
        short_vectors,
        {
            "constant": ("the divisor is the constant epsilon (PyTorch)", gradient_times(1)),
            "followed": ("the divisor is epsilon, but has the gradient of the norm", gradient_times(1 - SHARE)),
            "replaced": ("that of an unclamped norm, with epsilon in its place", gradient_times(1 - SHARE**2)),
            "zero": ("0", gradient_times(0, 0)),
        },
    ),
    Habit(
        "zero_norm_gradient",
        "What the gradient is at a vector of zeros.",
        zero_vectors,
        {
            "constant": ("dy over epsilon (PyTorch)", gradient_times(1)),
            "zero": ("0", gradient_times(0, 0)),
            "nan": ("NaN", gradient_a_number),
        },
    ),
)
