"""Solve a round of a gradual schedule anew: measure the tuned network's curves, then solve."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from torch import Tensor

from prunescope.api.measure_grid import run_sweep
from prunescope.bench.workbench import Workbench, assemble
from prunescope.commands import next_steps
from prunescope.curves.curve import curves
from prunescope.errors import Cancelled, CannotPrune, CannotReach
from prunescope.planning.pareto import Front, front
from prunescope.planning.pose_goal import pose, solve_posed
from prunescope.planning.preview import preview
from prunescope.planning.solve import Goal, Target
from prunescope.progress import Progress, Silent
from prunescope.recovery.training.rounds import RoundPoint, SolvedRound, counts_macs, share_left
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, pattern_of
from prunescope.study.method import UNITS
from prunescope.study.plan import Choice, Plan
from prunescope.study.recoveries import MOVES_DENSE, REFITS
from prunescope.sweep.stopping_policy import Policy

SAMPLES: Final = 512
"""Validation samples that a round's curves are measured on, at most."""
SECONDS: Final = 45.0
"""That measuring them takes at most: what a kill in it loses stays below a minute."""
_STEPS: Final = (0.4, 0.75, 1.15, 1.6, 2.2)
"""Sparsities that are measured, as multiples of the one that all would need alike."""
_DENSITIES: Final = (0.45, 0.7, 1.0, 1.4, 2.0)
"""The same of weights, as multiples of what all would keep alike."""
_MOST: Final = 0.9
_POINTS: Final = 8


class RoundSolver:
    """Solves rounds of one plan: within its cost, which layer gives how much is found anew."""

    def __init__(self, study: StudyFolder, plan: Plan) -> None:
        """Read what the plan costs.

        Args:
            study: Of the dense network.
            plan: Its layers or groups are pruned, by its methods; others stay dense.

        Raises:
            CannotPrune: It prunes both weights and units, or by a pattern.
        """
        kinds = {choice.granularity in UNITS for choice in plan.active().values()}
        patterns = [c.granularity for c in plan.active().values() if pattern_of(c.granularity)]
        if len(kinds) != 1 or patterns:
            what = patterns[0] if patterns else "weights and units" if kinds else "nothing"
            raise CannotPrune(
                "Expected a plan of weights alone or of units alone to solve anew in each round, "
                f"but this one removes {what}. Reach its own sparsities: {next_steps.rounds(4)} "
                "without solving anew."
            )
        manifest = study.manifest
        costs = preview(manifest, plan, curves(study.measured(), manifest))
        self._plan, self._units = plan, counts_macs(plan)
        self._dense = manifest.macs if self._units else manifest.parameters
        self._final = (costs.macs if self._units else costs.kept) / max(self._dense, 1)

    def __call__(
        self,
        bench: Workbench,
        zeros: Mapping[str, Tensor],
        number: int,
        rounds: int,
        progress: Progress,
    ) -> SolvedRound:
        """Return what leaves the network in this round; see ``SolveRound``."""
        wanted = share_left(self._final, number, rounds)
        few = replace(bench.splits, validation=bench.splits.validation.chunk(0, SAMPLES))
        here = assemble(bench.manifest.reference, bench.network, few, bench.metric, bench.loss)
        cost = here.manifest.macs if self._units else here.manifest.parameters
        limit = wanted * self._dense / max(cost, 1)
        if limit >= 1:
            return SolvedRound(Plan(self._plan.name, here.manifest.fingerprint))
        progress.advance(0, f"round {number} of {rounds}, solving it anew")
        try:
            with tempfile.TemporaryDirectory() as folder:
                study = StudyFolder.create(Path(folder) / "round", here.manifest)
                self._measure(here, study, limit, progress)
                posed = pose(study, self._goal(limit))
                solved = solve_posed(posed, name=f"{self._plan.name}, round {number}").plan
                points = front(posed.solver, posed.predicted, _POINTS, Silent())
        except CannotReach as error:
            return SolvedRound(
                None, (), f"Round {number} could not be solved anew, and takes the plan's own "
                f"step: {error}",
            )  # fmt: skip
        choices = {
            name: replace(choice, sparsity=max(choice.sparsity, _zero_share(here, name, zeros)))
            for name, choice in solved.active().items()
        }
        known = choices | {
            name: Choice(choice.criterion, _zero_share(here, name, zeros), choice.granularity)
            for name, choice in self._plan.active().items()
            if name not in choices
        }
        plan = replace(self._plan, fingerprint=here.manifest.fingerprint, choices=known)
        return SolvedRound(plan, self._points(points, here))

    def _recovery(self) -> str:
        """Of the curves: the plan's, where a point takes no training."""
        recovery = self._plan.recovery
        if recovery in REFITS:
            return "ls"
        return "none" if recovery in MOVES_DENSE else recovery

    def _goal(self, limit: float) -> Goal:
        kind = "macs" if self._units else "parameters"
        return Goal((Target(kind, limit),), recovery=self._recovery(), seed=self._plan.seed)

    def _measure(
        self, bench: Workbench, study: StudyFolder, limit: float, progress: Progress
    ) -> None:
        active = self._plan.active()
        methods = tuple(dict.fromkeys(Method(c.criterion, c.granularity) for c in active.values()))
        if self._units:
            alike = 1 - limit**0.5  # a product of two widths is left
            levels = [min(alike * step, _MOST) for step in _STEPS]
        else:
            levels = [1 - min(limit * step, 0.98) for step in _DENSITIES]
        known = {group.name for group in study.manifest.removable()} | {
            layer.name for layer in study.manifest.prunable()
        }
        grid = Grid(
            methods, tuple(levels), tuple(name for name in active if name in known),
            (self._recovery(),), (self._plan.seed,),
        )  # fmt: skip
        run_sweep(
            bench, study, grid, _Listening(progress), Policy(), screening=False,
            begun=time.monotonic(), seconds=SECONDS,
        )  # fmt: skip
        if progress.cancelled():
            raise Cancelled("Expected training to go on, but it was cancelled. Run again.")

    def _points(self, points: Front, bench: Workbench) -> tuple[RoundPoint, ...]:
        baseline = bench.manifest.baseline
        assert baseline is not None
        return tuple(
            RoundPoint(point.cost / max(self._dense, 1), baseline.score - point.drop)
            for point in points.points
            if point.drop is not None
        )


class _Listening(Silent):
    """Says nothing, so that the bar stays that of training, and hears when to stop."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def cancelled(self) -> bool:
        """Return whether somebody asked to stop."""
        return self._progress.cancelled()


def _zero_share(bench: Workbench, name: str, zeros: Mapping[str, Tensor]) -> float:
    """The share of a layer's weights that left before."""
    layer = next((each for each in bench.network.prunable() if each.name == name), None)
    if layer is None or layer.parameter not in zeros:
        return 0.0
    return float(zeros[layer.parameter].double().mean())
