"""Where a search may begin: what the solver found, and what each simple rule makes of the budgets.

A rule knows what the sums do not, such as the sizes of single weights across layers; where its plan
is the better one by prediction, it is as good a start as any.
"""

from collections.abc import Mapping

from analysis.errors import PrunescopeError
from analysis.planning.baselines import BASELINES, SCORE_OF, Levels, baseline
from analysis.planning.plan import Plan
from analysis.planning.solve.problem import Problem
from analysis.planning.solve.solution import Solution


def starts(
    problem: Problem,
    solution: Solution,
    levels: Mapping[str, Levels] | None = None,
    given: Mapping[str, float] | None = None,
) -> dict[str, Plan]:
    """Return plans within the same budgets by where they come from; ``solver`` is the first.

    Args:
        problem: What is asked.
        solution: The solver's answer.
        levels: Score → quantiles, as ``analysis.store.quantiles.levels`` reads them; rules whose
            score is not among them are left out, and so are those that cannot meet the budgets.
        given: Target kind → limit in place of the goal's.
    """
    found = {"solver": solution.plan}
    for name in BASELINES:
        score = SCORE_OF.get(name)
        known = (levels or {}).get(score) if score else None
        if score and not known:
            continue
        try:
            found[name] = baseline(name, problem, known, given)
        except PrunescopeError:
            continue
    return found
