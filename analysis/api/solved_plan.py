"""A plan that was solved for, with what it costs, what is expected of it, and why. Torch-free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from prunescope.commands import MakePlan, next_steps
from prunescope.curves.dense import dense_score
from prunescope.html_tables import table
from prunescope.planning.by_recovery import (
    Floor,
    RecoveryOutcome,
    best_alternative,
    next_for_ruined,
    recovery_words,
    side_by_side,
)
from prunescope.planning.chance_level import chance_level, class_count
from prunescope.planning.explain import explain
from prunescope.planning.measured_plans import MeasuredPlan
from prunescope.planning.pose_goal import PosedGoal
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.search import MeasuredBest
from prunescope.planning.solve import Solution
from prunescope.planning.solve.goal import COSTS
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Choice, Plan
from prunescope.text.outputs import pruned_unseen
from prunescope.text.scores import words_of


@dataclass(frozen=True)
class SolvedPlan:
    """What ``Study.solve`` gives; wherever a plan is taken, it can be given.

    Attributes:
        plan: The plan itself.
        posed: The goal over what the study held.
        prediction: What is expected of the plan.
        solution: How far it can be from the best; None for a baseline's plan.
        tried: The plans that were measured on the way, the best first.
        recoveries: What the same goal comes to with every recovery that the study holds curves of,
            this plan's own first.
        request: The command that asks for this plan.
        folder: The study's, for commands.
        saved: What commands call the plan: the name or file it is saved under.
    """

    plan: Plan
    posed: PosedGoal = field(repr=False)
    prediction: Prediction = field(repr=False)
    solution: Solution | None = field(default=None, repr=False)
    tried: Sequence[MeasuredBest] = field(default=(), repr=False)
    recoveries: Sequence[RecoveryOutcome] = field(default=(), repr=False)
    request: MakePlan = field(default=MakePlan(), repr=False)
    folder: Path = field(default=Path("STUDY"), repr=False)
    saved: str = field(default="PLAN", repr=False)

    @property
    def name(self) -> str:
        """The plan's name."""
        return self.plan.name

    @property
    def choices(self) -> dict[str, Choice]:
        """Layer or group → method and sparsity."""
        return self.plan.choices

    @property
    def measured(self) -> MeasuredPlan | None:
        """What just this plan really did on the validation split; None where it is unverified."""
        return self.posed.measured(self.plan)

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
    def alternative(self) -> RecoveryOutcome | None:
        """The recovery that keeps more of the score within the same budgets, if one does."""
        words = words_of(self.problem.manifest)
        return best_alternative(self.recoveries, words) if self.recoveries else None

    @property
    def near_chance(self) -> str | None:
        """A sentence where the plan keeps hardly more than guessing would; else None."""
        if not self.recoveries:
            return None
        manifest = self.problem.manifest
        floor = Floor(
            chance_level(manifest, self.posed.operators),
            class_count(manifest, self.posed.operators),
            dense_score(manifest, self.posed.curves, self.plan.recovery),
            words_of(manifest),
        )
        return next_for_ruined(self.recoveries, floor, str(self.folder), self.saved)

    def command_with(self, recovery: str) -> str:
        """Return what to type for the same goal with another recovery."""
        return replace(self.request, recovery=recovery).line(self.folder)

    def recovery_sentences(self) -> tuple[str, ...]:
        """Return what is better within the same budgets, and whether this plan is near chance."""
        sentences, better = [], self.alternative
        if self.near_chance is not None:
            sentences.append(self.near_chance)
        if better is not None:
            sentences.append(
                f"Better {recovery_words(better.recovery)}: {self.command_with(better.recovery)}"
            )
        if len(self.recoveries) > 1:
            command = next_steps.fine_tune(str(self.folder), self.saved)
            sentences.append(
                side_by_side(self.recoveries, words_of(self.problem.manifest), f" ({command})")
            )
        return tuple(sentences)

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
        measured = self.measured and self.measured.sentence(words_of(self.problem.manifest))
        expected = [*([measured] if measured else []), *self.prediction.sentences()]
        unseen = pruned_unseen(self.problem.manifest, self.plan)
        notes = [*self.recovery_sentences(), *costs, *expected, unseen]
        return table(f"Plan {self.name!r}", columns, rows, notes)
