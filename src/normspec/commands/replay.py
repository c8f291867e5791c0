"""`normspec replay`: the counterexamples of a report, run again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from normspec.clean import one_line
from normspec.commands.errors import as_wrong_call

if TYPE_CHECKING:
    from normspec.replay import Replayed


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(file: Path, as_json: bool) -> int:
    """Run the counterexamples of a report again, and say which still fail.

    FILE is what 'normspec check --json FILE' wrote, or a file of --run-directory, whose case every law then judges.
    Exit code 0: none still fails; 1: one does; 2: FILE is no report.
    """
    from normspec.case_file import read_replayable
    from normspec.replay import replay
    from normspec.spec.environment import PollutedEnvironmentError

    with as_wrong_call(ValueError, PollutedEnvironmentError):
        replayed = tuple(replay(read_replayable(file)))
    click.echo(json.dumps([_plain(one) for one in replayed], indent=1) if as_json else _text(replayed))
    return int(any(one.still_fails for one in replayed))


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
