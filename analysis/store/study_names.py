"""Give studies of one folder their names: new, other, two of them, and back out of the trash.

A folder whose name begins with a dot is no study that anybody opens: ``.trash`` holds what was
thrown away, ``.check-NAME`` a study that is looked at before it is made, ``.uploads`` weights.
"""

import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prunescope.errors import BadReference, BadValue
from prunescope.store.files import storage
from prunescope.store.folder import MANIFEST
from prunescope.store.read_only import require_writable
from prunescope.store.trash import TRASH

CHECK: Final = ".check-"
"""Before the name of a study that is looked at before it is made."""
_NAME: Final = re.compile(r"\w[\w .-]{0,79}")
_JOBS: Final = "jobs"


def hidden(folder: Path) -> bool:
    """Return whether ``folder`` is none of the studies that are listed."""
    return folder.name.startswith(".")


def place_of(studies: Path, name: str) -> Path:
    """Return the folder of a new study ``name`` in ``studies``; nothing is made.

    Raises:
        BadValue: No such name can be given, or it is taken.
    """
    label = name.strip()
    if not _NAME.fullmatch(label):
        raise BadValue(
            f"Expected a name of letters, digits, spaces and .-, but got {label[:90]!r}. Choose "
            "another."
        )
    for taken in (studies / label, studies / f"{CHECK}{label}"):
        if taken.exists():
            raise BadValue(
                f"Expected a new name, but {label!r} exists in {studies}. Choose another name."
            )
    return studies / label


def check_place(studies: Path, name: str) -> Path:
    """Return where a study ``name`` is looked at before it is made; see ``place_of``."""
    place = place_of(studies, name)
    return place.with_name(f"{CHECK}{place.name}")


def checks(studies: Path) -> tuple[Path, ...]:
    """Return the folders of studies that were looked at and not made yet, by name."""
    return tuple(sorted(path for path in studies.glob(f"{CHECK}*") if path.is_dir()))


def checked_name(folder: Path) -> str:
    """Return the name that the study looked at in ``folder`` is to have."""
    return folder.name.removeprefix(CHECK)


def make_checked(folder: Path) -> Path:
    """Make a study of what was looked at in ``folder``: what it holds already stays with it."""
    return _moved(folder, folder.with_name(checked_name(folder)))


def rename(folder: Path, name: str) -> Path:
    """Give the study in ``folder`` another name and return where it lies now.

    Raises:
        BadValue: No such name can be given, or it is taken.
        StorageFailure: The folder cannot be moved; it stays where it is.
    """
    return _moved(folder, place_of(folder.parent, name))


def duplicate(folder: Path, name: str) -> Path:
    """Copy the study in ``folder``, all but its jobs, and return the copy's folder.

    Raises:
        BadValue: No such name can be given, or it is taken.
        StorageFailure: The disk is full, or refuses; nothing is left behind.
    """
    target = place_of(folder.parent, name)
    require_writable(target)
    aside = target.with_name(f".copying-{secrets.token_hex(4)}")
    with storage(target):
        try:
            shutil.copytree(folder, aside, ignore=_without_jobs(folder), symlinks=True)
            aside.rename(target)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    return target


def thrown_away(studies: Path) -> tuple[Path, ...]:
    """Return the folders in the trash of ``studies``, by name."""
    held = (studies / TRASH).glob("*")
    return tuple(
        sorted(path for path in held if (path / MANIFEST).is_file() or (path / _JOBS).is_dir())
    )


def restore(folder: Path) -> Path:
    """Take ``folder`` out of the trash, under its own name or one beside it, and return the place.

    Raises:
        BadReference: It does not lie in a trash any more.
    """
    if folder.parent.name != TRASH or not folder.is_dir():
        raise BadReference(
            f"Expected {folder.name!r} in the trash, but it is not there any more. Look at the "
            "list again."
        )
    studies = folder.parent.parent
    target = studies / folder.name
    if target.exists():
        target = studies / f"{folder.name} {secrets.token_hex(3)}"
    return _moved(folder, target)


def _moved(folder: Path, target: Path) -> Path:
    require_writable(target)
    with storage(folder):
        if target.exists():  # made meanwhile: a rename would fill an empty one
            raise BadValue(
                f"Expected a new name, but {target.name!r} exists in {target.parent}. Choose "
                "another name."
            )
        folder.rename(target)
    return target


def _without_jobs(folder: Path) -> Callable[[str, list[str]], set[str]]:
    return lambda path, _names: {_JOBS} if Path(path) == folder else set()
