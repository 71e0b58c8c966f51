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

_READY: Final = ".ready"
_STALE: Final = ".stale"
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
        (new / _STALE).write_text("".join(f"{name}\n" for name in stale))
        new.rename(folder / _READY)
        _move(folder)


def finish_install(folder: Path) -> None:
    """Finish what a killed run had begun to put in place in ``folder``, if any did.

    Raises:
        StorageFailure: The disk refuses.
    """
    if (folder / _READY).is_dir():
        with merge_lock(folder), storage(folder):
            _move(folder)


def _move(folder: Path) -> None:
    """Every step may have been done before, by a run that was killed or a process beside."""
    ready = folder / _READY
    if not ready.is_dir():
        return
    with contextlib.suppress(FileNotFoundError):
        for name in (ready / _STALE).read_text().splitlines():
            if Path(name).name == name:  # a folder that somebody sent names nothing outside it
                (folder / name).unlink(missing_ok=True)
    for file in sorted(each for each in ready.iterdir() if each.name != _STALE):
        with contextlib.suppress(FileNotFoundError):
            file.replace(folder / file.name)
    (ready / _STALE).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        ready.rmdir()
