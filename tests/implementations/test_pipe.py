"""Over a pipe: any program, whatever it says, is judged or refused in one line."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from implementation_cases import answered, case, training_of
from pipe_programs import EXAMPLES, HELLO, OFFER, Schemas, compiled, in_javascript, told

from normspec.implementations.ask import ask
from normspec.implementations.errors import TargetError
from normspec.implementations.numpy.batch_norm import TWO_PASS
from normspec.implementations.pipe import Terms
from normspec.implementations.protocol import (
    FAILURES,
    claims_from,
    hello,
    line_of,
    message_in,
    outcome_in,
    plain_claims,
    plain_outcome,
    question,
)
from normspec.implementations.targets import resolve
from normspec.implementations.worker import Limits, Worker
from normspec.properties.check import check
from normspec.properties.hunt import Settings
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.claims import BEYOND
from normspec.spec.formats import FORMATS
from normspec.spec.node import Node, PlainError
from normspec.spec.outcome import Crashed, GivenUpError, Malformed, Refused, Returned, TimedOut

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
ASKED = training_of([1, 2, 4], "float32")
ECHO = '{"id": Q["id"], "returned": [{"y": X, **Q["case"]["state"]}]}'


def judged(target, **settings):
    (implementation,) = resolve(target)
    events = check(implementation, tuple(LAWS.values()), Settings(max_examples=10, **settings))
    return [event for event in events if isinstance(event, Result)]


@pytest.mark.parametrize("example", ["c", "javascript"])
def test_an_example_keeps_every_law_in_what_it_claims(example, tmp_path):
    found = judged(compiled(tmp_path) if example == "c" else in_javascript())
    claimed = [result for result in found if result.verdict != "not claimed"]
    assert {result.dtype for result in claimed} == {"float64", "float32"}
    assert {result.law for result in claimed} == {
        law.name
        for law in LAWS.values()
        if "batch_norm" in law.operations and not set(BEYOND.values()) & set(law.needs)
    }
    assert {result.verdict for result in claimed if result.law != "layout-invariance"} == {"conforms"}


@pytest.mark.parametrize(
    ("right", "wrong", "law"),
    [
        (
            "rstd = scale / sqrt(variance + layer->epsilon * scale * scale)",
            "rstd = 1 / sqrt(variance)",
            "training-output",
        ),
        ("(double)m / (double)(m - 1)", "1.0", "running-variance"),
        ("Sum plain = {0, 0}, weighted = {0, 0};", "Sum plain = {0, 0}, weighted = {0, 0}; abort();", "answers"),
    ],
)
def test_a_fault_in_the_example_is_caught(right, wrong, law, tmp_path):
    source = (EXAMPLES / "batch_norm.c").read_text()
    assert right in source
    found = judged(compiled(tmp_path, source.replace(right, wrong)), dtypes=("float32",))
    verdict = {result.law: result.verdict for result in found}[law]
    assert verdict == ("crashed" if law == "answers" else "nonconforming")


def test_the_conversation_on_the_page_is_what_the_example_says(tmp_path):
    conversation = re.search(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    questions, answers = (re.findall(rf"^{mark} (.*)$", conversation, re.MULTILINE) for mark in "><")
    program = shlex.split(compiled(tmp_path).removeprefix("pipe:"))
    run = subprocess.run(program, input="\n".join(questions) + "\n", capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in run.stdout.splitlines()] == [json.loads(line) for line in answers]
    assert len(answers) == 3


def test_what_goes_over_a_pipe_keeps_to_the_schemas():
    serve = [sys.executable, "-m", "normspec.implementations.serve", "numpy-two-pass"]
    cases = [case((4, 3), dtype, "TB") for dtype in FORMATS] + [training_of([1])]
    questions = [hello(), *(question(str(i), "numpy-two-pass", each) for i, each in enumerate(cases))]
    lines = b"".join(map(line_of, questions))
    run = subprocess.run(serve, input=lines, capture_output=True, check=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    for name, messages in (("pipe-question", json.loads(json.dumps(questions))), ("pipe-answer", answers)):
        for message in messages:
            Schemas().validator(name).validate(message)
            key = next(key for key in message if key not in ("id", "last", "mutated"))
            assert not Schemas().validator(name).is_valid({**message, key: 0.5})
    kinds = {key for answer in answers for key in answer}
    assert kinds >= {"implementations", "returned", "refused", "at"}


@pytest.mark.parametrize("dtype", FORMATS)
def test_arrays_go_over_a_pipe_to_the_last_bit(dtype, tmp_path):
    width = FORMATS[dtype].dtype.itemsize
    x = np.random.default_rng(0).integers(0, 256, 40 * width, np.uint8).view(FORMATS[dtype].dtype).reshape(20, 2)
    asked = training_of([0], dtype).but(state={})
    asked = asked.but(script=(replace(asked.script[0], x=x),))
    (step,) = answered(told(tmp_path, ECHO), asked)
    assert step["y"].tobytes() == x.tobytes()


def test_a_process_gives_the_same_bits_as_the_process_that_asks():
    (isolated,) = resolve("isolated:numpy-two-pass", "batch_norm")
    assert isolated.claims == TWO_PASS.claims
    for asked in (case((5, 3, 2), dtype, "TBTI0", layout="transposed") for dtype in FORMATS):
        for mine, theirs in zip(answered(TWO_PASS, asked), answered(isolated, asked), strict=True):
            assert {n: a.tobytes() for n, a in mine.items()} == {n: a.tobytes() for n, a in theirs.items()}


ANSWERS = [
    ('{"id": Q["id"], "refused": {"step": 0, "message": "no\\nsecond"}}', Refused(0, "no")),
    ('{"id": Q["id"], "crashed": {"message": "\\x1b[31m"}}', Crashed(None, r"\x1b[31m")),
    ('{"id": Q["id"], "refused": {"step": 99, "message": 5}}', Refused(None, "5")),
    ('{"id": Q["id"]}', "no outcome"),
    ('{"id": Q["id"], "returned": [], "refused": {}}', "returned and refused"),
    ('{"id": Q["id"], "returned": []}', "returned has 0 steps, and the script 1"),
    ('{"id": Q["id"], "returned": [7]}', "an object is needed here"),
    ('{"id": Q["id"], "returned": [{"y": X}]}', "step 0 must return running_mean, running_var, y, got y"),
    ('{"id": Q["id"], "returned": [{"y": {**X, "hex": "zz"}, **Q["case"]["state"]}]}', "hexadecimal"),
    ('{"id": Q["id"], "returned": [{"y": {**X, "hex": X["hex"] * 2}, **Q["case"]["state"]}]}', "3 elements"),
    ('{"id": Q["id"], "returned": [{"y": {**X, "shape": [3]}, **Q["case"]["state"]}]}', "y must have shape (3, 1)"),
    ('{"id": Q["id"], "returned": [{"y": {**X, "shape": [10**9] * 3}, **Q["case"]["state"]}]}', "is needed here"),
    ('{"id": "another", "refused": {"message": ""}}', "id is not"),
    ('"debug: <b>\\x00</b>\\n"', r"no JSON: 'debug: <b>\\x00</b>'"),
    ('"[" * 100000 + "\\n"', "no JSON"),
    ('"[1, 2]\\n"', "an object is needed here"),
    ('"x" * 5000', "wrote a line of more than 4000 bytes"),
]


@pytest.mark.parametrize(("answer", "found"), ANSWERS)
def test_an_answer_is_an_outcome_whatever_it_is(answer, found, tmp_path):
    outcome = ask(told(tmp_path, answer, terms=Terms(Limits(line=4000 if "5000" in answer else 2**28))), ASKED)
    if isinstance(found, str):
        assert isinstance(outcome, Malformed)
        assert found in outcome.message
        assert outcome.message.isprintable()
    else:
        assert outcome == found


def test_unknown_fields_are_ignored(tmp_path):
    offer = {**HELLO, "new": 1, "implementations": [{**OFFER, "new": 1, "claims": {**OFFER["claims"], "new": 1}}]}
    answer = '{"id": Q["id"], "new": 1, "returned": [{"y": {**X, "new": 1}, **Q["case"]["state"]}]}'
    assert isinstance(ask(told(tmp_path, answer, offer), ASKED), Returned)


OFFERS = [
    ({"protocol": "normspec-pipe-9"}, "speaks protocol 'normspec-pipe-9'"),
    ({**HELLO, "implementations": []}, "offers nothing"),
    ({**HELLO, "implementations": [OFFER, OFFER]}, "names of their own"),
    ({**HELLO, "implementations": [{**OFFER, "claims": {"verbs": ["train"]}}]}, "lacks 'dtypes'"),
    ({**HELLO, "implementations": [{**OFFER, "operation": "no_norm"}]}, "operation='no_norm'"),
    ({**HELLO, "implementations": [{**OFFER, "claims": {**OFFER["claims"], "dtypes": ["int8"]}}]}, "'int8'"),
    ({**HELLO, "implementations": [{**OFFER, "claims": {**OFFER["claims"], "ranks": ["2"]}}]}, "an integer"),
    ({**HELLO, "implementations": [{**OFFER, "claims": {**OFFER["claims"], "grade": "Z"}}]}, "'Z'"),
    ({**HELLO, "implementations": [{**OFFER, "claims": {**OFFER["claims"], "conventions": {"a": "b"}}}]}, "'a'"),
    ({"protocol": "normspec-pipe-1", "error": "no GPU\x1b"}, "no GPU"),
    ("ready!\n", "no JSON: 'ready!'"),
]


@pytest.mark.parametrize(("offer", "says"), OFFERS)
def test_a_program_that_does_not_say_what_it_has_is_refused_in_one_line(offer, says, tmp_path):
    with pytest.raises(TargetError) as refused:
        resolve(told(tmp_path, ECHO, offer) and f"pipe:{sys.executable} {tmp_path / 'program.py'}")
    assert says in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("pipe:", "names no command"),
        ("pipe:'", "is no command"),
        ("pipe:/no/such/program", "cannot be started: No such file"),
        ("pipe:false", "ended with exit code 1"),
        ("isolated:nobody", "target='nobody' is unknown"),
        ("isolated:os:abort", "os:abort"),
    ],
)
def test_a_command_that_cannot_be_used_is_one_line(target, says):
    with pytest.raises(TargetError) as refused:
        resolve(target)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_program_that_never_says_hello_is_not_waited_for(tmp_path):
    with pytest.raises(TargetError, match=r"no answer within 0\.2 s"):
        resolve("pipe:sleep 1000", terms=Terms(Limits(start=0.2)))


def test_a_program_that_dies_is_started_again_for_the_next_case(tmp_path):
    implementation = told(tmp_path, f'{ECHO} if X["shape"] == [3, 1] else os._exit(4)')
    died = ask(implementation, training_of([1, 2], "float32"))
    assert died == Crashed(None, "ended with exit code 4")
    assert isinstance(ask(implementation, ASKED), Returned)


def test_a_program_may_say_that_it_ends(tmp_path):
    implementation = told(
        tmp_path, '[os.fork() or os._exit(0), {"id": Q["id"], "refused": {"message": ""}, "last": True}][1]'
    )
    assert ask(implementation, ASKED) == Refused(None, "")
    assert ask(implementation, ASKED) == Refused(None, "")


def test_the_step_that_was_begun_is_told_with_the_death(tmp_path):
    implementation = told(tmp_path, '(print(json.dumps({"id": Q["id"], "at": 0}), flush=True), os._exit(4))')
    assert ask(implementation, ASKED) == Crashed(0, "ended with exit code 4")


def test_what_costs_too_much_is_given_up_in_its_dtype_alone(tmp_path):
    implementation = told(tmp_path, f'os._exit(4) if X["dtype"] == "float32" else {ECHO}', terms=Terms(deaths=2))
    assert [type(ask(implementation, ASKED)) for _ in range(2)] == [Crashed, Crashed]
    with pytest.raises(GivenUpError, match="told is not asked any more in float32, after 2 ends"):
        ask(implementation, ASKED)
    assert isinstance(ask(implementation, training_of([1, 2, 4], "bfloat16")), Returned)


def test_what_is_not_read_does_not_block(tmp_path):
    limits = Limits(case=0.3)
    implementation = told(tmp_path, "__import__('time').sleep(1000)", terms=Terms(limits))
    assert isinstance(ask(implementation, training_of([1.0] * 200_000, "float32")), TimedOut)


def test_a_flood_of_lines_ends_with_the_time(tmp_path):
    flood = '[print(json.dumps({"id": Q["id"], "at": 0})) for _ in iter(int, 1)]'
    assert isinstance(ask(told(tmp_path, flood, terms=Terms(Limits(case=0.3))), ASKED), TimedOut)


def test_memory_is_limited(tmp_path):
    worker = Worker([sys.executable, "-c", "input(); bytearray(2**29)"], Limits(memory=2**28))
    with pytest.raises(Exception, match="MemoryError"):
        list(worker.ask(b"\n", 20))
    worker.stop()


def test_claims_survive_the_pipe():
    for claims in (TWO_PASS.claims, replace(TWO_PASS.claims, conventions={"momentum": "weighs_old"}, ranks=(2,))):
        assert claims_from(Node(json.loads(json.dumps(plain_claims(claims))), "claims")) == claims


def test_every_outcome_survives_the_pipe():
    for outcome in (kind(0, "why") for kind in FAILURES.values()):
        assert outcome_in(ASKED, Node(plain_outcome(outcome), "answer")) == outcome


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["returned", "y", "hex", "shape", "dtype"]), inner),
)


@given(st.dictionaries(st.sampled_from(["returned", "refused", "crashed", "mutated", "step", "message"]), JSON))
@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the strategy
def test_no_answer_makes_the_suite_raise(answer):
    assert isinstance(outcome_in(ASKED, Node(answer, "answer")), Refused | Crashed | Malformed)


@given(st.binary())
def test_a_line_is_a_message_or_one_line_that_says_why_not(line):
    try:
        message = message_in(line)
    except PlainError as error:
        message = str(error)
    assert isinstance(message, Node) or message.isprintable()
