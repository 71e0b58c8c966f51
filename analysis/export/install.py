"""Put an export's files in place together: a killed run leaves the old ones or the new. Torch-free.

The new files are made in a folder aside, which becomes ``.ready`` in one rename. From then on they
count: whoever opens the export next moves what a killed run has left in ``.ready``.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prunescope.store.files import storage
from prunescope.store.locks import merge_lock

REPORT: Final = "verification.json"
"""Name of the report that an export comes with; it is put in place last."""

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
