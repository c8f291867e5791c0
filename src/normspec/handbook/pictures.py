"""One picture for each convention: the same question, answered by each variant."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from normspec.handbook import variants
from normspec.handbook.charts import Chart, Place, Series
from normspec.spec.conventions import CONVENTIONS

ELSEWHERE = {"refuse": "an error", "nan": "NaN", "propagate": "NaN"}
"""What comes of a variant where there is nothing to draw."""


@dataclass(frozen=True)
class Picture:
    """A question: what a variant answers to it, its title, the names of the axes and their ends."""

    answer: Callable[[str], Sequence[Place]]
    title: str
    axes: tuple[str, str]
    x: Place
    y: Place
    joined: bool = True


def chart(name: str) -> Chart:
    """Return the picture of a convention, with a series for each of its variants. Raises KeyError for one without."""
    asked = PICTURES[name]
    names = CONVENTIONS[name].variants
    series = tuple(Series(each, asked.answer(each), asked.joined, ELSEWHERE.get(each, "")) for each in names)
    return Chart(asked.title, *asked.axes, series, asked.x, asked.y)


PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        "momentum": Picture(
            variants.momentum,
            "Running mean with momentum = 0.1, when the mean of the batches goes from 0 to 1",
            ("batches seen", "running mean"),
            x=(0, variants.STEPS),
            y=(0, 1),
        ),
        "initial_value": Picture(
            variants.initial_value,
            "Running mean with momentum = 0.1 from 0 on, when the mean of every batch is 1",
            ("batches seen", "running mean"),
            x=(0, variants.STEPS),
            y=(0, 1),
        ),
        "running_variance": Picture(
            variants.running_variance,
            "What a variance of 1 adds to the running variance",
            ("m, the size of the group", "variance"),
            x=(0, 24),
            y=(0, 2),
            joined=False,
        ),
        "single_element": Picture(
            variants.single_element,
            "y of a group of one element, with beta = 0",
            ("x", "y"),
            x=(-3, 3),
            y=(-1, 1),
        ),
        "empty_batch": Picture(
            variants.empty_batch,
            "Running mean when the third of five batches of mean 2 is empty (momentum = 0.5)",
            ("batches seen", "running mean"),
            x=(0, 5),
            y=(0, 2),
        ),
        "nan": Picture(
            variants.nan,
            "y of −2, −1, 1 and 2, which have a NaN beside them",
            ("x", "y"),
            x=(-3, 3),
            y=(-2, 2),
            joined=False,
        ),
        "negative_epsilon": Picture(
            variants.negative_epsilon,
            "y of the upper one of x = −1 and 1, whose variance is 1",
            ("epsilon", "y"),
            x=(-1, 2),
            y=(0, 2.5),
        ),
        "statistics_dtype": Picture(
            variants.statistics_dtype,
            "Error of the normalized elements of seven float16 numbers that are at most 2.75 apart",
            ("the smallest of them", "largest error"),
            x=(0, 64),
            y=(0, 0.05),
        ),
        "epsilon_place": Picture(
            variants.epsilon_place,
            "Standard deviation of y for epsilon = 1",
            ("standard deviation of x", "that of y"),
            x=(0, 4),
            y=(0, 1),
        ),
        "residual_sum": Picture(
            variants.residual_sum,
            "x + residual for x = 1 in float16",
            ("residual", "sum"),
            x=(0, 0.02),
            y=(1, 1.02),
        ),
        "deviation": Picture(
            variants.deviation,
            "Mean square of the z-scores",
            ("m, the number of elements", "mean square"),
            x=(0, 24),
            y=(0, 1.2),
            joined=False,
        ),
        "scale_form": Picture(
            variants.scale_form,
            "What a normalized input of 1 becomes",
            ("gamma as it is stored", "y"),
            x=(-2, 2),
            y=(-2, 3),
        ),
        "cast_order": Picture(
            variants.cast_order,
            "Error of y in bfloat16, gamma = 1.2890625",
            ("normalized input", "error in units of 2⁻⁷"),
            x=(1, 2),
            y=(0, 1.5),
        ),
    }
)
"""By the name of the convention."""
