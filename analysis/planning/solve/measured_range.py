"""How far each method of a subject was measured, and whether a plan goes further than that.

Past the last measured point nothing is known of what a layer loses but that it is hardly less. So
no solver, search or rule goes there unless the goal says so (``Goal.extrapolate``).
"""

from collections.abc import Sequence

from prunescope.planning.solve.damages import curve_key
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import real_sparsity


def measured_reach(problem: Problem, name: str, choice: Choice) -> float | None:
    """Return how far the method of ``choice`` was measured on ``name``; None where it never was."""
    curve = problem.curves.get(curve_key(name, choice, problem.goal))
    return curve.reach if curve is not None and curve.points else None


def past_range(problem: Problem, plan: Plan) -> Sequence[str]:
    """Return the unlocked layers and groups that ``plan`` prunes past their last measured point."""
    names = []
    for name, choice in plan.active().items():
        reach = measured_reach(problem, name, choice)
        if name in problem.goal.locks or reach is None:
            continue
        if real_sparsity(problem.manifest, name, choice) > reach:
            names.append(name)
    return names
