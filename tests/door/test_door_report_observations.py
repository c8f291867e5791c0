"""What a report holds of accuracy: counted in bins, written and read, and true of good and bad layers."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import normspec
import normspec.schemas
from normspec.properties.followed import Seen
from normspec.properties.observations import CONDITION, RATIO, ULP, Observations
from normspec.reports.as_json import json_text, report_from
from normspec.reports.observations import observations_from, plain_observations
from normspec.reports.report import Report
from normspec.spec.node import Node, PlainError

SCHEMA = json.loads((Path(normspec.schemas.__path__[0]) / "report.schema.json").read_text())
INFINITE = float("inf")
SEEN = Observations(
    "fake",
    "batch_norm",
    "float32",
    cells={(-4, -17): 3, (38, 12): 1},
    ulps={-7: 2, 20: 2},
    largest_ratio=INFINITE,
    largest_ulps=1.5,
    traces={"running_var": (Seen(0.1, 0.2, -INFINITE, INFINITE), Seen(float("-inf"), 0.5, 0.25, 0.75))},
)


def test_observations_survive_and_keep_to_the_schema():
    text = json_text(Report((), observations=(SEEN,)))
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))
    assert report_from(Node(json.loads(text), "it")).observations == (SEEN,)


WRONG = [
    (("cells",), [[0, 13, 1]], "it.cells[0][1]=13: an integer from -17 to 12"),
    (("cells",), [[0, 1]], "it.cells[0]=[0, 1]: 2 bins and a count"),
    (("ulps",), [[0, -1]], "it.ulps[0][1]=-1"),
    (("ulps",), [[True, 1]], "it.ulps[0][0]=True"),
    (("largest_ulps",), -1, "it.largest_ulps=-1"),
    (("traces", "running_var"), [[1, 2, 3]], "it.traces.running_var[0]=[1, 2, 3]: four numbers"),
    (("traces", "running_var"), [[1, 2, 3, "4"]], "it.traces.running_var[0][3]='4': a number"),
    (("dtype",), "float8", "it.dtype='float8'"),
]


@pytest.mark.parametrize(("path", "value", "says"), WRONG)
def test_what_is_no_observation_is_refused_with_its_place(path, value, says):
    plain = json.loads(json.dumps(plain_observations(SEEN)))
    at = plain
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(PlainError) as error:
        observations_from(Node(plain, "it"))
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("bins", "value", "place"),
    [
        (ULP, 0.0, -7),
        (ULP, 1e-300, -7),
        (ULP, 0.5, -1),
        (ULP, 0.75, -1),
        (ULP, 1.0, 0),
        (ULP, INFINITE, 20),
        (ULP, float("nan"), 20),
        (RATIO, 1.0, 0),
        (RATIO, 0.99, -1),
        (CONDITION, 99.0, 3),
        (CONDITION, 100.0, 4),
    ],
)
def test_a_value_lies_in_the_bin_that_begins_at_it_or_below(bins, value, place):
    assert bins.of(value) == place


def test_two_parts_of_a_check_add_up():
    more = replace(SEEN, cells={(-4, -17): 1, (0, 0): 5}, ulps={0: 1}, largest_ratio=2.0, largest_ulps=9.0, traces={})
    both = more.plus(SEEN)
    assert both.cells == {(-4, -17): 4, (38, 12): 1, (0, 0): 5}
    assert (both.ulps, both.largest_ratio, both.largest_ulps) == ({-7: 2, 20: 2, 0: 1}, INFINITE, 9.0)
    assert both.traces == SEEN.traces


def seen_of(target, *laws, dtype="float32"):
    (found,) = normspec.check(target, operations=["batch_norm"], laws=laws, dtypes=[dtype], max_examples=5).observations
    return found


def test_a_good_layer_stays_within_its_tolerance_and_its_envelope():
    found = seen_of("numpy-two-pass", "training-output", "running-variance")
    assert found.largest_ratio <= 1
    assert max(ratio for _, ratio in found.cells) < 0
    assert sum(found.cells.values()) >= sum(found.ulps.values()) > 20
    assert set(found.traces) == {"running_mean", "running_var"}
    assert all(seen.low <= seen.observed <= seen.high for trace in found.traces.values() for seen in trace)


def test_a_bad_layer_is_seen_outside_both():
    found = seen_of("faulty:eps-outside-sqrt", "training-output", "running-variance")
    assert found.largest_ratio > 1
    assert max(ratio for _, ratio in found.cells) >= 0
    wrong = seen_of("faulty:running-var-biased", "running-variance").traces
    assert not all(seen.low <= seen.observed <= seen.high for seen in wrong["running_var"])
    assert all(seen.low <= seen.observed <= seen.high for seen in wrong["running_mean"])


def test_the_envelope_is_around_what_is_exact_and_opens_with_the_steps():
    trace = seen_of("numpy-two-pass", "running-mean").traces["running_mean"]
    assert all(seen.low < seen.exact < seen.high for seen in trace)
    assert trace[-1].high - trace[-1].low > trace[0].high - trace[0].low


def test_nothing_is_seen_where_no_law_asked_what_is_exact():
    found = seen_of("numpy-two-pass", "refusals")
    assert not found.cells
    assert not found.traces
