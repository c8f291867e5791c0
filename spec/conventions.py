"""The choices in which correct implementations legitimately differ. Each is declared, never a defect in itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Convention:
    """One axis of choice: what is chosen, the variants with their meaning, and the one taken when nothing is said."""

    name: str
    statement: str
    variants: Mapping[str, str]
    default: str


def _convention(name: str, statement: str, default: str, **variants: str) -> Convention:
    return Convention(name, statement, MappingProxyType(variants), default)


CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        convention.name: convention
        for convention in (
            _convention(
                "momentum",
                "Which side of the running average momentum weighs.",
                "weighs_new",
                weighs_new="running = (1 - momentum) * running + momentum * batch (PyTorch, cuDNN)",
                weighs_old="running = momentum * running + (1 - momentum) * batch (Keras, Flax, ONNX)",
            ),
            _convention(
                "initial_value",
                "Whether the running statistics that a layer starts with have a weight in the running average.",
                "weighed",
                weighed="what the weights of the batches leave of 1: less after every step (PyTorch, Keras, Flax)",
                debiased="none: the average is divided by the sum of the weights of the batches so far (Adam)",
            ),
            _convention(
                "running_variance",
                "Which estimator of the variance enters the running average; y always uses the biased one.",
                "unbiased",
                unbiased="m / (m - 1) times the biased variance (PyTorch)",
                biased="the biased variance (Keras, Flax, ONNX)",
            ),
            _convention(
                "single_element",
                "What happens in training when a group has one element.",
                "refuse",
                refuse="the input is refused (PyTorch)",
                zero="xhat is 0, so y is beta (Keras, Flax)",
                nan="y is NaN",
            ),
            _convention(
                "empty_batch",
                "What happens in training when there is no element.",
                "keep",
                keep="y is empty and the running statistics stay (PyTorch)",
                refuse="the input is refused",
                nan="y is empty and the running statistics are NaN from then on (Keras, ONNX)",
            ),
            _convention(
                "negative_epsilon",
                "What happens when epsilon is negative.",
                "refuse",
                refuse="refused",
                accept="taken as it is",
            ),
            _convention(
                "nan",
                "What happens in training when an element is NaN.",
                "propagate",
                propagate="y of its group is NaN",
                ignore="it takes no part in the statistics, and stays where it is (StandardScaler in scikit-learn)",
                refuse="the input is refused (normalize in scikit-learn)",
            ),
            _convention(
                "epsilon_place",
                "Where epsilon stands.",
                "inside",
                inside="under the square root, added to the variance or the mean square (PyTorch, Keras, Flax)",
                added="added to the standard deviation or the root mean square, outside the square root",
            ),
            _convention(
                "statistics_dtype",
                "The format in which the statistics of half-precision input are kept between reduction and use.",
                "wide",
                wide="float32 or wider",
                input="the format of the input",
            ),
            _convention(
                "residual_sum",
                "The format in which x and the residual are added before they are normalized.",
                "wide",
                wide="float32 or wider (fused kernels)",
                input="the format of the input (an addition, then the layer)",
            ),
            _convention(
                "deviation",
                "The divisor of the sum of squares in a z-score.",
                "population",
                population="m, the number of elements (scikit-learn)",
                sample="m - 1 (pandas, R)",
            ),
            _convention(
                "scale_form",
                "What multiplies the normalized input.",
                "gamma",
                gamma="gamma (PyTorch, Llama)",
                offset="1 + gamma (Gemma)",
            ),
            _convention(
                "cast_order",
                "Where the normalized input is rounded to the format of the output.",
                "after_scale",
                after_scale="once, after it was multiplied by gamma (PyTorch, Gemma)",
                before_scale="before it is multiplied by gamma in that format (Llama)",
            ),
        )
    }
)


def settle(names: tuple[str, ...], declared: Mapping[str, str]) -> Mapping[str, str]:
    """Return the value of each named convention: the declared one, else the default.

    Raises ValueError for a convention or a variant that does not exist.
    """
    for name, variant in declared.items():
        if name not in names:
            raise ValueError(f"convention {name!r} is not one of this operation's: choose from {', '.join(names)}")
        if variant not in CONVENTIONS[name].variants:
            choices = ", ".join(CONVENTIONS[name].variants)
            raise ValueError(f"{name}={variant!r} is no variant of this convention: choose from {choices}")
    return MappingProxyType({name: declared.get(name, CONVENTIONS[name].default) for name in names})
