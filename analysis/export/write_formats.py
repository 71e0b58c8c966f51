"""Write each format of a pruned model aside, verify it in a fresh process, then offer it."""

import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from prunescope.errors import Cancelled, CannotCapture
from prunescope.export.deliverable import Deliverable
from prunescope.export.destination import Destination
from prunescope.export.export_report import (
    LOADER,
    ExportReport,
    FormatCheck,
    write_report,
)
from prunescope.export.formats.format import Format
from prunescope.export.formats.registry import (
    export_format,
    export_formats,
    format_names,
    format_title,
)
from prunescope.export.install import REPORT, finish_install, install, remove_left
from prunescope.export.loader_script import loader_script
from prunescope.export.own_files import is_written, known_report
from prunescope.export.recipe import RECIPE, write_recipe
from prunescope.export.verify_file import SIZES, verify
from prunescope.progress import Progress
from prunescope.store.files import storage, write_atomically
from prunescope.store.study_files import file_hash

_WRITING: Final = ".writing-"
"""Begins the name of a folder aside."""
_NEW: Final = "new"
"""Folder aside for what is verified and not in place yet."""


def write_formats(
    made: Deliverable, formats: tuple[str, ...], where: Destination, progress: Progress
) -> ExportReport:
    """Write, verify and offer ``made`` in ``formats``; the rest of the folder stays.

    Files of an earlier export into the same folder stay if they hold the same weights. Otherwise
    they go when the first new file that keeps its promise comes, or at the end. Formats that
    others are loaded with come too, and before them.

    Raises:
        WouldOverwrite: Somebody put a file of theirs there meanwhile.
        Cancelled: Somebody asked to stop; what is in place stays, old or new.
        StorageFailure: The disk refuses; likewise.
    """
    kinds, folder = _kinds(made, formats), where.folder
    progress.start(len(kinds), "exporting")
    for message in _added(made, formats):
        progress.advance(0, message)
    entries = _earlier(made, folder)
    report = _report(made, entries)
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        remove_left(folder, _WRITING)
    with storage(folder), tempfile.TemporaryDirectory(prefix=_WRITING, dir=folder) as aside:
        for kind in kinds:
            if progress.cancelled():
                raise Cancelled(
                    "The export was stopped. The formats finished before that are kept."
                )
            (Path(aside) / _NEW).mkdir(exist_ok=True)
            entries[kind.name] = _format(kind, made, Path(aside), entries)
            if kind is kinds[-1] or any(entry.ok for entry in entries.values()):
                report = _offer(made, entries, Path(aside) / _NEW, where)
            ending = "verified" if entries[kind.name].ok else "failed"
            progress.advance(1, f"{kind.title}: {ending}")
    return report


def _kinds(made: Deliverable, formats: tuple[str, ...]) -> list[Format]:
    """What is written: the formats that were asked for, and those that they are loaded with."""
    asked = [export_format(name) for name in formats]
    first = {name for kind in asked for name in kind.companions(made.recipe.recovered)}
    wanted = [kind for kind in export_formats() if kind.name in first | set(formats)]
    return sorted(wanted, key=lambda kind: kind.name not in first)


def _added(made: Deliverable, formats: tuple[str, ...]) -> Iterator[str]:
    """Say for every format that nobody asked for why it is written too."""
    for kind in map(export_format, formats):
        for name in kind.companions(made.recipe.recovered):
            if name not in formats:
                yield f"{format_title(name).lower()} too: {kind.why_companions()}"


def _offer(
    made: Deliverable, entries: Mapping[str, FormatCheck], new: Path, where: Destination
) -> ExportReport:
    """Put what is in ``new`` in place, with a report, a recipe and a script that agree with it."""
    report, before = _report(made, entries), _finished(where.folder)
    write_recipe(new / RECIPE, made.recipe)
    offered = [entry.format for entry in report.formats if entry.ok]
    sizes = {entry.file: _sizes(entry, made) for entry in report.formats if entry.ok}
    sizes = {file: words for file, words in sizes.items() if words}
    script = loader_script(made.recipe, offered, made.removed, made.parameters, sizes)
    write_atomically(new / LOADER, script.encode())
    own = {name for kind in export_formats() for name in (kind.file, f"{kind.file}.failed")} - {
        RECIPE
    }
    old = {entry.file for entry in before.formats} if before else set()
    hashes = {file.name: file_hash(file) for file in new.iterdir()}
    noted = before.files if before else {}
    stale = (old & own) - {entry.file for entry in report.formats}
    stay = {entry.file for entry in report.formats if entry.file} - hashes.keys()
    beside = _earlier_beside(report, set(noted), set(hashes))
    stay |= {name for name, stays in beside.items() if stays}
    stale |= {name for name, stays in beside.items() if not stays}
    hashes |= {name: noted.get(name) or file_hash(where.folder / name) for name in stay}
    report = replace(report, files=dict(sorted(hashes.items())))
    where.require({REPORT, *(file.name for file in new.iterdir()), *stale})
    write_report(new, report)
    install(new, stale, where.folder)
    return report


def _earlier_beside(report: ExportReport, noted: set[str], new: set[str]) -> dict[str, bool]:
    """Which files beside others an earlier run left, and whether they belong to one that stays."""
    kinds = {kind.name: kind for kind in export_formats()}
    known = {name for kind in kinds.values() for name in kind.beside} & noted - new
    staying = {
        name
        for entry in report.formats
        if entry.ok and entry.format in kinds and entry.file not in new
        for name in kinds[entry.format].beside
    }
    return {name: name in staying for name in known}


def _format(
    kind: Format, made: Deliverable, aside: Path, entries: Mapping[str, FormatCheck]
) -> FormatCheck:
    """Everything happens in a folder aside, so that an unverified file never has the final name.

    A graph that is not written, or not right, with free sizes is written with the studied ones.
    """
    entry = _written(kind, made, aside, entries)
    if not kind.graph or made.studied is None or entry.ok:
        return entry
    if entry.file:
        (aside / _NEW / entry.file).unlink()
    return _written(kind, made.at_studied_size(), aside, entries)


def _written(
    kind: Format, made: Deliverable, aside: Path, entries: Mapping[str, FormatCheck]
) -> FormatCheck:
    start = time.perf_counter()
    refused = _refusal(kind, made, entries)
    if refused is not None:
        return FormatCheck(kind.name, "", 0, 0, 0.0, refused=refused)
    with tempfile.TemporaryDirectory(dir=aside) as work:
        file = Path(work) / kind.file
        try:
            write_recipe(Path(work) / RECIPE, made.recipe)
            kind.write(made, Path(work))
        except CannotCapture as error:
            return FormatCheck(kind.name, "", 0, 0, 0.0, refused=str(error))
        parts = [file, *(Path(work) / name for name in kind.parts)]
        size = sum(part.stat().st_size for part in parts)
        packed = sum(map(deflated_bytes, parts))
        checks = verify(kind, file, Path(work) / RECIPE, made.promise)
        if all(check.ok for check in checks):
            checks = (*checks, *kind.further(made, Path(work)))
            for other in kind.beside:
                if (Path(work) / other).is_file():
                    (Path(work) / other).replace(aside / _NEW / other)
        name = kind.file if all(check.ok for check in checks) else f"{kind.file}.failed"
        file.replace(aside / _NEW / name)
    seconds = round(time.perf_counter() - start, 2)
    return FormatCheck(kind.name, name, size, packed, seconds, checks)


def _sizes(entry: FormatCheck, made: Deliverable) -> str:
    """Which sizes a file with a graph takes, in words."""
    if entry.format not in format_names() or not export_format(entry.format).graph:
        return ""
    if any(check.name == SIZES for check in entry.checks):
        return f"any batch size, and any {', '.join(map(str, made.dimensions))}"
    return "any batch size; the other sizes are those of the study's data"


def _refusal(kind: Format, made: Deliverable, entries: Mapping[str, FormatCheck]) -> str | None:
    """Why nothing is written, else None."""
    if (missing := kind.unavailable()) is not None:
        return missing
    if kind.graph and made.captured is None:
        return f"This model has no graph, and {kind.title} is made from it: {made.problem}"
    for name in kind.companions(made.recipe.recovered):
        if not entries[name].ok:
            return kind.without(export_format(name), entries[name].reason)
    return None


def deflated_bytes(file: Path) -> int:
    """Return the bytes of ``file`` deflated (zlib level 6), read piece by piece."""
    packer = zlib.compressobj(6)
    total = 0
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            total += len(packer.compress(piece))
    return total + len(packer.flush())


def _earlier(made: Deliverable, folder: Path) -> dict[str, FormatCheck]:
    """What the folder holds of the same weights, as it was written."""
    known = _finished(folder)
    if known is None or known.weights_sha256 != made.recipe.weights_sha256:
        return {}
    entries = [e for e in known.formats if not e.file or is_written(folder / e.file, known)]
    return {entry.format: entry for entry in entries}


def _finished(folder: Path) -> ExportReport | None:
    """The report in ``folder``, once what a killed run had begun to put in place is in place."""
    finish_install(folder)
    return known_report(folder)


def _ordered(names: Iterable[str]) -> list[str]:
    """In the order of lists; a format that is not installed any more at the end."""
    known = format_names()
    return sorted(names, key=lambda name: known.index(name) if name in known else len(known))


def _report(made: Deliverable, entries: Mapping[str, FormatCheck]) -> ExportReport:
    recipe = made.recipe
    return ExportReport(
        digest=recipe.plan.digest,
        plan=recipe.plan.name,
        fingerprint=recipe.fingerprint,
        recovered=recipe.recovered,
        weights_sha256=recipe.weights_sha256,
        removed=made.removed,
        parameters=made.parameters,
        samples=len(made.promise.validation),
        formats=tuple(entries[name] for name in _ordered(entries)),
        versions=recipe.versions,
        fine_tuned_hash=made.fine_tuned_hash,
    )
