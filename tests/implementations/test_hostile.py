"""Nothing can break the run: every hostile implementation gets its verdict, with the case that caused it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hostile import ALL, HEALTHY
from implementation_cases import training_of

from normspec.implementations.contract import Implementation
from normspec.implementations.pipe import Terms
from normspec.implementations.targets import resolve
from normspec.implementations.worker import Limits
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result

FILE = Path(__file__).with_name("hostile.py")
FIRST = training_of([1, 2, 4], "float32")
SETTINGS = Settings(max_examples=1, dtypes=("float32",))
TERMS = Terms(Limits(memory=2**30), timeouts=1, deaths=3)

# name: the law that tells, its verdict, and words of its message
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "dies-by-a-signal": ("answers", "crashed", "step 0 (train): was killed by SIGSEGV"),
    "aborts": ("answers", "crashed", "was killed by SIGABRT"),
    "exits": ("answers", "crashed", "ended with exit code 3; its last words: no more of this"),
    "calls-exit": ("answers", "crashed", "SystemExit: goodbye"),
    "interrupts": ("answers", "crashed", "KeyboardInterrupt"),
    "hangs": ("answers", "timed out", "no answer within 1 s"),
    "eats-memory": ("answers", "crashed", "MemoryError"),
    "writes-to-stdout": ("answers", "conforms", ""),
    "babbles-everywhere": ("answers", "nonconforming", "no JSON"),
    "returns-rubbish": ("answers", "nonconforming", "y must be a NumPy array, got a builtins.dict"),
    "returns-nan": ("training-output", "nonconforming", "is nan"),
    "returns-float64": ("answers", "nonconforming", "y must have dtype float32, got float64"),
    "returns-another-shape": ("answers", "nonconforming", "y must have shape"),
    "writes-to-x": ("inputs-untouched", "nonconforming", "writes to what it was given: step 0: x"),
    "is-not-deterministic": ("determinism", "nonconforming", "differs in its bits"),
    "raises-binary": ("answers", "crashed", r"IndexError: \x00\x1b[31m]]><script>"),
    "leaves-children": ("answers", "conforms", ""),
    "dies-with-a-child-on-the-pipe": ("answers", "crashed", "ended with exit code 9"),
    "goes-on-twice": ("answers", "conforms", ""),
    "closes-files": ("answers", "crashed", "ended with exit code 1"),
    "rounds-upward": ("answers", "nonconforming", "leaves the arithmetic of its process changed"),
    "patches-numpy": ("answers", "crashed", "TypeError"),
    "takes-the-signals": ("answers", "conforms", ""),
    "closes-standard-streams": ("answers", "conforms", ""),
    "raises-megabytes": ("answers", "crashed", "OSError: zzz"),
    "lies-about-its-dtype": ("answers", "nonconforming", "y must have dtype float32, got float64"),
    "stops-itself": ("answers", "timed out", "no answer within 1 s"),
}


def isolated(name: str) -> Implementation:
    limits = replace(TERMS.limits, case=1.0) if name in ("hangs", "stops-itself") else TERMS.limits
    (found,) = resolve(f"isolated:{FILE}:{name.replace('-', '_')}", "batch_norm", replace(TERMS, limits=limits))
    return found


def results(implementation: Implementation) -> dict[str, Result]:
    laws = tuple(LAWS[name] for name in ("answers", "training-output", "inputs-untouched", "determinism"))
    events = check(implementation, laws, SETTINGS)
    return {event.law: event for event in events if isinstance(event, Result)}


@cache
def of_a_healthy_one() -> dict[str, Result]:
    return results(HEALTHY)


def plain(found: Mapping[str, Result]) -> list[object]:
    return [(r.law, r.verdict, r.examples, r.undecided, r.worst_ratio, r.message) for r in found.values()]


def test_every_hostile_implementation_has_its_verdict_here():
    assert {each.name for each in ALL} == set(VERDICTS)
    assert len(VERDICTS) >= 15


@pytest.mark.parametrize("name", VERDICTS)
def test_a_hostile_implementation_gets_its_verdict_with_the_case_that_caused_it(name):
    law, verdict, words = VERDICTS[name]
    everything = results(isolated(name))
    found = everything[law]
    assert (found.verdict, words in found.message) == (verdict, True), found.message
    assert found.message.isprintable()
    assert (found.counterexample is not None) == (verdict != "conforms")
    if verdict == "conforms":
        assert plain(everything) == plain(of_a_healthy_one()), "what does not touch the results changes no verdict"


def test_after_all_of_them_a_healthy_one_is_judged_as_in_process():
    for name in ("dies-by-a-signal", "rounds-upward", "patches-numpy", "closes-files"):
        isolated(name).answer(FIRST)  # type: ignore[misc]
    assert plain(results(isolated("HEALTHY"))) == plain(of_a_healthy_one())


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows the processes of others")
@pytest.mark.parametrize("name", ["leaves-children", "dies-with-a-child-on-the-pipe", "hangs"])
def test_no_process_stays_behind(name):
    implementation = isolated(name)
    mark = implementation.answer.__self__.worker.mark  # type: ignore[union-attr]
    implementation.answer(FIRST)  # type: ignore[misc]
    assert processes(mark) or name != "leaves-children"
    implementation.close()
    assert not processes(mark)


def processes(mark: str) -> list[Path]:
    """Every living process that a worker started, or that is one."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            found += [place] if mark.encode() in place.read_bytes() else []
    return found
