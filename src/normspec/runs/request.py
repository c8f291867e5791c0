"""What a run is asked to do: names checked against what there is, before anything runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypedDict

from normspec.close_names import UnknownNameError, choose
from normspec.implementations.contract import Implementation
from normspec.implementations.pipe import ISOLATED, PIPE, Terms
from normspec.implementations.registry import REGISTERED, ways
from normspec.implementations.targets import list_names, resolve
from normspec.properties.hunt import Settings
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.laws import LAWS
from normspec.properties.shelf import open_databases
from normspec.records.known_file import read_known_failures
from normspec.runs.case_file import terms
from normspec.runs.profiles import PROFILES
from normspec.runs.shards import shard_from
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS


@dataclass(frozen=True)
class Processes:
    """How implementations in processes of their own are asked: seconds for a case, MiB, and the folder for cases."""

    time_limit: float = 10.0
    memory_limit: int = 4096
    run_directory: str | None = None

    @property
    def terms(self) -> Terms:
        """Return the terms. Raises ValueError, with one line, for limits that are none."""
        return terms(self.time_limit, self.memory_limit, self.run_directory)


@dataclass(frozen=True)
class Request:
    """One run: the implementations with the targets that they were asked for by, the laws, and the settings.

    local names the implementations that are no target's: no other process can find them.
    """

    implementations: tuple[tuple[str, Implementation], ...]
    laws: tuple[Law, ...]
    settings: Settings
    known: tuple[KnownFailure, ...] = ()
    processes: Processes = field(default_factory=Processes)
    local: frozenset[str] = frozenset()

    @cached_property
    def recorded(self) -> frozenset[tuple[str, str, str, str]]:
        """Return the target, operation, law and dtype of each failure on record."""
        return frozenset((entry.target, entry.operation, entry.law, entry.dtype) for entry in self.known)

    def laws_for(self, implementation: Implementation) -> tuple[Law, ...]:
        """Return the laws asked for that are about the implementation's operation."""
        return tuple(law for law in self.laws if implementation.operation in law.operations)


class Options(TypedDict, total=False):
    """What `request` takes besides targets, for those that pass it on."""

    operations: Iterable[str]
    laws: Iterable[str]
    dtypes: Iterable[str]
    profile: str
    max_examples: int | None
    seed: int
    climb: int
    shard: str
    databases: Iterable[str]
    known_failures: str | Path | None
    isolate: bool
    time_limit: float
    memory_limit: int
    run_directory: str | Path | None


def request(
    targets: Iterable[str | Implementation],
    *,
    operations: Iterable[str] = (),
    laws: Iterable[str] = (),
    dtypes: Iterable[str] = (),
    profile: str = "default",
    max_examples: int | None = None,
    seed: int = 0,
    climb: int = 0,
    shard: str = "1/1",
    databases: Iterable[str] = (),
    known_failures: str | Path | None = None,
    isolate: bool = False,
    time_limit: float = 10.0,
    memory_limit: int = 4096,
    run_directory: str | Path | None = None,
) -> Request:
    """Return the run that is asked for. Raises ValueError, with one line, for a name that nothing has.

    profile: one of normspec.runs.profiles, whose number of cases max_examples overrides. climb: how often the worst
    case of each number is changed, where accuracy is measured. shard: K/N, the part of the cases that is judged.
    databases: where failing cases are kept: a folder, redis://HOST or github:OWNER/REPOSITORY.
    isolate: every implementation is asked in a process of its own, as those of pipe: targets always are. Such a process
    has time_limit seconds for a case and memory_limit MiB; cases are written to run_directory before they are sent.
    """
    wanted = tuple(operations)
    choose("profile", [profile], PROFILES, "'normspec list profiles' shows them all")
    examples = PROFILES[profile].max_examples if max_examples is None else max_examples
    if examples < 1:
        raise ValueError(f"max_examples={max_examples!r}: give a whole number from 1 on")
    choose("operation", wanted, OPERATIONS, "'normspec list operations' shows them all")
    chosen_laws = choose("law", laws, LAWS, "'normspec list laws' shows them all")
    chosen_dtypes = choose("dtype", dtypes, FORMATS, f"choose from {', '.join(FORMATS)}")
    processes = Processes(time_limit, memory_limit, None if run_directory is None else str(run_directory))
    kept = tuple(databases)
    if kept:
        open_databases(kept)
    named_targets = tuple(_with_ways(targets) if PROFILES[profile].ways else targets)
    asked = tuple(map(_isolated, named_targets) if isolate or PROFILES[profile].isolate else named_targets)
    on_terms = processes.terms
    found = tuple(pair for target in asked for pair in _resolved(target, wanted, on_terms))
    return Request(
        implementations=found,
        laws=tuple(LAWS[name] for name in chosen_laws),
        settings=Settings(
            examples, seed, chosen_dtypes, shard_from(shard), kept, PROFILES[profile].pinned_every, climb
        ),
        known=() if known_failures is None else _known(Path(known_failures), found, wanted),
        processes=processes,
        local=frozenset(each.name for each in asked if isinstance(each, Implementation)),
    )


def _with_ways(targets: Iterable[str | Implementation]) -> Iterable[str | Implementation]:
    """Yield the targets, and after each the other ways to call it."""
    for target in targets:
        yield target
        yield from ways(target) if isinstance(target, str) else ()


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


def named(target: str, operation: str, name: str, processes: Processes | None = None) -> Implementation:
    """Return the implementation with this name that a target gives. Raises ValueError when it gives none."""
    found = resolve(target, operation, processes.terms if processes else None)
    for implementation in found:
        if implementation.name == name:
            return implementation
    names = ", ".join(implementation.name for implementation in found)
    raise ValueError(f"target={name!r} is none of what {target!r} gives now ({names}): check it again")


def _known(
    path: Path, asked: tuple[tuple[str, Implementation], ...], operations: tuple[str, ...]
) -> tuple[KnownFailure, ...]:
    """Return the entries of a file; a law or target that nothing has would otherwise never be found out."""
    entries = read_known_failures(path)
    targets = {*list_names(), *(found.name for _, found in asked)}
    seen_whole = {target.removeprefix(ISOLATED) for target, _ in asked} if not operations else set()
    others = tuple(f"{name}{mark}" for name in REGISTERED if name not in seen_whole for mark in "-@")
    for index, entry in enumerate(entries):
        try:
            choose("law", [entry.law], LAWS, "'normspec list laws' shows them all")
            if ":" not in entry.target and not entry.target.startswith(others):  # what those have is not known here
                choose("target", [entry.target], targets, "'normspec list implementations' shows them all")
        except UnknownNameError as error:
            raise UnknownNameError(f"{path.name}.entries[{index}].{error}") from None
    return entries
