"""Closed forms come out of the coordinates by computation: what is typed beside them is listed here, with its kind."""

import subprocess
import sys
from pathlib import Path

STATED = {
    "a definition, opened": """
        biased-variance 0, xhat 0, xhat 1, y 0, inference-y 0, rms-y 0, family-y 0, rescale-y 0, l1-y 0, max-norm 0,
        max-norm 1, min-max-y 0, outside-y 0, outside-inference 0, outside-rescale 0,
        outside-inference 4""",
    "the chain rule": """
        dx 0, batch-renorm-dx 0, batch-renorm-dgamma 0, family-dx 0, rescale-dx 0, rms-dx 0, residual-gradient 0,
        residual-gradient 2, min-max-dx 0, scale-offset 0, scale-offset 1, family-dgamma-projected 0,
        inference-tangent-y 0, outside-dx 0, outside-rescale-dx 0,
        outside-dx-still 1, outside-rescale-dx-still 1""",
    "the same operations in another order": """
        inference-y 1, folded-inference 0, family-y 1, family-y-folded 0, running-step 0, running-step 1,
        running-step 2, cosine-y 0, cosine-y 1, min-max-y 1, z-score 1, fold-before 0, rounding-rstd 0, bessel 0,
        bessel 1, bessel 2, pooled-mean 0, pooled-mean 1, outside-y 1, outside-y 2, outside-inference 1,
        outside-inference 2, debiased-step 0, outside-dx 2, outside-projection 1, outside-rescale-dx 2,
        outside-rescale-projection 1""",
    "the same of other data": """
        bias-redundant 0, one-pass-output 0, batch-renorm-y 0, effective-learning-rate 0, rms-norm-scale 0,
        weight-standardization 1, jacobian-symmetric 0, hessian-symmetric 0, dx-linearity 0, merge-associative 0,
        merge-associative 1, welford-is-chan 0, outside-one-pass 0""",
    "a law between constructions": """
        total-variance 0, chan-squares 0, pooled-variance 0, synchronized 1, jvp-transpose 0, xhat-is-gradient 1,
        jacobian-spectrum 0, weight-norm-growth 0, cosine-centred 0, geometry 0, whitening 1, lp-is-l1 0,
        lp-is-l2 0""",
    "a sum of two that were computed": "rounding-y 0, rounding-y-folded 0, rounding-dx 0",
}
"""Right sides of which less than half was computed: claim and step, by what they are instead of closed forms."""


def listed() -> list[str]:
    return [step.strip() for steps in STATED.values() for step in steps.replace("\n", " ").split(",")]


def test_the_list_is_short() -> None:
    """The kinds are counted, so that the list does not grow unseen."""
    assert [len(steps.split(",")) for steps in STATED.values()] == [16, 17, 27, 13, 13, 3]


def test_no_chapter_types_a_closed_form() -> None:
    """What is typed is no closed form, or it would have to be computed; and the list has nothing that is not typed."""
    script = Path(__file__).parent / "typed_sides.py"
    found = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert set(found.splitlines()) == set(listed()), "compute it with `closed`, `arranged` or `derived`"
    assert len(listed()) == len(set(listed()))
