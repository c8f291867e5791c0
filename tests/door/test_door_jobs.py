"""Many processes find what one finds, and one that dies takes nothing else with it."""

import json
from collections import deque
from importlib import import_module
from pathlib import Path

import pytest

import normspec
from normspec.implementations.targets import resolve
from normspec.properties.cases import STREAMS
from normspec.properties.hunt import Hunt, Progress, Settings
from normspec.properties.search import explore, fingerprint
from normspec.reports.as_json import plain_report
from normspec.runs import jobs
from normspec.runs.jobs import jobs_for
from normspec.runs.request import request
from normspec.runs.run import run
from normspec.runs.units import Unit, event_from, event_text, events, unit_from, unit_text

HERE = Path(__file__).parent
FAULT = "faulty:eps-outside-sqrt"
TINY = {
    "operations": ["batch_norm"],
    "laws": ["training-output", "running-mean"],
    "dtypes": ["float32", "bfloat16"],
    "max_examples": 2,
}


def timeless(report):
    return json.dumps({**plain_report(report), "seconds": 0})


def test_two_processes_find_to_the_letter_what_one_finds():
    serial, parallel = (run(request([FAULT, "numpy-two-pass"], **TINY), jobs=jobs) for jobs in (1, 2))
    assert len(serial.failures) == 2, "a failure and its smallest case must be among what is compared"
    assert timeless(parallel) == timeless(serial)


def test_every_event_survives_the_way_between_processes():
    unit = _unit("float32")
    sent = list(events(unit_from(unit_text(unit))))
    assert [event_text(event_from(event_text(event))) for event in sent] == list(map(event_text, sent))
    assert {type(event).__name__ for event in sent} == {"Progress", "Result", "Observations"}


def _unit(dtype):
    asked = request([FAULT], laws=["training-output"], dtypes=[dtype], max_examples=1)
    ((target, found),) = asked.implementations
    return Unit(target, found.name, found.operation, ("training-output",), asked.settings)


def test_a_process_goes_on_with_what_is_asked_the_same_cases():
    """A lane takes what is about the same as its last unit, else what no lane is about, else anything."""
    float16, bfloat16, float64 = (_unit(dtype) for dtype in ("float16", "bfloat16", "float64"))
    waiting = deque(enumerate([float16, bfloat16, float64, bfloat16]))
    busy, lane = (jobs._Lane(None, None, about=jobs._about(unit)) for unit in (float16, bfloat16))
    taken = [jobs._next(waiting, lane, [busy, lane])[0] for _ in range(4)]
    assert taken == [1, 3, 2, 0]


def test_a_process_that_dies_is_told_and_the_run_goes_on():
    report = normspec.check(f"{HERE / 'target_that_dies.py'}:DYING", jobs=2, **TINY)
    verdicts = {(result.law, result.dtype): result.verdict for result in report.results}
    assert verdicts == {(law, dtype): "conforms" if dtype == "bfloat16" else "crashed" for law, dtype in verdicts}
    assert len(verdicts) == 4
    assert "was ended by SIGKILL before this law was judged" in report.failures[0].message


def test_an_implementation_that_is_an_object_is_checked_in_this_process():
    (found,) = resolve(FAULT, "batch_norm")
    here, elsewhere = (normspec.check(target, jobs=2, **TINY) for target in (found, FAULT))
    assert [plain["law"] for plain in plain_report(here)["results"]]
    assert plain_report(here)["results"] == plain_report(elsewhere)["results"]


def test_a_target_that_is_not_there_any_more_is_one_line(normspec, capsys, tmp_path):
    file = tmp_path / "mine.py"
    imported = "from normspec.implementations.numpy.batch_norm import TWO_PASS as MINE"
    file.write_text(f"import pathlib\n{imported}\npathlib.Path(__file__).unlink()\n")
    assert normspec("check", f"{file}:MINE", "--jobs", 2, "--max-examples", 1) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("normspec: target=")
    assert "there is no file" in told


def test_progress_comes_from_every_process():
    seen = []
    run(request([FAULT], **TINY), seen.append, jobs=2)
    last = {event.dtype: event for event in seen if isinstance(event, Progress)}
    assert {dtype: event.done / event.total for dtype, event in last.items()} == {"float32": 1, "bfloat16": 1}


@pytest.mark.parametrize(("units", "jobs"), [(0, 1), (1, 1), (3, 1), (4, 2), (100, 2)])
def test_a_process_is_started_for_two_units_at_least(monkeypatch, units, jobs):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    assert jobs_for(units) == jobs


def test_what_is_read_from_another_process_is_checked():
    (text,) = (event_text(event) for event in events(_unit("float32")) if type(event).__name__ == "Result")
    with pytest.raises(ValueError, match="verdict"):
        event_from(text.replace('"nonconforming"', '"fine"'))


def test_modules_that_happen_to_be_loaded_change_no_case(tmp_path, monkeypatch):
    """Hypothesis draws literals of the user's modules, which differ from process to process; here it must not."""
    before = _drawn()
    literals = ", ".join(repr(bytes(range(100, 100 + length))) for length in range(1, 25))
    (tmp_path / "mine.py").write_text(f"LITERALS = [{literals}]\n")
    monkeypatch.syspath_prepend(tmp_path)
    import_module("mine")
    assert _drawn() == before


def _drawn():
    (made,) = resolve(FAULT)
    seen = []
    for batch in Hunt(made, "float32", Settings(60), ()).batches(STREAMS["small"]):
        explore(batch.strategy, batch.seed, batch.size, lambda case: seen.append(fingerprint(case)))
    return seen
