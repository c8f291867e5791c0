"""Reports to make pages of: small, hostile and large ones."""

from dataclasses import replace

from door_fakes import KNOWN, MESSAGE, result, small_case

from normspec.implementations.contract import Fact
from normspec.properties.followed import Seen
from normspec.properties.laws import LAWS
from normspec.properties.observations import Observations
from normspec.properties.verdict import Counterexample, Known
from normspec.reports.report import Report
from normspec.spec.formats import FORMATS

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u2028\u2029\u202e{{7*7}}]]> \x00\ud800"
SHOWN = Counterexample(small_case(), MESSAGE, "print(1)", (Fact(0, "y", 1, 0.25, 1e-7, 0.5),))


def seen(target="fake", operation="batch_norm", dtype="float32", shift=0):
    """Observations of every kind."""
    trace = tuple(Seen(1 + k / 10 + 0.01 * shift, 1 + k / 10, 0.99 + k / 10, 1.01 + k / 10) for k in range(24))
    cells = {(k % 9 + shift, -k % 12 - 6): 1 + k**2 for k in range(30)}
    ulps = {k: 10 + k for k in range(-7, 6)}
    return Observations(target, operation, dtype, cells, ulps, 0.9, 40.0, {"running_mean": trace, "running_var": trace})


def small(*results, **fields):
    """A report with one failure, one on record, one kept, and observations."""
    found = results or (
        result(),
        result("nonconforming", law="dx", counterexample=SHOWN),
        result("nonconforming", law="dgamma", known=(KNOWN,)),
        result("not claimed", law="dbeta", examples=0, undecided=0),
    )
    given = {"asked": {"fake": "file.py:fake"}, "settings": {"seed": 0}, "versions": {"numpy": "2"}, "seconds": 3.0}
    return Report(found, **{"observations": (seen(),), **given, **fields})


def hostile():
    """A report in which everything that an implementation can name or say is hostile."""
    shown = Counterexample(
        replace(small_case(), layout=HOSTILE, regime=HOSTILE), HOSTILE, HOSTILE, (Fact(0, HOSTILE, 1, 0.0, 1.0),)
    )
    bad = {"target": HOSTILE, "message": HOSTILE, "notes": (HOSTILE,), "counterexample": shown}
    record = (Known(f"{HOSTILE}. {HOSTILE}", "javascript:alert(3)"), Known("x", f"https://example.org/{HOSTILE}"))
    results = (
        result("crashed", **bad, law="dx"),
        result("refused", **{**bad, "counterexample": None}, law=HOSTILE),
        result("nonconforming", **bad, law="dgamma", known=record),
    )
    names = {"asked": {HOSTILE: HOSTILE}, "settings": {"seed": HOSTILE}, "versions": {HOSTILE: HOSTILE}}
    return small(*results, observations=(seen(HOSTILE, HOSTILE), seen("two", HOSTILE)), **names)


def large():
    """A report of 20 operations, 45 laws, 4 dtypes and 3 implementations, one of which is bad."""
    laws = (*LAWS, *(f"law-{number}" for number in range(99)))[:45]
    operations = [f"operation_{number}" for number in range(20)]
    targets = ("one", "two", "three")

    def found(target, operation, law, dtype):
        bad = target == "three" and hash_of(operation, law) % 7 == 0
        shown = Counterexample(replace(small_case(dtype), regime=operation + law), MESSAGE * 3, "print('x')\n" * 200)
        fields = {"target": target, "operation": operation, "law": law, "dtype": dtype}
        return result("nonconforming" if bad else "conforms", **fields, counterexample=shown if bad else None)

    results = [found(t, o, law, d) for o in operations for t in targets for d in FORMATS for law in laws]
    observations = [seen(t, o, d, k) for o in operations for k, t in enumerate(targets) for d in FORMATS]
    return small(*results, observations=tuple(observations))


def hash_of(*words):
    """The same number for the same words in every process."""
    return sum(ord(letter) * (position + 1) for position, letter in enumerate("".join(words)))
