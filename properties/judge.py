"""What a law says of a trial."""

import numpy as np

from normspec.properties.law import Law
from normspec.properties.laws.judging import NEAR
from normspec.properties.trial import Trial
from normspec.properties.verdict import Inapplicable, Judgement
from normspec.spec.outcome import GivenUpError, Returned


def judge(law: Law, trial: Trial, near: float = 0.0) -> Judgement:
    """Return what a law says of a trial: nothing, where it judges results and there are none.

    near: what the ratio of a kept result must exceed to be of interest; up to it, the ratio may be told too large.
    """
    token = NEAR.set(near)
    try:
        if not law.judges_silence and not isinstance(trial.outcome, Returned):
            return Inapplicable("the case was not answered")
        with np.errstate(all="ignore"):  # what is not finite is judged, not warned of
            return law.judge(trial)
    except GivenUpError as given_up:
        return Inapplicable(str(given_up))
    finally:
        NEAR.reset(token)
