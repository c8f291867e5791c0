"""How verdicts and dtypes are marked where there is little room."""

from collections.abc import Mapping
from dataclasses import dataclass

from normspec.properties.verdict import Result


@dataclass(frozen=True)
class Kind:
    """How a verdict is shown: a mark that tells it without colour, a word, a class."""

    mark: str
    word: str
    class_: str


KINDS: Mapping[str, Kind] = {
    "conforms": Kind("·", "kept", "kept"),
    "nonconforming": Kind("✕", "broken", "broken"),
    "refused": Kind("R", "refused", "broken"),
    "crashed": Kind("!", "crashed", "broken"),
    "timed out": Kind("T", "timed out", "broken"),
    "known": Kind("○", "known", "known"),
    "undecided": Kind("?", "undecided", "undecided"),
    "not claimed": Kind("-", "not claimed", "silent"),
}
"""By verdict; a failure on record is known."""

SHORT = {"float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16"}


def kind_of(result: Result) -> Kind:
    """Return how a result is shown."""
    return KINDS["known" if result.known else result.verdict]
