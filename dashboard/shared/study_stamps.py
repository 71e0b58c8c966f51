"""What changes when a study's files do: the stamps under which pages keep what they made."""

from pathlib import Path

from prunescope.store.folder import StudyFolder


def signature(of: StudyFolder) -> tuple[int, int]:
    """Return numbers that change when measurements or verifications are added; 0 while none is."""
    return folder_stamp(of.measurements.folder), folder_stamp(of.verifications.folder)


def any_measured(of: StudyFolder) -> bool:
    """Return whether the study holds any measurement."""
    return folder_stamp(of.measurements.folder) != 0


def drawn_key(of: StudyFolder) -> str:
    """Return what tells a study from others in its folder, and from its other metrics."""
    return of.manifest.fingerprint if of.drawn is None else f"{of.manifest.fingerprint} {of.drawn}"


def folder_stamp(folder: Path) -> int:
    """Return a number that changes when rows are added to ``folder``; 0 while it has none.

    Files never change once written, so their names are enough.
    """
    names = sorted(path.name for path in folder.glob("*.parquet"))
    return hash(tuple(names)) if names else 0
