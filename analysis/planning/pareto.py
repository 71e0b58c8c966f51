"""The Pareto front over one cost: the plan of least damage for each of a row of cost targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from prunescope.errors import BadValue, CannotReach
from prunescope.html_tables import table
from prunescope.planning.accepted_drop import solve_within_drop
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.solve.goal import COSTS
from prunescope.planning.solve.solution import Solution
from prunescope.planning.solve.solver import Solver
from prunescope.progress import Progress, Silent
from prunescope.statistics.paired import Interval
from prunescope.store.json_documents import read_document, write_document
from prunescope.study.plan import Plan
from prunescope.text.scores import PERCENT_WORDS, ScoreWords, words_of

POINTS: Final = 24
_FOLDER: Final = "fronts"


@dataclass(frozen=True)
class FrontPoint:
    """One plan of a front.

    Attributes:
        cost: What it costs, absolute.
        value: The objective, added up over single subjects.
        bound: Proven lower bound of the objective of all plans of measured sparsities within this
            cost; None where there is no proof, as under a target on the predicted drop.
        drop: Predicted drop of the score; None where it cannot be predicted.
        low: Lower end of its interval.
        high: Upper end.
        plan: The plan.
    """

    cost: float
    value: float
    bound: float | None
    drop: float | None
    low: float | None
    high: float | None
    plan: Plan


@dataclass(frozen=True)
class Front:
    """Plans by rising cost.

    Attributes:
        kind: The cost, a key of ``prunescope.planning.solve.goal.COSTS``.
        dense: What the dense network costs.
        objective: The damage or cost that was minimised.
        fingerprint: Of the study.
        recovery: Of the plans.
        predictor: Name of the rule that predicted the drops.
        points: The plans.
        words: Of the study's metric.
    """

    kind: str
    dense: float
    objective: str
    fingerprint: str
    recovery: str
    predictor: str
    points: tuple[FrontPoint, ...]
    words: ScoreWords = PERCENT_WORDS

    def _repr_html_(self) -> str:
        rows = [
            (
                point.plan.name,
                f"{100 * point.cost / self.dense:.1f} %" if self.dense else "",
                "not predicted"
                if point.drop is None or point.low is None or point.high is None
                else f"{self.words.drop(point.drop)} "
                f"({self.words.span(Interval(point.drop, point.low, point.high))})",
            )
            for point in self.points
        ]
        columns = ("plan", f"{COSTS[self.kind]}, of dense", f"predicted {self.words.loss_word}")
        return table(f"Front over {self.kind}", columns, rows, [f"Predicted by {self.predictor}."])


def front(
    solver: Solver,
    predict: Callable[[Plan], Prediction],
    points: int = POINTS,
    progress: Progress | None = None,
) -> Front:
    """Return the front over the problem's first target; its other targets hold at every point.

    A target on the drop is kept by the drop predicted of each plan, as ``solve_posed`` does.

    Costs are spaced evenly from the least possible one to the dense network's; plans that another
    point beats in cost and objective are left out.

    Args:
        solver: The problem to sweep.
        predict: From a plan to its prediction.
        points: How many targets.
        progress: Told after every point.

    Raises:
        BadValue: The first target is on a damage.
        CannotReach: No target at all can be met.
    """
    report = progress or Silent()
    problem = solver.problem
    kind = problem.kinds[1]
    if kind not in COSTS:
        raise BadValue(
            f"Expected a cost to sweep, but got {kind}. Name one, such as macs or parameters."
        )
    relative = problem.goal.targets[0].relative
    dense = float(problem.dense[1])
    least = _least_share(solver, predict)
    front_points: list[FrontPoint] = []
    name = ""
    report.start(points, f"front over {kind}")
    for share in np.linspace(least, 1.0, points):
        if report.cancelled():
            break
        limit = float(share if relative else share * dense)
        report.advance(1, f"{kind} at most {100 * share:.0f} %")
        try:
            solution = _solve_within(solver, predict, limit, f"{kind} {100 * share:.0f} %")
        except CannotReach:
            continue
        prediction = predict(solution.plan)
        if solution.plan.active() or not name:  # of the dense one sums know as much as any rule
            name = prediction.predictor
        interval = prediction.interval
        bound = None if "drop" in solution.limits else solution.bound
        front_points.append(
            FrontPoint(
                solution.costs[kind], solution.value, bound, prediction.drop,
                interval.low if interval else None, interval.high if interval else None,
                solution.plan,
            )
        )  # fmt: skip
    if not front_points:
        raise CannotReach(
            f"Expected a plan at some {kind}, but none keeps the other targets. Loosen them."
        )
    return Front(
        kind, dense, problem.kinds[0], problem.manifest.fingerprint, problem.goal.recovery, name,
        _undominated(front_points), words_of(problem.manifest),
    )  # fmt: skip


def save_front(study: Path, front_plans: Front, name: str = "") -> Path:
    """Write a front into the study's folder, one per cost, recovery and ``name``."""
    path = study / _FOLDER / f"{name or front_plans.kind}-{front_plans.recovery}.json"
    write_document(path, front_plans)
    return path


def load_front(study: Path, kind: str, recovery: str, fingerprint: str) -> Front | None:
    """Return the stored front over ``kind``, or None when there is none of these weights."""
    path = study / _FOLDER / f"{kind}-{recovery}.json"
    if not path.exists():
        return None
    stored = read_document(Front, path)
    return stored if stored.fingerprint == fingerprint else None


def front_table(front_plans: Front, verified: pd.DataFrame) -> pd.DataFrame:
    """Return a front as a table, with what was measured of its plans.

    Returns:
        Columns ``plan, digest, cost, share, objective, drop, low, high, measured``; drops as
        fractions, NaN where unknown.
    """
    own = verified[(verified["split"] == "validation") & (verified["samples"] > 0)]
    drops = dict(zip(own["digest"], own["drop_sum"] / own["samples"], strict=True))
    nan = float("nan")
    return pd.DataFrame(
        [
            {
                "plan": point.plan.name, "digest": point.plan.digest, "cost": point.cost,
                "share": point.cost / front_plans.dense if front_plans.dense else nan,
                "objective": point.value,
                "drop": nan if point.drop is None else point.drop,
                "low": nan if point.low is None else point.low,
                "high": nan if point.high is None else point.high,
                "measured": float(drops.get(point.plan.digest, nan)),
            }
            for point in front_plans.points
        ]
    )  # fmt: skip


def _solve_within(
    solver: Solver, predict: Callable[[Plan], Prediction], limit: float, name: str
) -> Solution:
    """The plan within ``limit`` of the first target's cost, and within all other targets."""

    def solve(limits: Mapping[str, float]) -> Solution:
        return solver.solve(limits, name)

    problem = solver.problem
    words = words_of(problem.manifest)
    limits = {problem.kinds[1]: limit}
    solution = solve_within_drop(problem.goal, solve, predict, limits, words)
    return replace(solution, plan=solution.plan.as_solved())


def _least_share(solver: Solver, predict: Callable[[Plan], Prediction]) -> float:
    """The smallest share of the dense cost for which a plan exists, by bisection."""
    problem = solver.problem
    scale = 1.0 if problem.goal.targets[0].relative else float(problem.dense[1])
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        try:
            _solve_within(solver, predict, middle * scale, "least")
        except CannotReach:
            low = middle
        else:
            high = middle
    return high


def _undominated(front_points: list[FrontPoint]) -> tuple[FrontPoint, ...]:
    best_points: list[FrontPoint] = []
    for point in sorted(
        front_points, key=lambda front_point: (front_point.cost, front_point.value)
    ):
        if not best_points or point.value < best_points[-1].value - 1e-15:
            best_points.append(point)
    return tuple(best_points)
