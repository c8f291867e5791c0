"""The command on stand-ins: what it prints, writes and returns, apart from what the laws find."""

from collections.abc import Callable, Iterator

import door_fakes
import pytest

from normspec.command import main
from normspec.properties.hunt import Progress

Called = Callable[..., int]


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch) -> Callable[..., door_fakes.Check]:
    """Let every check find the given events."""

    def let(*events: object) -> door_fakes.Check:
        check = door_fakes.Check(*events)
        monkeypatch.setattr("normspec.runs.run.check_one", check)
        return check

    monkeypatch.setenv("NORMSPEC_JOBS", "1")  # other processes know nothing of stand-ins
    monkeypatch.setattr("normspec.runs.request.resolve", door_fakes.resolve)
    for module in ("runs.request", "runs.replay", "terminal.failures"):
        monkeypatch.setattr(f"normspec.{module}.LAWS", door_fakes.LAWS)
    return let


@pytest.fixture
def normspec() -> Called:
    """Run the command with these arguments."""
    return lambda *arguments: main([str(argument) for argument in arguments])


@pytest.fixture
def measuring(finding: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let every measurement find the given events."""

    def let(*events: object) -> None:
        finding()

        def measure(implementation: object, settings: object) -> Iterator[object]:
            yield Progress("fake", "batch_norm", "small cases", "float32", 0, 1)
            for event in events:
                if isinstance(event, BaseException):
                    raise event
                yield event

        monkeypatch.setattr("normspec.grades.grading.measure_accuracy", measure)

    return let
