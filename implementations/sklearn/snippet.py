"""A case as a short program that calls scikit-learn alone. Text only: this file does not import scikit-learn."""

from collections.abc import Callable, Iterator, Mapping

from normspec.implementations.contract import Fact
from normspec.implementations.snippet_text import array, imports, shown, until
from normspec.spec.case import Case, Step
from normspec.spec.operations.fitting import unseen

Way = Callable[[Case, int, Step], tuple[str, ...]]
"""The lines that make y_i of x_i in the i-th step."""


def sklearn_snippet(
    case: Case, facts: tuple[Fact, ...] = (), *, way: Way, name: str, attributes: Mapping[str, str] = {}
) -> str:
    """Return a program that uses a name of sklearn.preprocessing and prints what came beside the facts.

    attributes tell by which attribute of the scaler each statistic goes.
    """
    short = until(case, facts)
    lines = imports(case, f"from sklearn.preprocessing import {name}")
    if case.state:
        lines += [f"scaler = {name}()", *([] if unseen(case.state) else _restored(case, attributes))]
    for index, step in enumerate(short.script):
        lines += [f"x_{index} = {array(step.input)}", *way(case, index, step)]
        lines += [f"{each}_{index} = np.broadcast_to(scaler.{attributes[each]}, ({step.input.shape[1]},))"
                  for each in case.state]  # fmt: skip
    lines += shown(short, facts)
    return "\n".join(lines) + "\n"


def _restored(case: Case, attributes: Mapping[str, str]) -> Iterator[str]:
    """Yield what a fit to what was seen leaves behind."""
    columns = len(next(iter(case.state.values())))
    yield f"scaler.n_features_in_ = {columns}"
    for name, values in case.state.items():
        whole = ".astype(int)" if name == "running_count" else ""
        yield f"scaler.{attributes[name]} = {array(values)}{whole}"
    if "running_var" in case.state:
        yield "scaler.scale_ = np.sqrt(scaler.var_)"
    else:
        yield "scaler.n_samples_seen_ = 1"
        yield "scaler.data_range_ = scaler.data_max_ - scaler.data_min_"
        yield "scaler.scale_ = 1 / np.where(scaler.data_range_ == 0, 1, scaler.data_range_)"
        yield "scaler.min_ = -scaler.data_min_ * scaler.scale_"


def fitted(case: Case, index: int, step: Step) -> tuple[str, ...]:
    """Return the lines of a fit, where the step trains, and of what is then made of x."""
    fit = "fit" if case.attributes["refit"] else "partial_fit"
    trained = (f"scaler.{fit}(x_{index})",) if step.verb == "train" else ()
    return (*trained, f"y_{index} = scaler.transform(x_{index})")


def fit_transformed(name: str) -> Way:
    """Return the lines of a scaler that is fitted to each x by itself."""
    return lambda case, index, step: (f"y_{index} = {name}().fit_transform(x_{index})",)


def fitted_in_halves(name: str) -> Way:
    """Return the lines of a scaler that is fitted to each x by itself, in two parts."""

    def lines(case: Case, index: int, step: Step) -> tuple[str, ...]:
        half = (len(step.input) + 1) // 2
        parts = [f"x_{index}[:{half}]", *([f"x_{index}[{half}:]"] if len(step.input) > half else [])]
        return (f"scaler = {name}()", *(f"scaler.partial_fit({part})" for part in parts),
                f"y_{index} = scaler.transform(x_{index})")  # fmt: skip

    return lines


def normalized(norm: str) -> Way:
    """Return the lines of normalize with a norm."""

    def lines(case: Case, index: int, step: Step) -> tuple[str, ...]:
        return (f"y_{index} = normalize(x_{index}, norm={norm!r}, axis={case.attributes['axis']})",)

    return lines
