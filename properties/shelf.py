"""Where failing cases are kept from one run to the next, and shared: Hypothesis's own databases of examples."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

ASIDE = (b".secondary", b".pareto")  # what Hypothesis keeps besides the failing cases themselves


class DatabaseError(ValueError):
    """A database cannot be used; the message is one line that says why."""


class Shelf(ExampleDatabase):
    """One part of a database: the failing cases of one kind, under our own key. None is ever forgotten.

    Hypothesis would drop a case that does not fail any more; here it stays as one that is always tried.
    """

    def __init__(self, database: ExampleDatabase, key: bytes) -> None:
        super().__init__()
        self._database, self._key = database, key

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return what is kept, whatever test asks."""
        return () if key.endswith(ASIDE) else sorted(self._database.fetch(self._key))

    def save(self, key: bytes, value: bytes) -> None:
        """Keep a failing case."""
        if not key.endswith(ASIDE):
            self._database.save(self._key, value)

    def move(self, src: bytes, dest: bytes, value: bytes) -> None:
        """Put a failing case aside, which a smaller one has replaced: it is not needed any more."""
        self._database.delete(self._key, value)

    def delete(self, key: bytes, value: bytes) -> None:
        """Keep what Hypothesis would drop."""


def shelf_of(databases: tuple[str, ...], words: tuple[str, ...]) -> Shelf | None:
    """Return the shelf with these words on it, or None where no database is named. Raises DatabaseError."""
    if not databases:
        return None
    return Shelf(open_databases(databases), "\n".join(("normspec", *words)).encode("utf-8", "backslashreplace"))


@lru_cache(maxsize=4)
def open_databases(names: tuple[str, ...]) -> ExampleDatabase:
    """Return the databases as one, opened once and seen to answer. Raises DatabaseError for one that cannot be used."""
    opened = [_opened(name) for name in names]
    for name, database in zip(names, opened, strict=True):
        try:
            tuple(database.fetch(b"normspec"))
        except Exception as error:
            raise DatabaseError(f"database={name!r} does not answer ({type(error).__name__}: {error})") from None
    return opened[0] if len(opened) == 1 else MultiplexedDatabase(*opened)


def _opened(name: str) -> ExampleDatabase:
    scheme, separator, place = name.partition(":")
    if separator and scheme in SCHEMES:
        return SCHEMES[scheme](name, place)
    if "://" in name:
        raise DatabaseError(f"database={name!r} is unknown: give a folder, redis://HOST or github:OWNER/REPOSITORY")
    if Path(name).exists() and not Path(name).is_dir():
        raise DatabaseError(f"database={name!r} is no folder: give a folder, redis://HOST or github:OWNER/REPOSITORY")
    try:
        Path(name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"database={name!r} cannot be made ({error.strerror}): give a folder to write to") from None
    return DirectoryBasedExampleDatabase(name)


def _redis(name: str, place: str) -> ExampleDatabase:
    try:
        from hypothesis.extra.redis import RedisExampleDatabase
        from redis import Redis
    except ImportError:
        raise DatabaseError(f"database={name!r} needs redis: pip install 'normspec[redis]'") from None
    try:
        return RedisExampleDatabase(Redis.from_url(name))
    except ValueError as error:
        raise DatabaseError(f"database={name!r} is no address ({error}): give redis://HOST:PORT/NUMBER") from None


def _github(name: str, place: str) -> ExampleDatabase:
    """Return what a repository's continuous integration has uploaded: it is read, and never written to."""
    owner, _, repository = place.partition("/")
    if not owner or not repository or "/" in repository:
        raise DatabaseError(f"database={name!r} is incomplete: write github:OWNER/REPOSITORY")
    return ReadOnlyDatabase(GitHubArtifactDatabase(owner, repository))


SCHEMES: Mapping[str, Callable[[str, str], ExampleDatabase]] = MappingProxyType(
    {"redis": _redis, "rediss": _redis, "github": _github}
)
