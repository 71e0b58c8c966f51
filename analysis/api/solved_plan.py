"""A plan that was solved for, with what it costs, what is expected of it, and why. Torch-free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from prunescope.html_tables import table
from prunescope.planning.explain import explain
from prunescope.planning.pose_goal import PosedGoal
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.search import MeasuredBest
from prunescope.planning.solve import Solution
from prunescope.planning.solve.goal import COSTS
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Choice, Plan


@dataclass(frozen=True)
class SolvedPlan:
    """What ``Study.solve`` gives; wherever a plan is taken, it can be given.

    Attributes:
        plan: The plan itself.
        posed: The goal over what the study held.
        prediction: What is expected of the plan.
        solution: How far it can be from the best; None for a baseline's plan.
        tried: The plans that were measured on the way, the best first.
    """

    plan: Plan
    posed: PosedGoal = field(repr=False)
    prediction: Prediction = field(repr=False)
    solution: Solution | None = field(default=None, repr=False)
    tried: Sequence[MeasuredBest] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The plan's name."""
        return self.plan.name

    @property
    def choices(self) -> dict[str, Choice]:
        """Layer or group → method and sparsity."""
        return self.plan.choices

    @property
    def costs(self) -> Mapping[str, float]:
        """Each budget's cost or damage, as the whole plan has it, absolute."""
        return self.solution.costs if self.solution else plan_costs(self.problem, self.plan)

    @property
    def dense(self) -> Mapping[str, float]:
        """What the dense model has of each budget's cost."""
        return dict(zip(self.problem.kinds[1:], map(float, self.problem.dense[1:]), strict=True))

    @property
    def problem(self) -> Problem:
        """What was solved."""
        return self.posed.solver.problem

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each layer or group: ``subject, method, sparsity, why``."""
        reasons = explain(self.problem, self.solution) if self.solution else ()
        why = {(reason.subject, reason.grouped): reason.why for reason in reasons}
        rows = []
        for subject in self.problem.subjects:
            choice = subject.choice_in(self.plan)
            rows.append(
                {
                    "subject": subject.name,
                    "method": str(choice.method) if choice else "",
                    "sparsity": choice.sparsity if choice else 0.0,
                    "why": why.get((subject.name, subject.grouped), ""),
                }
            )
        return pd.DataFrame(rows, columns=["subject", "method", "sparsity", "why"])

    def _repr_html_(self) -> str:
        rows = [
            (row["subject"], row["method"], f"{100 * row['sparsity']:.4g} %", row["why"])
            for row in self.frame.to_dict("records")
        ]
        costs = [
            f"{COSTS[kind]}: {value:.6g}, {100 * value / self.dense[kind]:.1f} % of dense"
            for kind, value in self.costs.items()
            if kind in COSTS and self.dense.get(kind)
        ]
        columns = ("layer or group", "method", "sparsity", "why")
        return table(f"Plan {self.name!r}", columns, rows, [*costs, *self.prediction.sentences()])
