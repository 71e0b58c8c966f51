"""The starts of a search: the solver's plan, and each simple rule's plan for the same budgets.

A rule uses information that the sums lack, such as the sizes of single weights across layers, so
its plan may be predicted to be better than the solver's.
"""

from collections.abc import Mapping
from typing import Final

from prunescope.errors import PrunescopeError
from prunescope.planning.baselines import BASELINES, SCORE_OF, Levels, baseline
from prunescope.planning.prediction import parts_of
from prunescope.planning.search.plan_names import plan_owner
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.solution import Solution
from prunescope.study.plan import Plan

_NAMED: Final = 3
"""At most this many layers or groups are named in the sentence."""


def starting_plans(
    problem: Problem,
    solution: Solution,
    levels: Mapping[str, Levels] | None = None,
    overrides: Mapping[str, float] | None = None,
) -> dict[str, Plan]:
    """Return plans within the same budgets by where they come from; ``solver`` is the first.

    Args:
        problem: The goal over its study, as arrays.
        solution: The solver's answer.
        levels: Score → quantiles, as ``store.score_quantiles.levels`` reads them; rules whose
            score is not among them are left out, and so are those that cannot meet the budgets
            or that need a method which may not be taken.
        overrides: Target kind → limit in place of the goal's.
    """
    plans = {"solver": solution.plan}
    for name in BASELINES:
        score = SCORE_OF.get(name)
        score_levels = (levels or {}).get(score) if score else None
        if score and not score_levels:
            continue
        try:
            plans[name] = baseline(name, problem, score_levels, overrides)
        except PrunescopeError:
            continue
    return plans


def extrapolation_note(problem: Problem, starts: Mapping[str, Plan]) -> str | None:
    """Return a sentence on the plans of ``starts`` that go further than was measured; else None.

    There are some only where the goal asks for them; their damage there is a guess.
    """
    names: list[str] = []
    parts: list[str] = []
    for name, plan in starts.items():
        _, gaps = parts_of(plan, problem.curves, problem.manifest)
        if any(gap.beyond for gap in gaps):
            names.append(plan_owner(name))
            parts += [gap.subject for gap in gaps if gap.beyond]
    if not names:
        return None
    unique = list(dict.fromkeys(parts))
    where = ", ".join(unique[:_NAMED]) + (" and more" if len(unique) > _NAMED else "")
    noun, verb = ("plan", "prunes") if len(names) == 1 else ("plans", "prune")
    owners = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return (
        f"{owners[0].upper()}{owners[1:]} {noun} {verb} {where} further than was measured, where "
        "what is lost is a guess."
    )
