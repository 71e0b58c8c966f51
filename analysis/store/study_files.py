"""Files that a study keeps in its own folder, and whether they are still those. Torch-free."""

import hashlib
from pathlib import Path

from prunescope.commands import next_steps
from prunescope.errors import BadReference, DamagedFile
from prunescope.study.manifest import OwnFile, Reference
from prunescope.text.units import bytes_


def file_hash(file: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def own_file(path: Path) -> OwnFile:
    """Return what a manifest notes of the file ``path`` in its study's folder."""
    return OwnFile(path.name, path.stat().st_size, file_hash(path))


def require_intact(own: OwnFile, folder: Path) -> Path:
    """Return the path of ``own`` in the study ``folder``.

    Raises:
        BadReference: It is not there.
        DamagedFile: Its bytes are not those that the study kept.
    """
    path = own.within(folder)
    if not path.is_file():
        raise BadReference(
            f"Expected {path}, which this study keeps, but there is no such file. Restore it, or "
            f"let the study keep it again: {next_steps.make_study(folder)}."
        )
    if path.stat().st_size != own.bytes or file_hash(path) != own.sha256:
        raise DamagedFile(
            f"Expected {path} to be the file that this study kept, but its content is another. "
            f"Restore it, or remove it and let the study keep it again: "
            f"{next_steps.make_study(folder)}."
        )
    return path


def kept_files(reference: Reference) -> str:
    """Return what a study keeps of its model and data, in words; empty for nothing.

    >>> kept_files(Reference("sample:mlp", "x.npz", own_network=OwnFile("n.pt2", 2_400_000, "")))
    'its network (2.4 MB)'
    """
    files = {"network": reference.own_network, "data": reference.own_data}
    return " and ".join(f"its {what} ({bytes_(own.bytes)})" for what, own in files.items() if own)
