"""Laws of agreement: a result lies in the enclosure of the exact one, widened by the tolerance."""

from normspec.properties.features import stale
from normspec.properties.law import Law
from normspec.properties.laws.judging import agreement
from normspec.properties.trial import Trial
from normspec.properties.verdict import Judgement
from normspec.spec.case import SECOND


def output(trial: Trial) -> Judgement:
    """Judge y in training and in inference, where both are the same."""
    return agreement(trial, trial.normalizing, ("y", *trial.operation.further))


def training_output(trial: Trial) -> Judgement:
    """Judge y in training."""
    return agreement(trial, trial.indices("train"), ("y",))


def inference_output(trial: Trial) -> Judgement:
    """Judge y in inference."""
    return agreement(trial, trial.indices("infer"), ("y",))


def running_mean(trial: Trial) -> Judgement:
    """Judge one step of the running mean."""
    return agreement(trial, trial.indices("train"), ("running_mean",))


def running_variance(trial: Trial) -> Judgement:
    """Judge one step of the running variance."""
    return agreement(trial, trial.indices("train"), ("running_var",))


def running_count(trial: Trial) -> Judgement:
    """Judge the count of all that was seen."""
    return agreement(trial, trial.indices("train"), ("running_count",))


def running_range(trial: Trial) -> Judgement:
    """Judge the least and the greatest of all that was seen."""
    return agreement(trial, trial.indices("train"), ("running_min", "running_max"))


def input_gradient(trial: Trial) -> Judgement:
    """Judge dx where the statistics are the input's own."""
    return agreement(trial, _fresh(trial), ("dx",))


def gamma_gradient(trial: Trial) -> Judgement:
    """Judge dgamma where the statistics are the input's own."""
    return agreement(trial, _fresh(trial), ("dgamma",))


def beta_gradient(trial: Trial) -> Judgement:
    """Judge dbeta in training and in inference, where it is the same sum."""
    fresh = [index for index in trial.indices("backward") if not stale(trial.case, index)]
    return agreement(trial, fresh, ("dbeta",))


def other_gradients(trial: Trial) -> Judgement:
    """Judge the gradient of every input beside x that is no gamma and no beta."""
    others = tuple(f"d{name}" for name in trial.operation.parameters if name not in ("gamma", "beta"))
    return agreement(trial, _fresh(trial), others)


def double_backward(trial: Trial) -> Judgement:
    """Judge the second order: the cotangents of dy, x and gamma where dx has one."""
    seconds = [index for index in _fresh(trial) if trial.case.script[index].direction is not None]
    return agreement(trial, seconds, SECOND)


def forward_mode(trial: Trial) -> Judgement:
    """Judge the tangent of y, in training and in inference."""
    return agreement(trial, trial.indices("jvp"), ("ty",))


def inference_gradients(trial: Trial) -> Judgement:
    """Judge dx and dgamma in inference."""
    inferred = [i for i in trial.indices("backward") if not trial.own(i) and not stale(trial.case, i)]
    return agreement(trial, inferred, ("dx", "dgamma"))


def saved_values(trial: Trial) -> Judgement:
    """Judge the gradients of a forward step after which the layer has been trained further."""
    stale_ones = [index for index in trial.indices("backward") if stale(trial.case, index)]
    return agreement(trial, stale_ones, ("dx", "dgamma", "dbeta"))


def _fresh(trial: Trial) -> tuple[int, ...]:
    """Return the backward steps of own statistics that no training came before: the others are saved_values'."""
    return tuple(i for i in trial.normalizing_backwards if not (trial.operation.state and stale(trial.case, i)))


LAWS = (
    Law("output", output),
    Law("training-output", training_output),
    Law("inference-output", inference_output, needs=("infer",)),
    Law("running-mean", running_mean),
    Law("running-variance", running_variance),
    Law("running-count", running_count),
    Law("running-range", running_range),
    Law("dx", input_gradient, needs=("train", "backward")),
    Law("dgamma", gamma_gradient, needs=("train", "backward", "dgamma")),
    Law("dbeta", beta_gradient, needs=("backward", "dbeta")),
    Law("other-gradients", other_gradients, needs=("train", "backward")),
    Law("double-backward", double_backward, needs=("train", "backward", "double_backward"), streams=("small",)),
    Law("forward-mode", forward_mode, needs=("train", "jvp"), streams=("tangents",)),
    Law("inference-gradients", inference_gradients, needs=("infer", "backward")),
    Law("saved-values", saved_values, needs=("train", "backward"), streams=("small",)),
)
