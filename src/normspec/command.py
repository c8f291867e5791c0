"""The command `normspec`: its subcommands, each imported when it is used, and the way errors are told."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

import click

from normspec.close_names import UnknownNameError, choose

WRONG_CALL, OWN_DEFECT, INTERRUPTED = 2, 70, 130
CLOSED_PIPE = 141  # 128 + SIGPIPE, as shells say of other tools

SUBCOMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "check": "Hold implementations against the specification.",
        "merge": "Make one report of the shards of a run.",
        "grade": "Measure how accurate implementations are, and grade them.",
        "identify": "Infer which conventions an implementation follows.",
        "list": "List operations, laws, implementations, conventions or profiles.",
        "handbook": "Write the handbook, to be read in a browser.",
        "derive": "Print a derivation step by step, or list them all.",
        "compare": "Tell in what reports differ, side by side.",
        "badge": "Draw the verdict of a report as a badge.",
        "replay": "Run the counterexamples of a report again.",
        "vectors": "Write cases with what must come, and judge answers made elsewhere.",
    }
)


class _Group(click.Group):
    """A group that knows its subcommands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        try:
            choose("command", [cmd_name], SUBCOMMANDS, f"choose from {', '.join(SUBCOMMANDS)}")
        except UnknownNameError as error:
            raise click.UsageError(str(error), ctx) from None
        command: click.Command = import_module(f"normspec.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))


def _print_version(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    if value:
        from normspec.runs.versions import version

        click.echo(f"normspec {version()}")
        ctx.exit()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def group() -> None:
    """Hold normalization layers against their executable specification.

    \b
    normspec check numpy                     what NumPy code of ours does
    normspec check torch                     what PyTorch does
    normspec check my_package.norms:MyNorm   what yours does
    normspec grade my_package.norms:MyNorm   how accurate yours is
    """


def _usage(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "normspec"
    return f"{_sentence(error.format_message())} See '{path} --help'."


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if line.endswith((".", "?", "!")) else f"{line}."


def _silence_stdout() -> None:
    """Send what is still buffered for a closed pipe nowhere, so that the interpreter's end is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answered(call: Callable[[], object]) -> int:
    """Return the exit code of a call; every error that a user can make becomes one line."""
    try:
        code = call()
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        return _told(_usage(error))
    except click.ClickException as error:
        return _told(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _told("stopped before the end", INTERRUPTED)
    except BrokenPipeError:
        _silence_stdout()
        return CLOSED_PIPE
    except Exception:
        traceback.print_exc()
        return _told("this is a defect of normspec itself, not of what was checked: please report it", OWN_DEFECT)


def _told(line: str, code: int = WRONG_CALL) -> int:
    click.echo(f"normspec: {line}", err=True)
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    return _answered(lambda: _invoked(given))


def _invoked(arguments: list[str]) -> object:
    """Call the command without click's own handling of errors, which would end a closed pipe with exit code 1."""
    with group.make_context("normspec", arguments) as context:
        return group.invoke(context)
