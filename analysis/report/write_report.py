"""Write a report, its numbers and a model card side by side. Torch-free."""

from pathlib import Path
from typing import Final

from prunescope.commands import next_steps
from prunescope.report.gather import gather
from prunescope.report.model_card import model_card
from prunescope.report.numbers import as_csv, as_json
from prunescope.report.page import MARK, page
from prunescope.store.destinations import require_replaceable, source_paths
from prunescope.store.files import storage, write_atomically
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan

_LOOKED_AT: Final = 16_384
"""Bytes in which the mark stands that says who wrote a file."""


def report_files(file: Path) -> tuple[Path, ...]:
    """Return what is written for a report called ``file``: page, JSON, CSV and card.

    >>> [path.name for path in report_files(Path("r.html"))]
    ['r.html', 'r.json', 'r.csv', 'r.card.md']
    """
    return (file, *(file.with_suffix(ending) for ending in (".json", ".csv", ".card.md")))


def require_report_files(study: StudyFolder, file: Path, force: bool) -> None:
    """Raise ``WouldOverwrite`` unless the report ``file`` and what comes with it may be written."""
    sources = source_paths(study.manifest.reference, study.folder)
    for path in report_files(file):
        require_replaceable(
            path, "a report", _is_report, next_steps.output(), sources, force, study.folder
        )


def write_report(study: StudyFolder, plan: Plan, file: Path, force: bool) -> tuple[Path, ...]:
    """Write the report of ``plan`` and return the files: page, JSON, CSV and model card.

    Args:
        study: Where the plan belongs.
        plan: What is reported.
        file: Of the page; the others lie beside it under its name.
        force: Whether files that Prunescope did not write may be replaced.

    Raises:
        WouldOverwrite: Something else lies there.
        ForeignStudy: The plan was made for other weights or data.
    """
    require_report_files(study, file, force)
    report = gather(study, plan)
    contents = (page(report, study), as_json(report), as_csv(report), model_card(report))
    files = report_files(file)
    with storage(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    for path, content in zip(files, contents, strict=True):
        write_atomically(path, content.encode())
    return files


def _is_report(file: Path) -> bool:
    with storage(file), file.open("rb") as opened:
        return MARK.encode() in opened.read(_LOOKED_AT)
