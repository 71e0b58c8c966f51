"""Solve for a row of budgets on one cost, and keep the front in the study. Torch-free."""

from prunescope.planning.pareto import POINTS, Front, front, save_front
from prunescope.planning.pose_goal import pose, require_runtime
from prunescope.planning.solve import Goal
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder


def solve_front(
    study: StudyFolder, goal: Goal, progress: Progress, points: int = POINTS, runtime: str = ""
) -> Front:
    """Return the front over the first target of ``goal``, stored in ``study``.

    Args:
        study: With measurements.
        goal: Its first target's cost is swept, the others hold at every point.
        progress: Told of each point.
        points: How many budgets.
        runtime: Latency table to use; the first by default.

    Raises:
        BadValue: No such latency table, or no latency is asked for.
        CannotReach: No budget at all can be met.
    """
    require_runtime(study, goal, runtime)
    posed = pose(study, goal, runtime)
    found = front(posed.solver, posed.predicted, points, progress)
    study.require_present()
    save_front(study.folder, found)
    return found
