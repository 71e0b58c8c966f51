"""Which files in an export's folder Prunescope wrote, as they are now. Torch-free.

The report beside an export holds the hash of each file. Reports from before hashes were noted tell
sizes; then a file counts as written where its size, or what it says of itself, agrees.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prunescope.errors import DamagedFile
from prunescope.export.export_report import LOADER, ExportReport
from prunescope.export.install import READY, REPORT, STALE
from prunescope.export.loader_script import FIRST_WORDS
from prunescope.export.recipe import RECIPE, read_recipe
from prunescope.store.files import storage
from prunescope.store.json_documents import read_document
from prunescope.store.study_files import file_hash

_HARMLESS: Final = "__pycache__"
"""Python leaves it where somebody imports ``load.py``; nothing is ever written there."""


def foreign_files(folder: Path) -> tuple[str, ...]:
    """Return the names in ``folder`` that no export there wrote as they are, sorted.

    Links and folders are foreign. Hidden files are left out: none of them is ever replaced, but
    for the folders in which an export is prepared.

    Raises:
        StorageFailure: The folder cannot be read.
    """
    if not folder.is_dir():
        return ()
    with storage(folder):
        reports = list(_reports(folder))
        return tuple(
            sorted(
                path.name
                for path in folder.iterdir()
                if _counts(path) and not any(is_written(path, report) for report in reports)
            )
        )


def is_written(path: Path, report: ExportReport) -> bool:
    """Return whether ``path`` is as the export that ``report`` is about left it."""
    if path.is_symlink() or not path.is_file():
        return False
    if path.name == REPORT:
        return known_report(path.parent) is not None
    if report.files:
        return report.files.get(path.name) == file_hash(path)
    return _is_of_old(path, report)


def known_report(folder: Path) -> ExportReport | None:
    """Return the report in ``folder``; None where there is none, or something else of its name."""
    path = folder / REPORT
    if path.is_symlink() or not path.is_file():
        return None
    try:
        return read_document(ExportReport, path)
    except DamagedFile:
        return None


def _reports(folder: Path) -> Iterator[ExportReport]:
    """Of what is in place, and of what a killed run has left to be put in place."""
    for place in (folder, folder / READY):
        report = known_report(place) if not place.is_symlink() or place == folder else None
        if report is not None:
            yield report


def _counts(path: Path) -> bool:
    if path.name == READY:  # what an export leaves there says what is stale
        own = path.is_dir() and ((path / STALE).is_file() or not any(path.iterdir()))
        return path.is_symlink() or not own
    return not path.name.startswith(".") and path.name != _HARMLESS


def _is_of_old(path: Path, report: ExportReport) -> bool:
    """By a report without hashes."""
    if path.name == LOADER:
        return path.read_bytes().startswith(FIRST_WORDS.encode())
    if path.name == RECIPE:
        try:
            return read_recipe(path).weights_sha256 == report.weights_sha256
        except DamagedFile:
            return False
    size = path.stat().st_size
    return any(entry.file == path.name and entry.bytes == size for entry in report.formats)
