"""A target on the drop: kept by what is predicted, refused in the words of what was asked."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from prunescope.errors import CannotReach
from prunescope.planning.accepted_drop import solve_within_drop
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.solve import Goal, Solution, Target
from prunescope.study.plan import Choice, Plan
from tests.analysis.planning.test_front import ready

GOAL = Goal((Target("macs", 0.5), Target("drop", 0.02)))


def predicted(drop: float) -> Prediction:
    return Prediction(drop, None, None, "told", ())


def test_the_first_refusal_is_what_the_user_reads() -> None:
    """Later ones name sums that are tried in its place, up to 32 times what was asked."""
    asked = []

    def refuses(limits: Mapping[str, float]) -> Solution:
        asked.append(limits["drop"])
        raise CannotReach(f"a drop of {limits['drop']:g} cannot be had")

    with pytest.raises(CannotReach, match=r"a drop of 0\.02 cannot"):
        solve_within_drop(GOAL, refuses, lambda _: predicted(0.0))
    assert len(asked) > 1
    with pytest.raises(CannotReach, match=r"a drop of 0\.03 cannot"):
        solve_within_drop(GOAL, refuses, lambda _: predicted(0.0), {"drop": 0.03})


def test_a_plan_that_is_predicted_to_lose_too_much_names_the_limits_in_force() -> None:
    solution = ready("parameters=0.5").solve()
    words = r"drop of at most 3 pt and macs ≤ 40 %, but .* is 8 pt"
    with pytest.raises(CannotReach, match=words):
        solve_within_drop(
            GOAL, lambda _: solution, lambda _: predicted(0.08), {"macs": 0.4, "drop": 0.03}
        )


def test_the_sum_is_moved_until_what_is_predicted_fits() -> None:
    solution = ready("parameters=0.5").solve()

    def solved(limits: Mapping[str, float]) -> Solution:
        plan = Plan("p", "paper", {"conv0": Choice("magnitude", min(limits["drop"], 1.0))})
        return replace(solution, plan=plan, value=1.0 - limits["drop"])

    def thrice(plan: Plan) -> Prediction:
        return predicted(3 * plan.choices["conv0"].sparsity)

    found = solve_within_drop(GOAL, solved, thrice)
    assert 0.98 * 0.02 <= found.costs["drop"] <= 0.02
    assert found.limits["drop"] == 0.02
