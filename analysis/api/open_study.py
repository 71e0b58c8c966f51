"""Open a study's folder, or a working copy of a study in a store."""

from pathlib import Path

from prunescope.api.study import Study
from prunescope.errors import BadValue
from prunescope.object_store.address import checked_store, is_store
from prunescope.object_store.identity import no_study
from prunescope.object_store.objects import ObjectStore
from prunescope.object_store.while_sweeping import begin_from, pull
from prunescope.store.folder import StudyFolder
from prunescope.study.bounds import checked_path


def open_study(
    source: str | Path, device: str | None = None, *, folder: str | Path | None = None
) -> Study:
    """Return the study in ``source``, made here, by the command line or by the dashboard.

    Nothing is loaded or measured yet. Of a study in a store, a working copy is opened, which has
    all points that the store holds now; ``study.sweep(store=...)`` sends what is measured there.

    Args:
        source: Folder of the study, or address of its store, such as ``s3://bucket/study``.
        device: Where what is measured is computed, as for ``ps.sweep``; the CPU by default.
        folder: Of the working copy of a study in a store: made, or brought up to date.

    Raises:
        BadReference: There is no study.
        BadValue: A store without a folder, or a folder without a store.
        ForeignStudy: The study in ``folder`` is about something else.
        StorageFailure: The store does not answer.
    """
    if not is_store(source):
        if folder is not None:
            raise BadValue(
                f"Expected a folder only beside the address of a store, but got {folder} beside "
                f"{source}. Leave it out, or put studies together by ps.merge."
            )
        return Study(StudyFolder.open(checked_path(source, "the study")), device=device)
    store = checked_store(str(source))
    if folder is None:
        raise BadValue(
            f"Expected a folder for the working copy of {store}, but got none. Add "
            "folder='FOLDER': plans and what is measured are kept there."
        )
    copy = begin_from(store, checked_path(folder, "folder"))
    if copy is None:
        raise no_study(ObjectStore(store))
    return Study(pull(store, copy).study, device=device)
