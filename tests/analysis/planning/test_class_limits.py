"""Limits on what single classes lose: named, kept by predicted recalls, refused in words."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from prunescope.errors import BadValue, CannotReach, UnknownName
from prunescope.planning.accepted_drop import solve_within_drop
from prunescope.planning.class_limits_of import is_class_limit
from prunescope.planning.goal_request import request_of
from prunescope.planning.prediction.forecast import Recall
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.solve import Goal, Solution, Target
from prunescope.planning.solve.class_limits import ClassLimit
from prunescope.study.plan import Choice, Plan
from tests.analysis.planning.test_front import ready

CLASSES = ("coat", "bag")


def predicted(drop: float, *lost: float) -> Prediction:
    recalls = tuple(Recall(label, 0.9, 0.9 - one) for label, one in enumerate(lost))
    return Prediction(drop, None, None, "told", (), recalls=recalls)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("worst-class=3pt", ClassLimit(0.03)),
        ("worst-class=0.03", ClassLimit(0.03)),
        ("recall:bag=1pt", ClassLimit(0.01, 1, "bag")),
        ("recall:0=0.5", ClassLimit(0.5, 0, "0")),
        ("macs=0.5", None),
    ],
)
def test_a_limit_is_named_as_targets_are(text: str, limit: ClassLimit | None) -> None:
    assert ClassLimit.parse(text, CLASSES, 2) == limit
    assert is_class_limit(text) == (limit is not None)
    if limit is not None:
        assert ClassLimit.parse(limit.request(), CLASSES, 2) == limit


def test_other_classes_and_units_are_refused() -> None:
    with pytest.raises(UnknownName, match="bag"):
        ClassLimit.parse("recall:bog=1pt", CLASSES, 2)
    with pytest.raises(UnknownName):
        ClassLimit.parse("recall:2=1pt", CLASSES, 2)
    with pytest.raises(BadValue, match="in points, but got 3%"):
        ClassLimit.parse("worst-class=3%", CLASSES, 2)
    with pytest.raises(BadValue, match="above 0 and at most 1"):
        ClassLimit.parse("worst-class=0", CLASSES, 2)


def test_the_request_names_only_what_was_asked_for() -> None:
    goal = Goal((Target("macs", 0.5),), class_limits=(ClassLimit(0.03),))
    assert goal.by_others
    assert [target.kind for target in goal.asked] == ["macs"]
    assert request_of(goal).target == ("macs=0.5", "worst-class=0.03")
    both = Goal((Target("macs", 0.5), Target("drop", 0.01)), class_limits=(ClassLimit(0.03),))
    assert not both.by_others
    assert request_of(both).target == ("macs=0.5", "drop=0.01", "worst-class=0.03")


def solver(limits: Mapping[str, float]) -> Solution:
    plan = Plan("p", "paper", {"conv0": Choice("magnitude", min(limits["drop"], 1.0))})
    made = ready("parameters=0.5").solve()
    return replace(made, plan=plan, value=1.0 - limits["drop"])


def by_class(plan: Plan) -> Prediction:
    """The second class loses five times what the score does."""
    lost = plan.choices["conv0"].sparsity
    return predicted(lost, 0.0, 5 * lost)


def test_the_tightest_limit_decides() -> None:
    asked = Goal((Target("macs", 0.5), Target("drop", 0.02)), class_limits=(ClassLimit(0.03),))
    found = solve_within_drop(asked, solver, by_class)
    assert 0.98 * 0.006 <= found.costs["drop"] <= 0.006
    loose = replace(asked, class_limits=(ClassLimit(0.5, 1, "bag"),))
    assert 0.98 * 0.02 <= solve_within_drop(loose, solver, by_class).costs["drop"] <= 0.02


def test_without_a_target_on_the_drop_the_classes_alone_decide() -> None:
    goal = Goal((Target("macs", 0.5),), class_limits=(ClassLimit(0.03),))
    found = solve_within_drop(goal, solver, by_class)
    assert "drop" not in found.costs
    assert 0.98 * 0.006 <= found.plan.choices["conv0"].sparsity <= 0.006


def test_what_cannot_be_kept_or_known_is_refused() -> None:
    goal = Goal((Target("macs", 0.5),), class_limits=(ClassLimit(0.03),))
    words = r"every class's recall down at most 3 pt and macs ≤ 50 %, but .* worst-class down 8 pt"
    with pytest.raises(CannotReach, match=words):
        solve_within_drop(goal, solver, lambda _: predicted(0.01, 0.08))
    with pytest.raises(CannotReach, match="holds no logits and labels that tell it"):
        solve_within_drop(goal, solver, lambda _: predicted(0.01))
