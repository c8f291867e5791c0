"""Cases gathered for many implementations: none counts twice, and what is wrong is rejected on them."""

from normspec.implementations.targets import resolve
from normspec.properties.cases.pinned import small
from normspec.properties.detection import gathered, rejected
from normspec.properties.hunt import Hunt, Settings
from normspec.properties.search import fingerprint

SOUND = resolve("numpy", "layer_norm")[0]


def _hunt(seed: int) -> Hunt:
    return Hunt(SOUND, "float32", Settings(max_examples=1, seed=seed), ())


def _prints(seed: int, anew: bool) -> list[bytes]:
    return [fingerprint(case) for _, case in gathered(_hunt(seed), anew)]


def test_what_every_seed_has_is_left_out_of_the_later_seeds() -> None:
    first, second, later = _prints(1, False), _prints(2, False), _prints(2, True)
    assert set(first) & set(second)
    assert later
    assert not set(first) & set(later)


def test_a_correct_implementation_is_judged_on_every_case_and_not_rejected() -> None:
    cases = gathered(_hunt(0))
    assert len(cases) > len(small(_hunt(0).extent()))
    assert rejected(SOUND, cases) == (len(cases), None)


def test_a_faulty_one_is_rejected_and_the_rest_is_not_judged() -> None:
    (faulty,) = resolve("faulty:eps-outside-sqrt", "layer_norm")
    cases = gathered(_hunt(0))
    judged, found = rejected(faulty, cases)
    assert found is not None
    assert judged == found.cases < len(cases)
