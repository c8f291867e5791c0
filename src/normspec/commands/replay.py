"""`normspec replay`: the counterexamples of a report, run again."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from normspec.clean import one_line
from normspec.commands.errors import as_wrong_call

if TYPE_CHECKING:
    from normspec.grades.replay import Regraded
    from normspec.runs.replay import Replayed


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(file: Path, as_json: bool) -> int:
    """Run the counterexamples of a report again, and say which still fail.

    FILE is what 'normspec check --json FILE' wrote, or a file of --run-directory, whose case every law then judges;
    or what 'normspec grade' wrote, of which the cases are run whose grade is below the declared one.
    Exit code 0: none still fails; 1: one does; 2: FILE is none of these.
    """
    from normspec.grades.as_json import is_table
    from normspec.runs.case_file import read_replayable
    from normspec.runs.replay import replay
    from normspec.spec.environment import PollutedEnvironmentError

    with as_wrong_call(ValueError, PollutedEnvironmentError):
        if is_table(file):
            return _of_grades(file, as_json)
        replayed = tuple(replay(read_replayable(file)))
    click.echo(json.dumps([_plain(one) for one in replayed], indent=1) if as_json else _text(replayed))
    return int(any(one.still_fails for one in replayed))


def _of_grades(file: Path, as_json: bool) -> int:
    """Measure the grades of a table again that are below the declared ones; return the exit code."""
    from normspec.grades.as_json import read_table
    from normspec.grades.replay import regrade

    found = tuple(regrade(read_table(file)))
    failing = sum(one.still_fails for one in found)
    if as_json:
        click.echo(json.dumps([_plain_grade(one) for one in found], indent=1))
    else:
        lines = (_grade_line(one) for one in found)
        click.echo("\n".join((*lines, f"{failing} of {len(found)} grades are still below the declared ones")))
    return int(failing > 0)


def _plain_grade(one: "Regraded") -> dict[str, str | bool | None]:
    entry = one.entry
    grades = {"declared": entry.declared, "recorded": entry.grade, "grade": one.grade}
    return {**asdict(entry.place), **grades, "still_fails": one.still_fails}


def _grade_line(one: "Regraded") -> str:
    place, now = one.entry.place, "not answered" if one.grade is None else f"grade {one.grade}"
    where = one_line(f"{place.target} {place.operation} {place.dtype} {place.layout} {place.output} ({place.mode})")
    words = "still fails" if one.still_fails else "holds now"
    return f"{words}  {where}: {now}, recorded {one.entry.grade}, declared {one.entry.declared}"


def _message(one: "Replayed") -> str:
    return str(getattr(one.judgement, "message", getattr(one.judgement, "reason", "")))


def _plain(one: "Replayed") -> dict[str, str | bool]:
    result = one.result
    names = {"target": result.target, "operation": result.operation, "law": result.law, "dtype": result.dtype}
    return {**names, "still_fails": one.still_fails, "message": one_line(_message(one))}


def _text(replayed: "tuple[Replayed, ...]") -> str:
    lines = [_line(one) for one in replayed]
    failing = sum(one.still_fails for one in replayed)
    return "\n".join((*lines, f"{failing} of {len(replayed)} counterexamples still fail"))


def _line(one: "Replayed") -> str:
    result, says = one.result, one_line(_message(one))
    place = one_line(f"{result.target} {result.operation} {result.law} {result.dtype}")
    return f"{one.now}  {place}" + (f": {says}" if says else "")
