"""Write files atomically, and turn errors of the file system into sentences."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prunescope.errors import StorageFailure

_REASONS: Final = {
    errno.ENOSPC: ("room on the disk", "the disk is full", "Free some space"),
    errno.EDQUOT: ("room on the disk", "your quota is used up", "Free some space"),
    errno.EROFS: ("a folder that can be written", "the disk is read-only", "Choose another folder"),
    errno.EACCES: ("a folder that can be written", "permission is missing", "Change its mode"),
    errno.EPERM: ("a folder that can be written", "permission is missing", "Change its mode"),
    errno.ENOTDIR: ("a folder", "a part of the path is a file", "Choose another folder"),
}


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` under a temporary name, flush it, and rename it.

    Readers see the old file or the new one, never a half.

    Raises:
        StorageFailure: The disk is full, read-only or refuses; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def storage(path: Path) -> Iterator[None]:
    """Raise ``StorageFailure`` naming ``path`` when the block meets an ``OSError``."""
    try:
        yield
    except OSError as error:
        expected, got, step = _REASONS.get(
            error.errno or 0, ("a folder that can be written", str(error), "Choose another folder")
        )
        raise StorageFailure(
            f"Expected {expected} for {path}, but {got}. {step} and run the same command again: "
            "what was finished is kept."
        ) from error


def set_aside(path: Path) -> Path:
    """Rename a damaged file to ``NAME.damaged`` (numbered if taken) and return the new path."""
    for number in range(1000):
        suffix = ".damaged" if number == 0 else f".damaged{number}"
        target = path.with_name(path.name + suffix)
        if not target.exists():
            with storage(path), contextlib.suppress(FileNotFoundError):
                path.rename(target)
            return target
    raise StorageFailure(
        f"Expected fewer than 1000 damaged copies of {path}, but all names are taken. Remove them."
    )
