"""Text from implementations, made safe for a terminal and for XML."""

LONGEST = 20_000


def _escaped(character: str) -> str:
    return character if character in "\n\t" or character.isprintable() else character.encode("unicode_escape").decode()


def cleaned(text: str, longest: int = LONGEST) -> str:
    """Return text with every character that does not print written as an escape, cut after `longest` characters.

    Control sequences, surrogates, and the marks that reorder what is read do not print; newline and tab stay.
    """
    short = text if len(text) <= longest else f"{text[:longest]}... ({len(text) - longest} more characters)"
    return "".join(map(_escaped, short))


def one_line(text: str, longest: int = 500) -> str:
    """Return cleaned text with every run of white space as one space."""
    return " ".join(cleaned(text, longest).split())
