"""Shards: K/N, the part of a run's cases that one of N machines judges."""

import re


def shard_from(text: str) -> tuple[int, int]:
    """Return K and N. Raises ValueError, with one line, for anything but K/N with 1 <= K <= N."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise ValueError(f"shard={text!r}: give K/N, the K-th of N parts, as 1/4")
    return int(found[1]), int(found[2])


def shard_text(shard: tuple[int, int]) -> str:
    """Return K/N."""
    return f"{shard[0]}/{shard[1]}"
