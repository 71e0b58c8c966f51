"""Run a sweep that shares a store with others, alone or on the workers of a Ray cluster."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Final

from prunescope.api.measure_grid import Swept, run_sweep
from prunescope.api.part_worker import PartWorker, WorkerSettings
from prunescope.api.sharing import Sharing
from prunescope.api.user_methods import with_user_methods
from prunescope.bench.workbench import Workbench
from prunescope.commands import next_steps
from prunescope.errors import BadValue
from prunescope.object_store.inbox import Inbox
from prunescope.object_store.objects import ObjectStore
from prunescope.object_store.outbox import Outbox
from prunescope.object_store.while_sweeping import pull, pushing
from prunescope.progress import Progress
from prunescope.ray_workers.cluster import LOCAL, RayCrew, Share, connected
from prunescope.ray_workers.deal_parts import deal
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Reference
from prunescope.study.computations import QUEUING
from prunescope.study.manifest import LIVE
from prunescope.study.shard import WHOLE, Shard
from prunescope.sweep.stopping_policy import SEARCHES, Policy
from prunescope.sweep.sweep_report import SweepReport
from prunescope.sweep.work_list import missing_points, points

_PARTS: Final = 4
"""Parts for each worker: the last ones even out who was faster."""
_POINTS: Final = 8
"""Points of a part at least, where there are enough: they share what lies in front of them."""


@dataclass(frozen=True)
class Crewed:
    """What the workers of a cluster did.

    Attributes:
        workers: At a time.
        deaths: Workers that ended before their part did.
        reports: Of the parts.
        seconds: From the first to the last.
    """

    workers: int
    deaths: int
    reports: tuple[SweepReport, ...]
    seconds: float


def sweep_in_store(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    policy: Policy,
    sharing: Sharing,
    engine: str = "frontier",
    screening: bool = True,
    begun: float = 0.0,
    seconds: float | None = None,
) -> None:
    """Pull what the store of ``sharing`` holds, if there is one, and run ``shared_sweep``."""
    outbox = None if sharing.store is None else pull(sharing.store, study)
    opened = study if outbox is None else outbox.study
    shared_sweep(
        bench, opened, grid, progress, policy, replace(sharing, device=bench.device.type), outbox,
        engine, screening, begun, seconds,
    )  # fmt: skip


def shared_sweep(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    policy: Policy,
    sharing: Sharing,
    outbox: Outbox | None,
    engine: str = "frontier",
    screening: bool = True,
    begun: float = 0.0,
    seconds: float | None = None,
) -> tuple[Swept, Crewed | None]:
    """Measure what ``grid`` asks for and neither ``study`` nor its store holds.

    Args:
        bench: The study's model and data.
        study: Where rows go.
        grid: Which points.
        progress: Counts samples, or a cluster's parts; asked whether to go on.
        policy: When a point needs no more samples.
        sharing: The store and the cluster; neither, for a sweep of this machine's own.
        outbox: Of the study and the store, as from ``while_sweeping.pull``; None for no store.
        engine: ``frontier`` or ``naive``.
        screening: Whether points that wait long are ranked without labels.
        begun: When the clock of a budget started.
        seconds: Budget; None for no end.

    Returns:
        What was measured, and what of it a cluster's workers did.
    """
    crewed = None
    if outbox is not None and sharing.ray is not None:
        if policy.mode in SEARCHES or seconds is not None or grid.shard != WHOLE:
            raise BadValue(
                "Expected a whole grid for Ray's workers, but got a shard, a budget or a search. "
                f"Leave out {next_steps.sweep_options('shard', 'budget', 'mode')}, or "
                f"{next_steps.sweep_options('ray')}."
            )
        _require_kept(study.manifest.reference)
        study, grid = with_user_methods(bench, study, grid)
        with pushing(outbox):
            crewed = _crewed(bench, study, grid, progress, policy, sharing, engine)
        outbox = pull(outbox.store.url, study)
        study = StudyFolder.open(study.folder)
    inbox = None if outbox is None else Inbox(outbox, grid=repr(grid))
    others = None if inbox is None else inbox.others
    with pushing(outbox, inbox):
        swept = run_sweep(
            bench, study, grid, progress, policy, engine, screening, begun, seconds, others
        )
    if inbox is not None:
        swept = replace(swept, exchange=inbox.exchange)
    if crewed is not None:
        swept = replace(swept, report=_together(swept.report, crewed))
    return swept, crewed


def _require_kept(reference: Reference) -> None:
    """Refuse objects of this session that the study keeps no file of: no worker has them."""
    parts = {"model": reference.model, "data": reference.data, "metric": reference.metric}
    for part, name in parts.items():
        if name.startswith(LIVE):
            raise BadValue(
                f"Expected a study that keeps its {part} for Ray's workers, but {name} is in this "
                "session alone. Give it as file.py:function, keep more data by "
                f"{next_steps.sweep_options('keep_data')}, or leave out "
                f"{next_steps.sweep_options('ray')}."
            )


def _crewed(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    policy: Policy,
    sharing: Sharing,
    engine: str,
) -> Crewed:
    """Let a cluster's workers measure what is missing into the store."""
    assert sharing.ray is not None
    assert sharing.store is not None
    todo = missing_points(points(grid, study.manifest), study.measured(), study.manifest)
    if not todo:
        return Crewed(0, 0, (), 0.0)
    kind = sharing.device.partition(":")[0]
    share = Share(_threads(sharing), int(kind in QUEUING))
    settings = WorkerSettings(
        sharing.store, Path.cwd(), grid, policy, engine, share.threads,
        kind, bench.precision,
    )  # fmt: skip
    store = ObjectStore(sharing.store)
    began = monotonic()
    with connected(sharing.ray, sharing.workers, share) as (ray, workers):
        count = max(min(len(todo) // _POINTS, _PARTS * workers), min(workers, len(todo)))
        parts = [str(Shard(place, count)) for place in range(1, count + 1)]
        progress.start(count, f"measuring on {min(workers, count)} workers")
        crew: RayCrew[WorkerSettings, SweepReport] = RayCrew(ray, PartWorker, settings, share)
        reports, deaths = deal(
            crew, parts, workers, lambda: len(store.names("measurements")), progress
        )
        crew.dismiss()
    return Crewed(min(workers, count), deaths, tuple(reports), monotonic() - began)


def _threads(sharing: Sharing) -> int:
    """Of each worker: as asked, or its share of this machine; one in a cluster of others."""
    if sharing.threads or sharing.ray != LOCAL or not sharing.workers:
        return sharing.threads or 1
    return max((os.cpu_count() or 1) // sharing.workers, 1)


def _together(report: SweepReport, crewed: Crewed) -> SweepReport:
    """``report`` of what this process did, with what the workers did."""
    parts = (report, *crewed.reports)
    return replace(
        report,
        measured=sum(part.measured for part in parts),
        samples=sum(part.samples for part in parts),
        macs=sum(part.macs for part in parts),
        executed=sum(part.executed for part in parts),
        bound=sum(part.bound for part in parts),
        processor=sum(part.processor for part in parts),
        seconds=report.seconds + crewed.seconds,
        forecast=None,
    )
