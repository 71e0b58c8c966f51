"""A process that holds one study's network and measures parts of its grid into its store.

Its own study folder is in a temporary place: nothing in it is needed once it is in the store.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil
import torch

from prunescope.api.measure_grid import run_sweep
from prunescope.api.user_methods import with_user_methods
from prunescope.bench.device import use_device
from prunescope.bench.keep_network import as_kept
from prunescope.bench.workbench import Workbench, prepare
from prunescope.errors import PrunescopeError
from prunescope.object_store.identity import no_study
from prunescope.object_store.objects import ObjectStore
from prunescope.object_store.outbox import Outbox
from prunescope.object_store.while_sweeping import begin_from, pull_rows, pushing
from prunescope.progress import Silent
from prunescope.soundness.check_bench import checked
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import require_vouched
from prunescope.study import Grid
from prunescope.study.shard import Shard
from prunescope.sweep.stopping_policy import Policy
from prunescope.sweep.sweep_report import SweepReport
from prunescope.sweep.work_list import points

_PREFIX: Final = "prunescope-worker-"


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker is to do; plain values, so that they travel.

    Attributes:
        store: Address of the study's store.
        folder: The folder that relative references are read from, where it exists.
        grid: All of its points; a part is a shard of them.
        policy: When a point needs no more samples.
        engine: ``frontier`` or ``naive``.
        threads: Of the CPU.
        device: That computes.
        precision: That points are computed in.
    """

    store: str
    folder: Path
    grid: Grid
    policy: Policy
    engine: str
    threads: int
    device: str
    precision: str


class PartWorker:
    """A worker; made once in its process, as it sets threads and device for all of it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._bench: Workbench | None = None
        self._outbox: Outbox | None = None

    def measure(self, part: str, again: bool) -> SweepReport | PrunescopeError:
        """Measure the points of the shard ``part`` that the store lacks, and send them there.

        What the store holds is read for the first part, and for one that another worker had begun
        with: reading it for every part would be a million objects for each of a thousand workers.

        Args:
            part: Such as ``3/8``.
            again: Whether another worker had begun with it.

        Returns:
            What was measured; or, where it cannot be, why: an error that is raised would reach the
            other side as one of Ray's.
        """
        asked = self._settings
        try:
            if self._bench is None or self._outbox is None:
                self._bench, self._outbox = _prepared(asked)
                again = True
            outbox = self._outbox
            if again:
                pull_rows(outbox, outbox.study.folder.with_name("mirror"))
            study = StudyFolder.open(outbox.study.folder)
            grid = replace(asked.grid, shard=Shard.parse(part))
            if not points(with_user_methods(self._bench, study, grid)[1], study.manifest):
                return SweepReport(0, 0, 0)
            with pushing(outbox):
                swept = run_sweep(
                    self._bench, study, grid, Silent(), asked.policy, asked.engine, False
                )
        except PrunescopeError as error:
            return type(error)(*error.args)  # without what it came from, which need not travel
        return swept.report

    def close(self) -> None:
        """Remove what the worker kept for itself."""
        if self._outbox is not None:
            shutil.rmtree(self._outbox.study.folder.parent, ignore_errors=True)


def _prepared(asked: WorkerSettings) -> tuple[Workbench, Outbox]:
    """The bench, and the study that it measures into."""
    if asked.folder.is_dir():
        os.chdir(asked.folder)
    torch.set_num_threads(asked.threads)
    use_device(asked.device)
    own, store = _own_folder(), ObjectStore(asked.store)
    study = begin_from(asked.store, own / "study", own / "mirror")
    if study is None:
        raise no_study(store)
    reference = require_vouched(study.manifest.reference, study.folder)
    bench = checked(prepare(reference, study.folder), reference.metric, study.folder)
    study = StudyFolder.create(study.folder, bench.manifest)  # refuses other data or other code
    bench = replace(as_kept(bench, study), precision=asked.precision)
    return bench, Outbox(store, study, None)


def _own_folder() -> Path:
    """A temporary folder of this process; those of workers that were killed are removed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = path.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(path, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
