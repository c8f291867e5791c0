"""Laws of agreement: a result lies in the enclosure of the exact one, widened by the tolerance."""

from normspec.properties.features import stale
from normspec.properties.law import Law
from normspec.properties.laws.judging import agreement
from normspec.properties.trial import Trial
from normspec.properties.verdict import Judgement


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


def input_gradient(trial: Trial) -> Judgement:
    """Judge dx in training."""
    return agreement(trial, _fresh(trial, "train"), ("dx",))


def gamma_gradient(trial: Trial) -> Judgement:
    """Judge dgamma in training."""
    return agreement(trial, _fresh(trial, "train"), ("dgamma",))


def beta_gradient(trial: Trial) -> Judgement:
    """Judge dbeta in training and in inference, where it is the same sum."""
    return agreement(trial, (*_fresh(trial, "train"), *_fresh(trial, "infer")), ("dbeta",))


def inference_gradients(trial: Trial) -> Judgement:
    """Judge dx and dgamma in inference."""
    return agreement(trial, _fresh(trial, "infer"), ("dx", "dgamma"))


def saved_values(trial: Trial) -> Judgement:
    """Judge the gradients of a forward step after which the layer has been trained further."""
    stale_ones = [index for index in trial.indices("backward") if stale(trial.case, index)]
    return agreement(trial, stale_ones, ("dx", "dgamma", "dbeta"))


def _fresh(trial: Trial, verb: str) -> tuple[int, ...]:
    """Return the backward steps before which the layer was not trained again: the others are saved_values'."""
    return tuple(index for index in trial.backwards(verb) if not stale(trial.case, index))


LAWS = (
    Law("training-output", training_output),
    Law("inference-output", inference_output, needs=("infer",)),
    Law("running-mean", running_mean),
    Law("running-variance", running_variance),
    Law("dx", input_gradient, needs=("train", "backward")),
    Law("dgamma", gamma_gradient, needs=("train", "backward")),
    Law("dbeta", beta_gradient, needs=("backward",)),
    Law("inference-gradients", inference_gradients, needs=("infer", "backward")),
    Law("saved-values", saved_values, needs=("train", "backward"), streams=("small",)),
)
