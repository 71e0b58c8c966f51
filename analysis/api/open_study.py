"""Open a study's folder."""

from pathlib import Path

from prunescope.api.study import Study
from prunescope.store.folder import StudyFolder
from prunescope.study.bounds import checked_path


def open_study(folder: str | Path, device: str | None = None) -> Study:
    """Return the study in ``folder``, made here, by the command line or by the dashboard.

    Nothing is loaded or measured yet. Raises ``BadReference`` where there is no study.

    Args:
        folder: Of the study.
        device: Where what is measured is computed, as for ``ps.sweep``; the CPU by default.
    """
    return Study(StudyFolder.open(checked_path(folder, "the study")), device=device)
