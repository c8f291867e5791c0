"""What a run is asked to do: names checked against what there is, before anything runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from normspec.case_file import terms
from normspec.close_names import UnknownNameError, choose
from normspec.implementations.contract import Implementation
from normspec.implementations.pipe import ISOLATED, PIPE, Terms
from normspec.implementations.targets import list_names, resolve
from normspec.known_file import read_known_failures
from normspec.properties.check import Settings
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS


@dataclass(frozen=True)
class Request:
    """One run: the implementations with the targets that they were asked for by, the laws, and the settings."""

    implementations: tuple[tuple[str, Implementation], ...]
    laws: tuple[Law, ...]
    settings: Settings
    known: tuple[KnownFailure, ...] = ()

    def laws_for(self, implementation: Implementation) -> tuple[Law, ...]:
        """Return the laws asked for that are about the implementation's operation."""
        return tuple(law for law in self.laws if implementation.operation in law.operations)


def request(
    targets: Iterable[str | Implementation],
    *,
    operations: Iterable[str] = (),
    laws: Iterable[str] = (),
    dtypes: Iterable[str] = (),
    max_examples: int = 100,
    seed: int = 0,
    known_failures: str | Path | None = None,
    isolate: bool = False,
    time_limit: float = 10.0,
    memory_limit: int = 4096,
    run_directory: str | Path | None = None,
) -> Request:
    """Return the run that is asked for. Raises ValueError, with one line, for a name that nothing has.

    isolate: every implementation is asked in a process of its own, as those of pipe: targets always are. Such a process
    has time_limit seconds for a case and memory_limit MiB; cases are written to run_directory before they are sent.
    """
    wanted = tuple(operations)
    if max_examples < 1:
        raise ValueError(f"max_examples={max_examples!r}: give a whole number from 1 on")
    choose("operation", wanted, OPERATIONS, "'normspec list operations' shows them all")
    chosen_laws = choose("law", laws, LAWS, "'normspec list laws' shows them all")
    chosen_dtypes = choose("dtype", dtypes, FORMATS, f"choose from {', '.join(FORMATS)}")
    processes = terms(time_limit, memory_limit, run_directory)
    asked = [_isolated(target) for target in targets] if isolate else targets
    return Request(
        implementations=tuple(pair for target in asked for pair in _resolved(target, wanted, processes)),
        laws=tuple(LAWS[name] for name in chosen_laws),
        settings=Settings(max_examples=max_examples, seed=seed, dtypes=chosen_dtypes),
        known=() if known_failures is None else _known(Path(known_failures)),
    )


def _isolated(target: str | Implementation) -> str:
    """Return the target that asks for another one in a process of its own."""
    if isinstance(target, Implementation):
        raise ValueError(f"isolate=True cannot take {target.name!r} into another process: name it as FILE.py:ATTRIBUTE")
    return target if target.startswith((PIPE, ISOLATED)) else f"{ISOLATED}{target}"


def _resolved(
    target: str | Implementation, operations: tuple[str, ...], processes: Terms
) -> list[tuple[str, Implementation]]:
    if isinstance(target, Implementation):
        return [(target.name, target)] if not operations or target.operation in operations else []
    asked: tuple[str | None, ...] = operations or (None,)
    return [(target, found) for operation in asked for found in resolve(target, operation, processes)]


def _known(path: Path) -> tuple[KnownFailure, ...]:
    """Return the entries of a file; a law or target that nothing has would otherwise never be found out."""
    entries = read_known_failures(path)
    targets = list_names()
    for index, entry in enumerate(entries):
        try:
            choose("law", [entry.law], LAWS, "'normspec list laws' shows them all")
            if ":" not in entry.target:
                choose("target", [entry.target], targets, "'normspec list implementations' shows them all")
        except UnknownNameError as error:
            raise UnknownNameError(f"{path.name}.entries[{index}].{error}") from None
    return entries
