"""Write files atomically, and turn errors of the file system into sentences."""

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prunescope.errors import StorageFailure
from prunescope.store.read_only import read_only, require_writable
from prunescope.store.try_lock import try_lock

_REASONS: Final = {
    errno.ENOSPC: ("room on the disk", "the disk is full", "Free some space"),
    errno.EDQUOT: ("room on the disk", "your quota is used up", "Free some space"),
    errno.EROFS: ("a folder that can be written", "the disk is read-only", "Choose another folder"),
    errno.EACCES: ("a folder that can be written", "permission is missing", "Change its mode"),
    errno.EPERM: ("a folder that can be written", "permission is missing", "Change its mode"),
    errno.ENOTDIR: ("a folder", "a part of the path is a file", "Choose another folder"),
}
_LEFT: Final[set[Path]] = set()
"""Damaged files that this process met and left in their places, since it may only read."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` under a temporary name, flush it, and rename it.

    Readers see the old file or the new one, never a half.

    Raises:
        StorageFailure: The disk is full, read-only or refuses; nothing is left behind.
    """
    require_writable(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                try_lock(file.fileno())  # for as long as somebody is at it
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def require_present(path: Path) -> None:
    """Raise ``StorageFailure`` unless ``path`` is there: the manifest of a study.

    A study that somebody has moved or removed meanwhile would begin again in pieces otherwise.
    """
    if not path.exists():
        raise StorageFailure(
            f"Expected {path} to stay while this ran, but it was moved or removed. Run the same "
            "command again where the study is now: what was finished is kept there."
        )


def remove_left(path: Path, age: float) -> None:
    """Remove a temporary file that a killed writer left, ``age`` seconds after its last change.

    One that is being written stays, also where the clock was set forward meanwhile.
    """
    with contextlib.suppress(OSError), path.open("r+b") as file:
        if time.time() - os.fstat(file.fileno()).st_mtime > age and try_lock(file.fileno()):
            path.unlink()


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
    """Rename a damaged file to ``NAME.damaged`` (numbered if taken) and return the new path.

    Where studies may only be read it stays where it is, and ``damaged_in`` tells it.
    """
    if read_only():
        _LEFT.add(path)
        return path
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


def damaged_in(folder: Path) -> list[Path]:
    """Return the parquet files of ``folder`` that were found damaged, set aside or not."""
    aside = folder.glob("*.parquet.damaged*") if folder.is_dir() else ()
    return sorted([*aside, *(path for path in _LEFT if path.parent == folder and path.exists())])
