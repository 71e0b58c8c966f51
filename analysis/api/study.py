"""A study in Python: its curves, and everything that can be done with them. Torch-free."""

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final, Self

from prunescope.api.grids import grid_from
from prunescope.api.progress import shown
from prunescope.api.sharing import Sharing
from prunescope.api.study_deliveries import StudyDeliveries
from prunescope.api.study_plans import PlanLike
from prunescope.api.verified_plan import VerifiedPlan
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.study import SEEDS
from prunescope.study.bounds import CALIBRATION_PLANS
from prunescope.sweep.stopping_policy import Stopping
from prunescope.text.durations import seconds_from
from prunescope.text.scores import words_of

if TYPE_CHECKING:
    from prunescope.api.user_methods import MethodLike
    from prunescope.sweep.calibrate import Calibration

SPARSITIES: Final = "0.1:0.9:0.1"
"""What is measured unless others are asked for."""


class Study(StudyDeliveries):
    """A folder of measurements of one model on one data set, as from ``ps.sweep`` or ``ps.open``.

    Everything that is measured is stored in the folder, from where the command line and the
    dashboard go on. The model is loaded when something is measured first.

    Methods that take long show a bar; ``progress`` takes another place to report to
    (``prunescope.progress.Silent()`` for none). Interrupting them keeps what was finished.
    """

    def sweep(
        self,
        methods: "str | Iterable[MethodLike]" = ("magnitude",),
        sparsities: Iterable[float] | str = SPARSITIES,
        layers: Iterable[str] = (),
        recovery: str | Iterable[str] = "none",
        seeds: Sequence[int] = SEEDS,
        round_to: int = 1,
        mode: str = "exact",
        tolerance: float | str | None = None,
        limit: float | str | None = None,
        seconds: float | None = None,
        progress: Progress | None = None,
        *,
        store: str | None = None,
        ray: str | None = None,
        workers: int = 0,
        threads: int = 0,
    ) -> Self:
        """Measure more points of this study, those that it lacks, and return it.

        Args:
            methods: As for ``ps.sweep``.
            sparsities: Fractions removed, or text such as ``0.1:0.9:0.1``.
            layers: Layers or groups; all prunable ones by default.
            recovery: One or several of ``none``, ``bn``, ``ls``.
            seeds: Of random criteria.
            round_to: Units that stay come in multiples of this.
            mode: ``exact``, ``adaptive`` or ``decide``.
            tolerance: Accepted half-width of a drop.
            limit: Drop to decide against.
            seconds: To spend; without end by default.
            progress: Where to report to.
            store: Address of a store that points are shared in, as for ``ps.sweep``.
            ray: Address of a Ray cluster whose workers measure, likewise.
            workers: Of the cluster, likewise.
            threads: Of the processor, or of each of these workers, likewise.
        """
        begun = monotonic()
        stopping = Stopping(mode, tolerance, limit)  # type: ignore[arg-type]
        policy = stopping.policy(words_of(self.manifest))
        grid = grid_from(methods, sparsities, layers, recovery, seeds, round_to)
        seconds_from(seconds)
        sharing = Sharing(store, ray, workers, threads)
        from prunescope.api.shared_sweep import sweep_in_store
        from prunescope.bench.computing_threads import computing_threads

        with shown(progress) as report, computing_threads(threads):
            sweep_in_store(
                self._bench(), self._stored, grid, report, policy, sharing,
                begun=begun, seconds=seconds,
            )  # fmt: skip
        self._stored = StudyFolder.open(self.folder)
        return self

    def verify(
        self, plan: PlanLike, split: str = "validation", progress: Progress | None = None
    ) -> VerifiedPlan:
        """Return ``plan`` really applied and measured, beside what was predicted of it.

        Args:
            plan: Of this study.
            split: ``validation``; ``test`` only for the final report.
            progress: Where to report to.
        """
        chosen = self.read_plan(plan)
        with shown(progress) as report:
            report.start(1, "measuring the plan")
            from prunescope.sweep.verify_plan import verify_plan

            row = verify_plan(self._bench(), self._stored, chosen, split)
            report.advance(1, "measured")
        return VerifiedPlan.of(row, self.manifest)

    def calibrate(
        self, plans: int = 16, recovery: str = "none", progress: Progress | None = None
    ) -> "Calibration":
        """Measure combinations that say how far predictions of this study can be trusted.

        Args:
            plans: How many.
            recovery: Of the plans.
            progress: Where to report to.
        """
        CALIBRATION_PLANS.checked(plans)
        from prunescope.sweep.calibrate import calibrate

        with shown(progress) as report:
            return calibrate(self._bench(), self._stored, plans, recovery, report)
