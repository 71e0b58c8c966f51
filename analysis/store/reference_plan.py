"""The one saved plan of a study that others are compared with: pinned beside the plans."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.errors import PrunescopeError, UnknownName
from prunescope.store.files import storage
from prunescope.store.json_documents import read_document, write_document
from prunescope.store.read_only import require_writable
from prunescope.store.saved_plans import SavedPlans

FOLDER: Final = "pinned"
"""In the folder of plans."""
_FILE: Final = "reference.json"


@dataclass(frozen=True)
class Pinned:
    """What the file holds.

    Attributes:
        plan: Name of the saved plan.
    """

    plan: str


def reference_name(saved: SavedPlans) -> str | None:
    """Return the name of the plan that others are compared with; None where none is pinned.

    A plan that was thrown away is none, and is one again once it is taken back.
    """
    path = _path(saved)
    if not path.is_file():
        return None
    try:
        name = read_document(Pinned, path).plan
    except PrunescopeError:  # damaged: pin one again
        return None
    return name if name in saved.names() else None


def pin(saved: SavedPlans, name: str | None) -> None:
    """Make the saved plan ``name`` the reference; None for no plan.

    Raises:
        UnknownName: There is no such plan.
        StorageFailure: The disk refuses.
    """
    if name is not None and name not in saved.names():
        raise UnknownName.among("plan", name, saved.names())
    path = _path(saved)
    require_writable(path)
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if name is None:
            path.unlink(missing_ok=True)
    if name is not None:
        write_document(path, Pinned(name))


def _path(saved: SavedPlans) -> Path:
    return saved.folder / FOLDER / _FILE
