"""How many plans a search looks at: as many as the study's size allows within some seconds.

The number follows from the study alone (subjects, samples with logits, classes), never from a
clock, so that the same question has the same answer on every machine and at every load.
"""

from typing import Final

from prunescope.planning.prediction import LogitOperators
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.problem import Problem

MOST: Final = 6_000
_WORK: Final = 2.5e8
"""Logits combined in all, one per subject, sample and class: about five seconds of one core."""

_START: Final = 50_000
"""What one plan costs besides, as so many logits."""

_ALL_DAMAGES: Final = 3
"""Times as much where more than the KL is predicted of each plan."""

AT_REST: Final = 0.3
"""Share of it while somebody waits at a page."""


def usual_evaluations(
    problem: Problem, operators: LogitOperators | None, share: float = 1.0
) -> int:
    """Return the number of plans to judge, at most ``MOST``.

    Args:
        problem: Its subjects, and which damages each plan's judgement takes.
        operators: The study's logits; None where sums judge, which cost next to nothing.
        share: Of the usual work.
    """
    dense = None if operators is None else operators.dense(problem.goal.recovery)
    size = 0 if dense is None else dense.reference.rows.size
    lean = {kind for kind in problem.kinds if kind in DAMAGES} <= {"divergence"}
    work = (_START + len(problem.subjects) * size) * (1 if lean else _ALL_DAMAGES)
    return max(min(int(share * _WORK / work), MOST), 1)
