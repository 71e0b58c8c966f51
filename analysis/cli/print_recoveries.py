"""What ``plan`` says first: the same budgets with other recoveries, and a plan near chance."""

from dataclasses import asdict
from typing import Any

from prunescope.api.solved_plan import SolvedPlan
from prunescope.cli.terminal import console


def described_recoveries(solved: SolvedPlan) -> dict[str, Any]:
    """Return what every recovery comes to as plain values for ``--json``, the plan's own first."""
    alternative = solved.alternative
    return {
        "recoveries": [
            {
                "recovery": each.recovery, "score": each.score, "measured": each.measured,
                "drop": each.prediction and each.prediction.drop,
                "plan": each.plan and asdict(each.plan),
                "digest": each.plan and each.plan.digest,
                "refusal": each.refusal or None, "command": solved.command_with(each.recovery),
            }
            for each in solved.recoveries
        ],
        "better": alternative and alternative.recovery,
        "near_chance": solved.near_chance,
    }  # fmt: skip


def print_recoveries(solved: SolvedPlan) -> None:
    """Print what comes first: a better recovery with its command, and that a plan is ruined."""
    for sentence in solved.recovery_sentences():
        console.print(sentence, highlight=False, soft_wrap=True)
