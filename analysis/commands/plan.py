"""The request of ``plan``, and what ``pareto`` shares with it."""

from dataclasses import dataclass
from typing import ClassVar

from prunescope.commands.request import Request, option


@dataclass(frozen=True)
class GoalOptions(Request):
    """What is asked of a plan, in the command line's words.

    Attributes:
        target: Each such as ``macs=0.5``.
        lock: Each such as ``conv1=taylor:0.5``.
        exclude: Layers or groups that stay dense.
        bound: Each such as ``conv1=0:0.5``.
        methods: Which may be taken; none for all measured ones.
        round_to: Units kept are multiples of it.
        objective: What stays small.
        recovery: Of the curves and the plan.
        runtime: Latency table to use; empty for the first.
        extrapolate: Whether sparsities past the last measured points may be chosen.
    """

    target: tuple[str, ...] = option("--target", (), repeated=True)
    lock: tuple[str, ...] = option("--lock", (), repeated=True)
    exclude: tuple[str, ...] = option("--exclude", ())
    bound: tuple[str, ...] = option("--bound", (), repeated=True)
    methods: tuple[str, ...] = option("--methods", ())
    round_to: int = option("--round", 1)
    objective: str = option("--objective", "kl")
    recovery: str = option("--recovery", "none")
    runtime: str = option("--runtime", "")
    extrapolate: bool = option("--extrapolate", False)


@dataclass(frozen=True)
class MakePlan(GoalOptions):
    """Find the plan that does least damage within budgets.

    Attributes:
        exact: Whether to prove that no measured plan is better.
        seconds: Time limit; None for the usual one of a proof, and for none of a search.
        evaluations: Plans to judge around the solver's; None for the usual number.
        around: Whether to look around the solver's plan.
        verify: So many plans are measured at the end, the best of them taken.
        rule: A baseline to follow instead; None for the solver.
        name: Of the plan.
        output: File for the plan; None for none.
        save: Whether the study keeps it under its name.
        force: Whether the file may be one that Prunescope did not write.
    """

    command: ClassVar[str] = "plan"

    exact: bool = option("--exact", False)
    seconds: float | None = option("--seconds", None)
    evaluations: int | None = option("--evaluations", None)
    around: bool = option("--around/--no-around", True)
    verify: int = option("--verify", 0)
    rule: str | None = option("--baseline", None)
    name: str = option("--name", "solved")
    output: str | None = option("--output", None)
    save: bool = option("--save", False)
    force: bool = option("--force", False)
