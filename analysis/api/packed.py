"""Pack a study into one file, and unpack it where somebody goes on with it."""

from pathlib import Path

from prunescope.api.study import Study
from prunescope.store import packed_study
from prunescope.store.folder import StudyFolder
from prunescope.store.packed_study import Packed
from prunescope.study.bounds import checked_path


def pack(
    study: str | Path | Study, file: str | Path | None = None, *, force: bool = False
) -> Packed:
    """Write a study into one zip file, with what it keeps of its network and data.

    Args:
        study: It, or its folder.
        file: Where; beside the folder and named after it by default.
        force: Whether it may take the place of a file that is no packed study.

    Returns:
        The file, its size, and what a study takes from elsewhere.

    Raises:
        WouldOverwrite: ``file`` is something else.
    """
    folder = study.folder if isinstance(study, Study) else checked_path(study, "the study")
    resolved = folder.resolve()
    target = resolved.with_name(f"{resolved.name}.zip") if file is None else file
    opened = StudyFolder.open(folder)
    return packed_study.pack(opened, checked_path(target, "the packed study"), force)


def unpack(file: str | Path, folder: str | Path | None = None) -> Study:
    """Return the study that ``pack`` wrote into ``file``, in a new folder.

    Every part is looked through before anything opens it: the file may come from anybody.

    Args:
        file: Of ``pack``.
        folder: To make; in the working folder and named after the file by default.

    Raises:
        UnsafeFile: It holds what belongs into no study.
        DamagedFile: It is no packed study.
        WouldOverwrite: ``folder`` exists.
    """
    path = checked_path(file, "the packed study")
    target = Path(path.stem) if folder is None else checked_path(folder, "the study")
    return Study(packed_study.unpack(path, target))
