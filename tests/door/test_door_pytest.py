"""What pytest --normspec and normspec.parametrize make of laws, in a suite of one's own."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

FAULT = "faulty:eps-outside-sqrt"
FEW = ("--normspec-dtype", "float32", "--normspec-max-examples", "1")
LAWS = ("--normspec-law", "training-output", "--normspec-law", "running-mean")
ASKED = ("--normspec", FAULT, *FEW, *LAWS)


@pytest.fixture
def ran(tmp_path):
    """Run pytest on a suite of these files, apart from this one; give its exit code and what it printed."""

    def run(*arguments, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    return run


def test_each_law_is_an_item_with_an_id_that_can_be_read(ran):
    code, printed = ran("--collect-only", "-q", *ASKED)
    assert code == 0
    assert [line for line in printed.splitlines() if "::" in line] == [
        f"normspec::{FAULT}/batch_norm/{law}/float32" for law in ("training-output", "running-mean")
    ]


def test_a_failure_is_told_in_words_and_not_by_a_traceback(ran):
    code, printed = ran("-q", *ASKED)
    assert code == 1
    for part in ("broken    training-output", "γ x̂ + β", "smallest  float32, m = 2", "1 failed, 1 passed"):
        assert part in printed
    assert not any(word in printed for word in ("Traceback", "law_by_law.py", "pytest_plugin.py"))


def test_files_are_collected_too_where_they_are_named(ran):
    mine = {"test_mine": "def test_mine(): pass\n"}
    assert "2 tests collected" in ran("--collect-only", *ASKED, **mine)[1]
    assert "3 tests collected" in ran("--collect-only", "test_mine.py", *ASKED)[1]


SPY = """
from normspec import law_by_law

check = law_by_law.check_one

def seen(implementation, laws, *given):
    print("LAWS", [law.name for law in laws])
    return check(implementation, laws, *given)

law_by_law.check_one = seen
"""


def test_k_leaves_out_the_work_of_other_laws(ran):
    code, printed = ran("-q", "-s", "-k", "running-mean", *ASKED, conftest=SPY)
    assert code == 0
    assert "LAWS ['running-mean']" in printed


def test_junit_has_a_case_for_each_law(ran, tmp_path):
    ran("--junit-xml", "out.xml", *ASKED)
    cases = list(ElementTree.parse(tmp_path / "out.xml").iter("testcase"))
    assert [(case.get("classname"), case.get("name").split("/")[2], len(case)) for case in cases] == [
        ("normspec", "training-output", 1),
        ("normspec", "running-mean", 0),
    ]


def test_xdist_keeps_the_laws_of_a_group_on_one_worker(ran):
    pytest.importorskip("xdist")
    dtypes = ("--normspec-dtype", "float64")
    code, printed = ran("-n", "2", "--dist", "loadgroup", "-v", *ASKED, *dtypes)
    assert code == 1
    workers = {}
    for line in printed.splitlines():
        if line.startswith("[gw"):
            workers.setdefault(line.rpartition("@")[2].split()[0], set()).add(line[:5])
    assert "2 failed, 2 passed" in printed
    assert [len(of) for of in workers.values()] == [1, 1], printed


def test_a_known_failure_is_expected_and_must_be_one(ran, normspec, tmp_path, capsys):
    record = tmp_path / "known.json"
    few = ("--dtype", "float32", "--max-examples", 1, "--law", "training-output", "--law", "running-mean")
    assert normspec("check", FAULT, *few, "--write-known-failures", record) == 0
    code, printed = ran("-q", *ASKED, "--normspec-known-failures", record)
    assert (code, "1 passed, 1 xfailed" in printed) == (0, True)
    _point_to_another_target(record)
    code, printed = ran(
        "-q", "--normspec", "numpy-two-pass", *FEW, *LAWS, "-k", "batch_norm", "--normspec-known-failures", record
    )
    assert code == 1
    assert "does not fail any more" in " ".join(printed.split())


def _point_to_another_target(record):
    document = json.loads(record.read_text())
    document["entries"][0]["target"] = "numpy-two-pass"
    record.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("--normspec", "nobody"), "target='nobody' is unknown"),
        ((*ASKED, "--normspec-law", "zero-maen"), "did you mean 'zero-mean'?"),
    ],
)
def test_a_wrong_name_is_one_line(ran, wrong, says):
    code, printed = ran("-q", *wrong)
    assert code not in (0, 1)
    assert says in printed
    assert "Traceback" not in printed


SUITE = """
import normspec
from normspec.implementations.targets import resolve

[mine] = resolve("faulty:eps-outside-sqrt", "batch_norm")

@normspec.parametrize(mine, laws=["training-output", "running-mean"], dtypes=["float32"], max_examples=1)
def test_conformance(law):
    law.check()
"""


def test_the_decorator_gives_a_test_each_law_in_turn(ran):
    code, printed = ran("-q", "--strict-markers", test_mine=SUITE)
    assert code == 1
    assert "1 failed, 1 passed" in printed
    assert f"test_conformance[{FAULT}/batch_norm/training-output/float32]" in printed
    assert "E       normspec.reports.report.NonConformanceError: " in printed
    assert "broken    training-output" in printed
    assert "law_by_law.py" not in printed


def test_nothing_of_normspec_is_imported_for_other_suites(ran):
    test = "import sys\ndef test_it(): assert not {'numpy', 'hypothesis', 'normspec.runs.request'} & set(sys.modules)\n"
    code, printed = ran("-q", "-p", "no:hypothesispytest", test_other=test)
    assert code == 0, printed
