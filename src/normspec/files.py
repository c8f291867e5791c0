"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path


def check_writable(path: Path) -> None:
    """Raise ValueError, with one line, unless a file can be written at path. Nothing is left behind."""
    if path.is_dir():
        raise ValueError(f"{str(path)!r} is a folder: give the name of a file")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".normspec-"):
            pass
    except OSError as error:
        raise ValueError(
            f"{str(path)!r} cannot be written ({error.strerror}): give a file in a folder of yours"
        ) from None


def write_whole(path: Path, text: str) -> None:
    """Write a text file under a temporary name beside path, and move it there once it is complete."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".normspec-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
