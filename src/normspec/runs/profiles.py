"""Profiles: how hard a run looks, and what else it does, under one name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from normspec.spec.formats import FORMATS


@dataclass(frozen=True)
class Profile:
    """What a profile sets: the cases of the main stream, and how implementations are asked.

    pinned_every is how many dtypes share the pinned cases, each of which is tried in one of them.
    ways asks all the ways to call an implementation that have names of their own, such as torch under vmap.
    isolate asks each one in a process of its own; junit names the file that is written where no other is named.
    """

    name: str
    statement: str
    max_examples: int
    isolate: bool = False
    junit: str = ""
    pinned_every: int = 1
    ways: bool = False


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(
                "quick",
                "before every commit: the cases that are always tried, each in one dtype, and a few that are drawn",
                1,
                pinned_every=len(FORMATS),
            ),
            Profile("default", "before a merge: all cases that are always tried, and some of each regime", 11),
            Profile(
                "thorough",
                "every night: many more cases, and every way to call a framework, as torch under vmap or compiled",
                300,
                ways=True,
            ),
            Profile(
                "ci",
                "as default, each implementation in a process of its own; writes normspec.xml, as --junit does",
                *(11, True, "normspec.xml"),
            ),
        )
    }
)


def files_of(profile: str) -> dict[str, Path]:
    """Return the files that a profile writes by itself, by form; none for a name that nothing has."""
    name = PROFILES[profile].junit if profile in PROFILES else ""
    return {"junit": Path(name)} if name else {}


def described() -> dict[str, str]:
    """Return every profile with what it does and sets."""
    return {name: f"{each.statement}\n--max-examples {each.max_examples}" for name, each in PROFILES.items()}
