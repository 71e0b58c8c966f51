"""Put an export's files in place together: a killed run leaves the old ones or the new. Torch-free.

The new files are made in a folder aside, which becomes ``.ready`` in one rename. From then on they
count: whoever opens the export next moves what a killed run has left in ``.ready``.
"""

import contextlib
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prunescope.store.files import storage
from prunescope.store.locks import merge_lock

REPORT: Final = "verification.json"
"""Name of the report that an export comes with; it is put in place last."""

_STALE: Final = 86_400.0
"""Seconds after which what a run was writing belongs to nobody."""
READY: Final = ".ready"
STALE: Final = ".stale"
"""Names of files that go when the new ones come, one a line."""


def install(new: Path, stale: Iterable[str], folder: Path) -> None:
    """Move every file in ``new`` to ``folder`` and remove the files called ``stale`` from there.

    Args:
        new: A folder on the same disk; gone afterwards.
        stale: Names of files in ``folder`` that are not in ``new``.
        folder: The export's folder; its other files stay.

    Raises:
        StorageFailure: The disk refuses; the next ``finish_install`` goes on.
    """
    with merge_lock(folder), storage(folder):
        _move(folder)
        (new / STALE).write_text("".join(f"{name}\n" for name in stale))
        new.rename(folder / READY)
        _move(folder)


def remove_left(folder: Path, prefix: str) -> None:
    """Remove the folders named ``prefix…`` in which killed runs began to write a day ago.

    An export of a large model may take hours; one that is being written changes meanwhile.
    """
    for left in folder.glob(f"{prefix}*"):
        with contextlib.suppress(FileNotFoundError):
            if left.is_dir() and not left.is_symlink() and time.time() - _changed(left) > _STALE:
                shutil.rmtree(left, ignore_errors=True)


def _changed(folder: Path) -> float:
    """When anything in ``folder`` was changed last, seconds since the epoch."""
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))


def finish_install(folder: Path) -> None:
    """Finish what a killed run had begun to put in place in ``folder``, if any did.

    Raises:
        StorageFailure: The disk refuses.
    """
    if _is_ready(folder / READY):
        with merge_lock(folder), storage(folder):
            _move(folder)


def _is_ready(ready: Path) -> bool:
    """A link could lead to files that are somebody else's."""
    return ready.is_dir() and not ready.is_symlink()


def _move(folder: Path) -> None:
    """Every step may have been done before, by a run that was killed or a process beside."""
    ready = folder / READY
    if not _is_ready(ready):
        return
    with contextlib.suppress(FileNotFoundError):
        for name in (ready / STALE).read_text().splitlines():
            if Path(name).name == name:  # a folder that somebody sent names nothing outside it
                (folder / name).unlink(missing_ok=True)
    files = [file for file in ready.iterdir() if file.name != STALE]
    for file in sorted(files, key=lambda file: (file.name == REPORT, file.name)):
        with contextlib.suppress(FileNotFoundError):
            file.replace(folder / file.name)
    (ready / STALE).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        ready.rmdir()
