"""What a law says of a trial."""

import numpy as np

from normspec.properties.law import Law
from normspec.properties.trial import Trial
from normspec.properties.verdict import Inapplicable, Judgement
from normspec.spec.outcome import GivenUpError, Returned


def judge(law: Law, trial: Trial) -> Judgement:
    """Return what a law says of a trial: nothing, where it judges results and there are none."""
    try:
        if not law.judges_silence and not isinstance(trial.outcome, Returned):
            return Inapplicable("the case was not answered")
        with np.errstate(all="ignore"):  # what is not finite is judged, not warned of
            return law.judge(trial)
    except GivenUpError as given_up:
        return Inapplicable(str(given_up))
