"""What `import normspec` offers."""

import pytest
from door_fakes import FAKE, KNOWN, result

import normspec
from normspec.implementations.locate import EXTRAS


def test_an_implementation_is_checked_as_it_is(finding):
    check = finding(result())
    report = normspec.check(FAKE, laws=["zero-mean"], dtypes=["float16"], max_examples=7, seed=3)
    implementation, laws, settings, _ = check.asked
    assert (implementation, [law.name for law in laws]) == (FAKE, ["zero-mean"])
    assert (settings.max_examples, settings.seed, settings.dtypes) == (7, 3, ("float16",))
    assert isinstance(report, normspec.Report)
    report.raise_for_failures()


def test_a_failure_is_raised_with_its_place_and_message(finding):
    finding(result(), result("nonconforming"), result("nonconforming", known=(KNOWN,)))
    with pytest.raises(normspec.NonConformanceError) as error:
        normspec.check("fake").raise_for_failures()
    head, line = str(error.value).splitlines()
    assert head == "1 of 3 results do not conform"
    assert line.startswith("fake batch_norm zero-mean float32: nonconforming: step 0")


def test_nothing_executed_is_no_success(finding):
    finding(result("not claimed", examples=0, undecided=0))
    with pytest.raises(normspec.NonConformanceError, match="nothing was executed"):
        normspec.check("fake").raise_for_failures()


@pytest.mark.parametrize("wrong", [{"laws": ["zero-maen"]}, {"dtypes": ["float31"]}, {"max_examples": 0}])
def test_a_wrong_call_raises_before_anything_runs(finding, wrong):
    check = finding(result())
    with pytest.raises(ValueError, match=r"=.*: "):
        normspec.check("fake", **wrong)
    assert not hasattr(check, "asked")


def test_a_stopped_check_stops_the_caller(finding):
    finding(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        normspec.check("fake")


def test_every_public_name_is_there():
    for name in normspec.__all__:
        try:
            assert getattr(normspec, name)
        except ModuleNotFoundError as error:  # an adapter whose extra is not installed
            if error.name not in EXTRAS:
                raise
    assert set(normspec.__all__) <= set(dir(normspec))
    with pytest.raises(AttributeError, match="'chek': it has"):
        _ = normspec.chek
