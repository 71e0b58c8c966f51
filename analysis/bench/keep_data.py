"""Let a study keep its samples, on request and up to a size."""

import logging
from dataclasses import replace
from typing import Final

from prunescope.bench.workbench import Workbench
from prunescope.commands import next_steps
from prunescope.sources.data import load_data
from prunescope.sources.kept_splits import read_splits, splits_bytes, write_splits
from prunescope.sources.splits import Splits, data_hash, split_by
from prunescope.store.folder import StudyFolder
from prunescope.store.read_only import read_only
from prunescope.store.study_files import own_file
from prunescope.text.units import bytes_

DATA: Final = "data.safetensors"
KEEP_LIVE: Final = 512_000_000
"""Bytes of live data that a study keeps a copy of, at most, when nothing else was said."""

log = logging.getLogger(__name__)


def keep_samples(study: StudyFolder, most: int, splits: Splits | None = None) -> StudyFolder:
    """Return ``study`` with all samples of all splits in its folder, once.

    Args:
        study: About these samples.
        most: Bytes; what takes more is not kept, and that is said in a warning.
        splits: As they were loaded; None to load them again.
    """
    own = study.manifest.reference.own_data
    path = study.folder / DATA
    if read_only() or most <= 0 or (own is not None and own.within(study.folder).is_file()):
        return study
    if splits is None:
        named = replace(study.manifest.reference, own_data=None)
        splits = load_data(named.data_within(study.folder))
    size = splits_bytes(splits)
    if size > most:
        log.warning(
            "The study does not keep its data: they take %s, more than %s. Allow more with %s.",
            bytes_(size), bytes_(most), next_steps.keep_data(),
        )  # fmt: skip
        return study
    write_splits(splits, path)
    if data_hash(read_splits(path)) != study.manifest.parts.get("data"):
        path.unlink()
        log.warning("The study does not keep its data: they are others once they are read again.")
        return study
    reference = replace(study.manifest.reference, own_data=own_file(path))
    return study.update(replace(study.manifest, reference=reference))


def keep_asked(study: StudyFolder, bench: Workbench, most: int | None) -> StudyFolder:
    """Return ``study`` with its samples where that was asked for, or where it is about a part.

    What a part is called with came from the user's whole model; kept, jobs do not need that.

    Args:
        study: About the same samples.
        bench: That it was made with.
        most: Bytes; None where nothing was asked for.
    """
    cut = bench.manifest.reference.cut
    if cut is None:
        return study if most is None else keep_samples(study, most)
    most = KEEP_LIVE if most is None else most
    if cut.scores_whole:
        return keep_samples(study, most, bench.splits)
    inputs = split_by(lambda name: replace(bench.splits.named(name), targets=None))
    return keep_samples(study, most, replace(inputs, classes=bench.splits.classes))


def lying_at(study: StudyFolder, data: str | None) -> StudyFolder:
    """Return ``study`` with the place where its data lie now, which were found to be the same."""
    reference = study.manifest.reference
    if data is None or data == reference.data or reference.own_data is not None:
        return study
    reference = replace(reference, data=data)
    return study.update(replace(study.manifest, reference=reference))
