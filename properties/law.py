"""What a law is: one rule of the specification as one small function, with its name, statement and proof."""

from collections.abc import Callable
from dataclasses import dataclass

from normspec.properties.trial import Trial
from normspec.properties.verdict import Judgement


@dataclass(frozen=True)
class Law:
    """One rule.

    statement says it in words and symbols. claim names the derivation that proves it; where nothing is to be proved
    because the rule is about conduct and not about numbers, claim is empty. needs names the verbs without which an
    implementation is not asked: verbs, gradients, parameters, state. judges_silence says that the law also judges cases
    that were not answered with results. streams names the kinds of cases that the law is tried on.
    """

    name: str
    statement: str
    claim: str
    judge: Callable[[Trial], Judgement]
    operations: tuple[str, ...] = ("batch_norm",)
    needs: tuple[str, ...] = ()
    streams: tuple[str, ...] = ("small", "large")
    judges_silence: bool = False
