"""What takes seconds for each case is tried on fewer of them, and its failures are made smaller in fewer steps."""

from dataclasses import replace

from normspec.implementations.contract import Implementation
from normspec.implementations.faulty import FAULTS
from normspec.implementations.targets import resolve
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.minimize import STEPS
from normspec.properties.verdict import Result
from normspec.spec.case import Case

FEW = Settings(max_examples=1, dtypes=("float32",))


def asked(found: Implementation) -> tuple[int, list[Result]]:
    """How often layers were built in a check of two laws, and what came of it."""
    built: list[Case] = []

    def create(case: Case) -> object:
        built.append(case)
        return found.create(case)

    laws = (LAWS["output"], LAWS["dx"])
    events = list(check(replace(found, create=create), laws, FEW))  # type: ignore[arg-type]
    return len(built), [event for event in events if isinstance(event, Result)]


def test_of_the_pinned_cases_so_many_fewer_are_tried() -> None:
    (whole,) = resolve("numpy", "layer_norm")[:1]
    every, found = asked(whole)
    some, sparing = asked(replace(whole, pinned_every=8))
    assert some < every / 3
    assert [result.verdict for result in sparing] == [result.verdict for result in found] == ["conforms", "conforms"]


def test_a_failure_is_made_smaller_in_so_many_fewer_steps() -> None:
    wrong = FAULTS["eps-dropped"].made_of("layer_norm")
    (whole, found), (few, sparing), (one, least) = (
        asked(replace(wrong, share=share, pinned_every=8)) for share in (1.0, 10 / STEPS, 1 / STEPS)
    )
    assert one < few < whole
    for results in (found, sparing, least):
        assert [result.verdict for result in results] == ["nonconforming", "nonconforming"]
