"""Where an export may be written, decided before a second is spent on making it. Torch-free."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prunescope.commands import next_steps
from prunescope.errors import WouldOverwrite
from prunescope.export.export_report import EXPORTS, LOADER, export_folder
from prunescope.export.formats.registry import export_format
from prunescope.export.install import READY, REPORT
from prunescope.export.own_files import foreign_files, known_report
from prunescope.export.recipe import RECIPE
from prunescope.store.destinations import (
    require_inside,
    require_no_source,
    shortened,
    source_paths,
    study_around,
)
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from prunescope.study.plan import Plan


@dataclass(frozen=True)
class Destination:
    """A folder that an export may be written to.

    Attributes:
        folder: Where.
        replaced: Names in it that Prunescope did not write and that the export replaces, because
            somebody insists.
        sources: What the study is made from: never replaced.
    """

    folder: Path
    replaced: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()

    def require(self, names: Iterable[str]) -> None:
        """Raise ``WouldOverwrite`` where one of ``names`` became somebody else's meanwhile."""
        wanted = set(names)
        for name in wanted:
            require_no_source(self.folder / name, self.sources)
        new = wanted.intersection(foreign_files(self.folder)).difference(self.replaced)
        if new:
            raise WouldOverwrite(
                f"Expected only an earlier export in {self.folder}, but {shortened(sorted(new))} "
                "was put there while this one was made. Move it away and export again."
            )


def destination(
    study: StudyFolder,
    plan: Plan,
    formats: Iterable[str],
    folder: Path | None = None,
    recovered: bool = False,
    force: bool = False,
) -> Destination:
    """Return where the export of ``plan`` is written.

    Args:
        study: Where the plan belongs.
        plan: What is exported.
        formats: Names of formats.
        folder: For the files; the study's own by default.
        recovered: Whether the weights are the fine-tuned ones.
        force: Whether files that Prunescope did not write may be replaced.

    Raises:
        UnknownName: A format that does not exist.
        WouldOverwrite: The folder is no folder, is a study's or the study's data, holds the
            study's weights under a name that is written, or something foreign without ``force``.
        StorageFailure: The folder cannot be read.
    """
    own = folder is None
    place = export_folder(study.folder, plan.digest, recovered) if folder is None else folder
    sources = source_paths(study.manifest.reference, study.folder)
    if own:
        require_inside(place, study.folder)
    return _allowed(place, formats, recovered, force, sources, study.folder)


def destination_alone(
    folder: Path, reference: Reference, formats: Iterable[str], recovered: bool, force: bool
) -> Destination:
    """Return ``folder`` as where something is written that belongs to no study.

    Args:
        folder: For the files.
        reference: What they are made from: never replaced.
        formats: Names of formats.
        recovered: Whether the weights are fine-tuned ones.
        force: Whether files that Prunescope did not write may be replaced.

    Raises:
        UnknownName, WouldOverwrite, StorageFailure: As for ``destination``.
    """
    return _allowed(folder, formats, recovered, force, source_paths(reference, None), None)


def _allowed(
    place: Path,
    formats: Iterable[str],
    recovered: bool,
    force: bool,
    sources: tuple[Path, ...],
    study: Path | None,
) -> Destination:
    if (place.exists() or place.is_symlink()) and not place.is_dir():
        raise WouldOverwrite(
            f"Expected a folder for the export, but {place} is a file. Name a folder with "
            f"{next_steps.output()}."
        )
    _require_outside(place, study)
    names = _names(place, formats, recovered)
    require_no_source(place, sources)
    for name in names:
        require_no_source(place / name, sources)
    foreign = foreign_files(place)
    if READY in foreign:
        raise WouldOverwrite(
            f"Expected {place / READY} to be what a stopped export left, but it is something else. "
            "Remove it."
        )
    replaced = tuple(name for name in foreign if name in names)
    if foreign and not force:
        insisting = f"replaces {shortened(list(replaced))}" if replaced else "leaves it as it is"
        raise WouldOverwrite(
            f"Expected a new folder or an earlier export, but {place} holds what Prunescope did "
            f"not write as it is now: {shortened(list(foreign))}. Choose another folder with "
            f"{next_steps.output()}, or add {next_steps.force()}, which {insisting}."
        )
    for name in replaced:
        if (place / name).is_dir() and not (place / name).is_symlink():
            raise WouldOverwrite(
                f"Expected a file or nothing at {place / name}, but it is a folder. Choose another "
                f"folder with {next_steps.output()}."
            )
    return Destination(place, replaced, sources)


def _require_outside(place: Path, study: Path | None) -> None:
    """Only in the exports of the study itself may a folder of a study be written."""
    around = study_around(place)
    if around is None:
        return
    if study is not None:
        exports = (study / EXPORTS).resolve()
        if place.resolve() != exports and place.resolve().is_relative_to(exports):
            return
    else:
        raise WouldOverwrite(
            f"Expected a folder outside of every study for the files, but {place} lies in the "
            f"study {around}. Choose another folder."
        )
    raise WouldOverwrite(
        f"Expected a folder outside of every study for the export, but {place} lies in the study "
        f"{around}. Leave {next_steps.output()} out, and it goes to the study's own exports; or "
        "choose another folder."
    )


def _names(place: Path, formats: Iterable[str], recovered: bool) -> set[str]:
    """What the export writes or removes there."""
    asked = [export_format(name) for name in formats]
    brought = [export_format(name) for kind in asked for name in kind.companions(recovered)]
    files = {kind.file for kind in (*asked, *brought)}
    beside = {name for kind in (*asked, *brought) for name in kind.beside}
    before = known_report(place)
    old = {entry.file for entry in before.formats if entry.file} if before else set()
    return {RECIPE, LOADER, REPORT, *files, *beside, *(f"{file}.failed" for file in files), *old}
