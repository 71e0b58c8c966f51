"""Put the studies of several machines together. Torch-free."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from prunescope.api.study import Study
from prunescope.errors import BadValue
from prunescope.object_store.address import checked_source
from prunescope.object_store.while_sweeping import merge_source
from prunescope.store.folder import StudyFolder
from prunescope.store.merge import Merged, merge_study, open_or_copy
from prunescope.study.bounds import checked_path


def merge(folder: str | Path, *sources: str | Path) -> Study:
    """Put what the studies ``sources`` measured into the one in ``folder`` and return it.

    They must be about the same model, data and metric, as sweeps with ``shard`` on several machines
    are; they are only read. What each point has the most samples of counts, and nothing is taken
    twice, so the same call goes on where it was stopped. Latency tables stay with the machines that
    took them.

    Args:
        folder: Of a study that there is, or to be made like the first of ``sources``.
        sources: Folders of studies, or addresses of stores such as ``s3://bucket/study``.

    Raises:
        ForeignStudy: One is about another model, data or metric; the ones before it are in.
        BadReference: One is no study.
        BadValue: None is named, or ``folder`` itself.
    """
    place = checked_path(folder, "folder")
    for _ in merged(place, list(map(checked_source, sources))):
        pass
    return Study(StudyFolder.open(place))


def merged(folder: Path, sources: Sequence[str | Path]) -> Iterator[Merged]:
    """Merge one study after another, as ``merge``, and yield what each added."""
    if not sources:
        raise BadValue("Expected studies to merge, but got none. Name the folders of the others.")
    opened = [
        merge_source(source) if isinstance(source, str) else StudyFolder.open(source)
        for source in sources
    ]
    study = open_or_copy(folder, opened[0])
    for source in opened:
        source.require(study.manifest)
    for source, given in zip(opened, sources, strict=True):
        yield replace(merge_study(study, source), folder=str(given))
        study = StudyFolder.open(folder)
