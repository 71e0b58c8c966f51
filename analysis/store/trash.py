"""Take a folder out of the list of studies without losing anything in it."""

import secrets
from pathlib import Path
from typing import Final

from prunescope.store.files import storage
from prunescope.store.read_only import require_writable

TRASH: Final = ".trash"


def throw_away(folder: Path) -> Path:
    """Move a study's folder into ``.trash`` beside it and return where it lies now.

    Raises:
        StorageFailure: The folder cannot be moved; it stays where it is.
    """
    require_writable(folder)
    trash = folder.parent / TRASH
    target = trash / folder.name
    if target.exists():
        target = trash / f"{folder.name} {secrets.token_hex(3)}"
    with storage(folder):
        trash.mkdir(exist_ok=True)
        folder.rename(target)
    return target
