"""The sentence that says why a layer or group has its sparsity, true of the plan in force."""

import math
from dataclasses import dataclass

from prunescope.arrays import Indices
from prunescope.planning.solve.goal import COSTS, DAMAGES
from prunescope.planning.solve.measured_range import measured_reach
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.savings import Savings
from prunescope.planning.solve.subject import Option, Subject
from prunescope.study.method import BLOCK
from prunescope.study.plan import Plan
from prunescope.study.removed_counts import real_sparsity


@dataclass(frozen=True)
class SparsityStep:
    """A subject changed to its next sparsity, the rest of the plan as it is.

    Attributes:
        sparsity: The next one.
        damage: Change of the objective.
        cost: Change of the binding cost, as a fraction of the dense network's; negative saves.
    """

    sparsity: float
    damage: float
    cost: float

    @property
    def price(self) -> float:
        """Objective paid (or won back) per fraction of the dense cost; NaN where it saves none."""
        return abs(self.damage / self.cost) if self.cost else math.nan


def why(
    problem: Problem,
    chosen: Indices,
    index: int,
    more: SparsityStep | None,
    less: SparsityStep | None,
    rate: float,
    kind: str,
) -> str:
    """Return why subject ``index`` has the option that ``chosen`` gives it.

    Args:
        problem: With that option.
        chosen: The plan, an option per subject.
        index: Of the subject.
        more: Its next larger sparsity, or None.
        less: Its next smaller one, or None.
        rate: What the budget's last step cost, objective per fraction of the dense cost.
        kind: The target that binds most.
    """
    goal, subject = problem.goal, problem.subjects[index]
    now = subject.options[chosen[index]]
    if subject.name in goal.locks:
        return "Locked by you."
    if subject.name in goal.excluded:
        return "Excluded by you."
    if now.removed and math.isnan(now.damages["drop"]):
        return f"{now.choice.method} was never measured on it, so no step can be priced."
    if more is None:
        return _end(problem, subject, now) if now.removed else _whole(problem, chosen, index)
    if rate <= 0:
        return "No budget asks for more."
    if kind in DAMAGES:
        return "The accepted damage is spent where it saves most."
    if more.cost >= 0:
        return f"Pruning it further saves nothing in {kind}."
    text = f"The next step costs {_price_ratio(more.price, rate)} what the budget's last step cost"
    if less is not None and less.cost > 0:
        text += f"; the step before it would win back {_price_ratio(less.price, rate)}"
    return text + "."


def idle_subjects(problem: Problem, plan: Plan) -> list[Subject]:
    """Return the layers that ``plan`` leaves whole because zeros in them would save nothing."""
    savings, goal = Savings(problem), problem.goal
    return [
        subject
        for subject in problem.subjects
        if subject.choice_in(plan) is None
        and subject.name not in {*goal.locks, *goal.excluded}
        and not savings.lowers(subject)
    ]


def costs_in_words(problem: Problem) -> str:
    """Return the costs that the problem asks for as a part of a sentence."""
    return " and ".join(COSTS[kind] for kind in problem.kinds[1:] if kind in COSTS)


def _end(problem: Problem, subject: Subject, now: Option) -> str:
    """Why a pruned subject cannot be pruned further."""
    goal = problem.goal
    low, high = goal.bounds.get(subject.name, (0.0, 1.0))
    reach = measured_reach(problem, subject.name, now.choice)
    real = real_sparsity(problem.manifest, subject.name, now.choice)
    if reach is not None and real > reach:
        return f"Past {reach:.4g}, where it was measured last: what it loses here is a guess."
    if ":" in now.choice.granularity:
        return f"The pattern {now.choice.granularity} has this sparsity only."
    if now.choice.granularity == BLOCK:
        return "It leaves whole: there is no more of it."
    if reach is not None and (high < reach or (low > 0 and len(subject.options) == 1)):
        return f"As far as its bounds, {low:.4g} to {high:.4g}, allow."
    if reach is not None and real < reach and subject.grouped and goal.round_to > 1:
        return f"As far as multiples of {goal.round_to} units allow within what was measured."
    if reach is not None and real < reach:
        return "What was measured further loses more and saves no more."
    return f"As far as it was measured, {reach:.4g}." if reach else "As far as it was measured."


def _whole(problem: Problem, chosen: Indices, index: int) -> str:
    """Why a subject is left whole where no larger sparsity can be chosen."""
    subject, goal = problem.subjects[index], problem.goal
    _, high = goal.bounds.get(subject.name, (0.0, 1.0))
    if not Savings(problem).lowers(subject):
        return f"Zeros in it would save nothing in {costs_in_words(problem)}."
    for one, other in problem.conflicts:
        if index in (one, other):
            pair = int(other) if index == one else int(one)
            option = problem.subjects[pair].options[chosen[pair]]
            if option.removed:
                what = "units" if problem.subjects[pair].grouped else "weights"
                name = problem.subjects[pair].name
                return f"Left whole: {name} loses {what}, which touch the same weights."
    if high < 1:
        return f"No measured sparsity lies within its bounds, up to {high:.4g}."
    if subject.grouped and goal.round_to > 1:
        return f"No measured sparsity keeps a multiple of {goal.round_to} units."
    return "Pruning it as far as was measured saves nothing."


def _price_ratio(price: float, rate: float) -> str:
    return "far more than" if price > 99 * rate else f"{price / rate:.2g} ×"
