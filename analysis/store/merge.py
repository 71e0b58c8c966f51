"""Put the measurements of several studies of one network together. Torch-free.

A study is only read here, except the one that the others are put into. Times are left out: they
belong to the machine that took them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from prunescope.errors import BadValue, PrunescopeError
from prunescope.store.files import write_atomically
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.parquet_table import Table
from prunescope.store.rows_of_study import own_rows
from prunescope.store.score_quantiles import quantiles
from prunescope.store.study_files import require_intact
from prunescope.study import KEY, GroupSummary, Manifest, Method, dense_key
from prunescope.study.plan import Plan
from prunescope.study.point import Point, point_name


@dataclass(frozen=True)
class Merged:
    """What one study added to another.

    Attributes:
        folder: Of the study that was read.
        points: That had no sample yet.
        further: That had fewer samples.
        known: That were there with as many samples.
        verified: Plans that were measured there alone.
        plans: Names under which saved plans were added.
        unread: Files that could not be read, or saved plans that could not be opened.
    """

    folder: str
    points: int
    further: int
    known: int
    verified: int
    plans: tuple[str, ...]
    unread: tuple[str, ...]


def merge_study(study: StudyFolder, source: StudyFolder) -> Merged:
    """Add to ``study`` what ``source`` has measured and it has not, and return what that was.

    Of a point that both have, the one with more samples counts. A group that either has refused is
    refused. May be repeated, and stopped at any time: nothing is taken twice.

    Raises:
        BadValue: Both are the same folder.
        ForeignStudy: ``source`` is about another model, data or metric.
        StorageFailure: The disk refuses.
    """
    if study.folder.resolve() == source.folder.resolve():
        raise BadValue(
            f"Expected another study than {study.folder} to merge into it, but got itself. Name "
            "the folders of the other machines."
        )
    source.require(study.manifest)
    offered = own_rows(source.measurements.read(), study.manifest)
    before = _samples_before(offered, study.measurements.read(), KEY)
    again = _repeated_there_alone(offered, study.measurements.read())
    fresh = offered[(offered["samples"] > before) | again].reset_index(drop=True)
    keys = set(fresh[list(KEY)].itertuples(index=False, name=None))
    recoveries = set(offered["recovery"].astype(str)) | {"none"}
    dense = {dense_key(study.manifest, recovery) for recovery in recoveries}
    # Logits first, so that a row's samples always have logits.
    if (targets := source.logits.targets()) is not None:
        study.logits.write_targets(targets)
    study.logits.take(source.logits, keys | dense)
    study.measurements.add(fresh)
    others = study.tables
    others.pop("measurements")
    added = {
        name: _taken(table, source.tables[name], study.manifest) for name, table in others.items()
    }
    if quantiles(study.folder).read().empty:
        quantiles(study.folder).add(own_rows(quantiles(source.folder).read(), study.manifest))
    plans, unread = _plans(study, source)
    study.update(joined_manifest(study.manifest, source.manifest, study.measured()))
    for table in study.tables.values():
        table.compact()
    study.logits.compact()
    new = int((before[offered["samples"] > before] == 0).sum())
    return Merged(
        str(source.folder), new, len(fresh) - new, len(offered) - len(fresh),
        added["verifications"], plans,
        (*(path.name for path in source.damaged()), *unread),
    )  # fmt: skip


def _samples_before(
    offered: pd.DataFrame, known: pd.DataFrame, key: Iterable[str]
) -> "pd.Series[int]":
    """How many samples ``known`` has of each row of ``offered``, 0 without any."""
    columns = list(key)
    joined = offered[columns].merge(known[[*columns, "samples"]], "left", columns)
    return joined["samples"].fillna(0).astype("int64")


def _repeated_there_alone(offered: pd.DataFrame, known: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows of ``offered`` were repeated in single precision, and are not so in ``known``."""
    columns = list(KEY)
    joined = offered[columns].merge(known[[*columns, "repeated"]], "left", columns)
    return offered["repeated"] & ~joined["repeated"].fillna(value=False).astype(bool)


def _taken(table: Table, source: Table, manifest: Manifest) -> int:
    """Add those rows of ``source`` that ``table`` lacks, or has lesser ones of; return how many."""
    offered, known = own_rows(source.read(), manifest), table.standings(table.read())
    fresh = table.better(offered, known)
    table.add(fresh)
    return len(fresh)


def _plans(study: StudyFolder, source: StudyFolder) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Save the plans of ``source`` under names that are free; return these, and who is unread."""
    added, unread = [], []
    saved = study.saved_plans
    digests = {plan.digest for name in saved.names() if (plan := _opened(study, name))}
    for name in source.saved_plans.names():
        plan = _opened(source, name)
        if plan is None:
            unread.append(f"plan {name}")
        elif plan.digest not in digests:
            given = replace(plan, name=saved.free_name(name))
            saved.save(given)
            digests.add(plan.digest)
            added.append(given.name)
    return tuple(added), tuple(unread)


def _opened(study: StudyFolder, name: str) -> Plan | None:
    try:
        return study.plan(name)
    except PrunescopeError:
        return None


def joined_manifest(own: Manifest, other: Manifest, measured: pd.DataFrame) -> Manifest:
    """Return ``own`` with what ``other`` says of groups, methods and points.

    Args:
        own: Of a study.
        other: Of another one of the same network.
        measured: Rows that both have together: what has one is not left out.
    """
    names = {
        point_name(Point(str(subject), Method(str(criterion), str(granularity)), float(sparsity)))
        for subject, criterion, granularity, sparsity in measured[
            ["subject", "criterion", "granularity", "sparsity"]
        ].itertuples(index=False, name=None)
    }
    groups = tuple(map(_judged, own.groups, other.groups))
    known = {summary.name for summary in own.methods}
    methods = (*own.methods, *(m for m in other.methods if m.name not in known))
    left_out = {n: why for n, why in (other.left_out | own.left_out).items() if n not in names}
    return replace(own, groups=groups, methods=methods, left_out=left_out)


def _judged(own: GroupSummary, other: GroupSummary) -> GroupSummary:
    """A group as the one that refused it knows it, else as the one that checked it does."""
    if own.reason is not None:
        return own
    checked = other if other.reason is not None or own.law_error is None else own
    return replace(own, reason=checked.reason, law_error=checked.law_error)


def open_or_copy(folder: Path, source: StudyFolder) -> StudyFolder:
    """Return the study in ``folder``; where there is none, a new one about what ``source`` is.

    A new one keeps the network and data that ``source`` keeps.

    Raises:
        BadReference, DamagedFile: What ``source`` keeps is not there, or another file.
        WouldOverwrite: ``folder`` lies in another study.
    """
    if (folder / MANIFEST).exists():
        return StudyFolder.open(folder)
    reference = source.manifest.reference
    files = [
        require_intact(own, source.folder)
        for own in (reference.own_network, reference.own_data)
        if own is not None
    ]
    made = StudyFolder.create(folder, source.manifest)
    for file in files:
        write_atomically(folder / file.name, file.read_bytes())
    return made
