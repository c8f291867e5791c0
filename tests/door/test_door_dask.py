"""A Dask cluster finds what one process finds, also when a worker is killed on the way."""

import json
import os
import signal
from pathlib import Path

import pytest

from normspec.properties.verdict import Result
from normspec.reports.as_json import plain_report
from normspec.runs.request import request
from normspec.runs.run import run

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'normspec[dask]'")

HERE = Path(__file__).parent
TINY = {"operations": ["batch_norm"], "laws": ["training-output", "running-mean"], "max_examples": 1}
FAULT = "faulty:eps-outside-sqrt"

pytestmark = pytest.mark.filterwarnings("default")  # the library's own, as it starts and stops processes


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, dashboard_address=None, host="127.0.0.1", silence_logs=50
    ) as made:
        yield made


def timeless(report):
    return json.dumps({**plain_report(report), "seconds": 0})


def test_a_killed_worker_changes_no_verdict(cluster):
    asked = request([FAULT, "numpy-two-pass"], **TINY)
    with distributed.Client(cluster) as client:
        pids = client.run(os.getpid)
    assert os.getpid() not in pids.values(), "the workers are processes of their own"
    killed = []

    def watch(event):
        if isinstance(event, Result) and not killed:
            killed.append(next(iter(pids.values())))
            os.kill(killed[0], signal.SIGKILL)

    report = run(asked, watch, cluster=cluster.scheduler_address)
    assert killed
    assert len(report.results) == 16
    assert timeless(report) == timeless(run(asked))


def test_a_unit_that_kills_every_worker_is_told_and_the_rest_goes_on(cluster):
    asked = request([f"{HERE / 'target_that_dies.py'}:DYING"], dtypes=["float32", "bfloat16"], **TINY)
    report = run(asked, cluster=cluster.scheduler_address)
    verdicts = {(result.law, result.dtype): result.verdict for result in report.results}
    assert verdicts == {(law, dtype): "conforms" if dtype == "bfloat16" else "crashed" for law, dtype in verdicts}
    assert "died each time that the cluster tried" in report.failures[0].message


def test_a_scheduler_that_does_not_answer_is_one_line(normspec, capsys):
    assert normspec("check", FAULT, "--dask", "nonsense://x", "--max-examples", 1) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("normspec: dask='nonsense://x' does not answer")
