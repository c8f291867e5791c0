"""`normspec vectors`: what is exported is exact and complete, and answers made offline are judged by the laws."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from referencing import Registry, Resource

import normspec.schemas
from normspec.command import main
from normspec.implementations.ask import ask
from normspec.implementations.protocol import line_of, plain_claims, plain_outcome
from normspec.implementations.targets import resolve
from normspec.properties.laws import LAWS
from normspec.spec.expectation import expect
from normspec.spec.node import Node
from normspec.spec.operations import OPERATIONS
from normspec.spec.plain import array_from, case_from
from normspec.vectors.judge import check_vectors, read_vectors

SCHEMAS = {path.name: json.loads(path.read_text()) for path in Path(normspec.schemas.__path__[0]).glob("*.json")}
REGISTRY = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items())


def validator(reference: str) -> jsonschema.protocols.Validator:
    return jsonschema.Draft202012Validator({"$ref": reference}, registry=REGISTRY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("vectors") / "kit"
    assert (
        main(["vectors", "export", str(made), "--max-examples", "3", "--dtype", "float32", "--dtype", "bfloat16"]) == 0
    )
    return made


def lines(folder: Path, only: str = "") -> Iterator[dict]:
    for path in sorted(folder.glob(f"{only}*.jsonl")):
        yield from map(json.loads, path.read_text().splitlines())


def answers(folder: Path, target: str, path: Path, *, hello: bool = False) -> Path:
    """Answer the questions of batch norm in float32 offline, as the program of a stranger would."""
    (implementation,) = resolve(target, "batch_norm")
    offer = {"name": implementation.name, "operation": "batch_norm", "claims": plain_claims(implementation.claims)}
    said = [line_of({"protocol": "normspec-pipe-1", "implementations": [offer]})] if hello else []
    for vector in lines(folder, "batch_norm-float32"):
        outcome = ask(implementation, case_from(Node(vector["case"], "case")))
        said.append(line_of({"id": vector["id"], **plain_outcome(outcome)}))
    path.write_bytes(b"".join(said))
    return path


def verdicts(folder: Path, results: Path, dtype: str = "float32") -> dict[str, str]:
    found = check_vectors(folder, results).results
    return {r.law: r.verdict for r in found if (r.operation, r.dtype) == ("batch_norm", dtype)}


def test_every_operation_is_exported_in_every_dtype_asked_for(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "manifest.json",
        *(f"{name}-{dtype}.jsonl" for name in OPERATIONS for dtype in ("float32", "bfloat16")),
    }


def test_what_is_exported_keeps_to_the_schemas(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    validator("vectors.schema.json").validate(manifest)
    assert not validator("vectors.schema.json").is_valid({**manifest, "format": "another"})
    of_vector, of_question = validator("vectors.schema.json#/$defs/vector"), validator("pipe-question.schema.json")
    for vector in lines(folder, "batch_norm"):
        of_vector.validate(vector)
        of_question.validate(vector)
        assert not of_vector.is_valid({**vector, "expected": [{"y": 0.5}]})


def test_enclosures_and_tolerances_survive_to_the_last_bit(folder):
    seen = 0
    for vector in lines(folder):
        case = case_from(Node(vector["case"], "case"))
        operation = OPERATIONS[case.operation]
        for index, step in enumerate(vector["expected"] if vector["expected"] != "refused" else ()):
            with np.errstate(all="ignore"):
                here = expect(operation, case, index, case.state, operation.settled({}))
            assert set(here) == set(step)
            for name, demand in step.items():
                for part in ("high", "low", "radius", "tolerance"):
                    found = array_from(Node(demand[part], part))
                    assert found.tobytes() == np.asarray(getattr(here[name], part), np.float64).tobytes()
                    seen += 1
    assert seen > 1000


def test_what_must_be_refused_is_said(folder):
    refused = [vector for vector in lines(folder, "batch_norm") if vector["expected"] == "refused"]
    assert {vector["stream"] for vector in refused} == {"degenerate", "invalid"}
    assert any(vector["case"]["attributes"]["epsilon"] < 0 for vector in refused)


@pytest.mark.parametrize("hello", [True, False])
def test_answers_of_a_correct_implementation_conform(folder, tmp_path, hello):
    results = answers(folder, "numpy-two-pass", tmp_path / "mine.jsonl", hello=hello)
    found = verdicts(folder, results)
    asked = {"train", "infer", "backward", "dx", "dgamma", "dbeta"}  # few cases draw what else a layer may claim
    usual = [law for law in found if law != "saved-values" and set(LAWS[law].needs) <= asked]
    assert {found[law] for law in usual} == {"conforms"}
    assert main(["vectors", "check", str(folder), str(results)]) == 0


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        ("faulty:eps-outside-sqrt", "training-output"),
        ("faulty:wrong-dtype", "answers"),
        ("faulty:running-var-biased", "running-variance"),
    ],
)
def test_answers_of_a_faulty_implementation_are_found_out(folder, tmp_path, capsys, fault, law):
    results = answers(folder, fault, tmp_path / "theirs.jsonl")
    assert verdicts(folder, results)[law] == "nonconforming"
    assert main(["vectors", "check", str(folder), str(results), "--json", str(tmp_path / "report.json")]) == 1
    assert law in capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())
    validator("report.schema.json").validate(report)
    assert any(result.get("counterexample") for result in report["results"])


def test_a_dtype_without_an_answer_is_not_claimed(folder, tmp_path):
    results = answers(folder, "numpy-two-pass", tmp_path / "mine.jsonl")
    assert set(verdicts(folder, results, "bfloat16").values()) == {"not claimed"}


def test_no_answer_at_all_is_no_success(folder, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    assert main(["vectors", "check", str(folder), str(tmp_path / "empty.jsonl")]) == 3


def test_a_case_that_was_left_out_is_a_failure(folder, tmp_path):
    results = answers(folder, "numpy-two-pass", tmp_path / "mine.jsonl")
    kept = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join(kept[1:]))
    report = check_vectors(folder, results)
    assert [failure.message for failure in report.failures if failure.law == "answers"] == [
        "nonconforming at some step: the results have no answer to this case"
    ]


Change = Callable[[list[str]], list[str]]
WRONG: list[tuple[Change, str]] = [
    (lambda said: [*said, "no json"], "is no JSON"),
    (lambda said: [*said, "[" * 100_000], "is no JSON"),
    (lambda said: [*said, said[0]], "one that came before"),
    (lambda said: [*said, "{}"], "has no id"),
    (lambda said: [*said, "[]"], "an object is needed"),
    (lambda said: [*said, '{"id": 7}'], "a string is needed"),
    (lambda said: [*said, '{"id": "\\u001b[31m", "refused": {}}'], "is no case of kit"),
    (lambda said: ['{"protocol": "x"}', *said], "speaks protocol 'x'"),
    (lambda said: ['{"protocol": "normspec-pipe-1", "implementations": [7]}', *said], "an object is needed"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_results_that_are_none_are_one_line(folder, tmp_path, capsys, change, says):
    results = answers(folder, "numpy-two-pass", tmp_path / "mine.jsonl")
    results.write_text("\n".join(change(results.read_text().splitlines())) + "\n")
    capsys.readouterr()
    assert main(["vectors", "check", str(folder), str(results)]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.startswith("normspec: ")
    assert said.count("\n") == 1
    assert said.strip().isprintable()


@pytest.mark.parametrize(
    "answer",
    ["{}", '{"returned": 7}', '{"returned": [{"y": null}]}', '{"refused": []}', '{"returned": [{"\\u0000": {}}]}'],
)
def test_an_answer_that_is_none_is_a_verdict(folder, tmp_path, answer):
    results = answers(folder, "numpy-two-pass", tmp_path / "mine.jsonl")
    first, *rest = results.read_text().splitlines()
    hostile = {"id": json.loads(first)["id"], **json.loads(answer)}
    results.write_text("\n".join([json.dumps(hostile), *rest]) + "\n")
    assert verdicts(folder, results)["answers"] == "nonconforming"


def test_other_conventions_than_those_of_the_vectors_are_refused(folder, tmp_path, capsys):
    results = answers(folder, "numpy-two-pass", tmp_path / "mine.jsonl", hello=True)
    results.write_text(results.read_text().replace('"conventions":{}', '"conventions":{"momentum":"weighs_old"}'))
    assert main(["vectors", "check", str(folder), str(results)]) == 2
    assert "--convention momentum=weighs_old" in capsys.readouterr().err


def test_conventions_are_exported(tmp_path):
    chosen = ("--operation", "batch_norm", "--dtype", "float64", "--max-examples", "1")
    assert main(["vectors", "export", str(tmp_path / "a"), *chosen, "--convention", "single_element=zero"]) == 0
    assert read_vectors(tmp_path / "a").conventions["batch_norm"]["single_element"] == "zero"
    degenerate = [vector for vector in lines(tmp_path / "a") if vector["stream"] == "degenerate"]
    assert degenerate
    assert all(vector["expected"] != "refused" for vector in degenerate)


def test_a_changed_folder_is_found_out(folder, tmp_path, capsys):
    copied = tmp_path / "kit"
    copied.mkdir()
    for path in folder.iterdir():
        (copied / path.name).write_bytes(path.read_bytes().replace(b'"epsilon":', b'"epsilon": '))
    (tmp_path / "empty.jsonl").write_text("")
    assert main(["vectors", "check", str(copied), str(tmp_path / "empty.jsonl")]) == 2
    assert "is not the file that manifest.json was written for" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["vectors", "export", "{used}"], "already holds"),
        (["vectors", "export", "{new}", "--operation", "batchnorm"], "did you mean 'batch_norm'"),
        (["vectors", "export", "{new}", "--dtype", "int8"], "int8"),
        (["vectors", "export", "{new}", "--convention", "momentum=sideways"], "sideways"),
        (["vectors", "export", "{new}", "--convention", "nothing=1"], "nothing"),
        (["vectors", "check", "{new}", "{new}"], "cannot be read"),
        (["vectors"], "Missing command"),
    ],
)
def test_a_wrong_call_is_one_line(tmp_path, capsys, arguments, says):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("")
    places = {"used": tmp_path / "used", "new": tmp_path / "new"}
    assert main([argument.format(**places) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_the_files_can_be_given_to_a_program_that_speaks_over_a_pipe(folder, tmp_path):
    questions = (
        b'{"ask": "hello", "protocol": "normspec-pipe-1"}\n' + (folder / "batch_norm-float32.jsonl").read_bytes()
    )
    serve = [sys.executable, "-m", "normspec.implementations.serve", "numpy-two-pass"]
    run = subprocess.run(serve, input=questions, capture_output=True, check=True)
    (tmp_path / "results.jsonl").write_bytes(run.stdout)
    assert main(["vectors", "check", str(folder), str(tmp_path / "results.jsonl")]) == 0
