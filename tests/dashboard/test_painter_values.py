"""Painted bars become a plan, and only what may change does."""

from pathlib import Path

import pytest

from prunescope.curves.curve import curves
from prunescope.dashboard.views.plan.painter_values import (
    Subject,
    bars,
    chosen,
    elsewhere,
    in_forward_order,
    painted,
)
from prunescope.errors import BadValue
from prunescope.store.folder import StudyFolder
from prunescope.study import Method
from prunescope.study.plan import Choice, Plan

NAMES = ("fc1", "fc2", "fc3")
DEFAULT = Method("magnitude")
ON_PAGE = tuple(Subject(name, DEFAULT) for name in NAMES)


@pytest.fixture
def plan(study: StudyFolder) -> Plan:
    chosen = {"fc2": Choice("magnitude", 0.5, locked=True), "fc3": Choice("random", 0.25)}
    return Plan("drawn", study.manifest.fingerprint, chosen)


def edit(*values: object) -> dict[str, object]:
    return {"seq": 1, "names": list(NAMES), "values": list(values)}


def test_bars_say_what_the_plan_says(study: StudyFolder, plan: Plan) -> None:
    made = bars(study.manifest, plan, curves(study.measured(), study.manifest), ON_PAGE)
    assert [bar["value"] for bar in made] == [0.0, 0.5, 0.25]
    assert [bar["locked"] for bar in made] == [False, True, False]
    for bar in made:
        assert [sparsity for sparsity, _ in bar["heat"]] == [0.3, 0.6, 0.8, 0.95]
        assert all(0 <= level <= 1 for _, level in bar["heat"])
    assert max(level for _, level in made[0]["heat"]) > 0.5  # where it breaks, it shows


def test_a_stroke_changes_what_it_crossed_and_keeps_methods(plan: Plan) -> None:
    now = painted(plan, edit(0.7, 0.5, 0.9), ON_PAGE)
    assert now.choices["fc1"] == Choice("magnitude", 0.7)
    assert now.choices["fc3"] == Choice("random", 0.9)


def test_a_lock_holds_whatever_the_browser_sends(plan: Plan) -> None:
    now = painted(plan, edit(0.0, 0.9, 0.25), ON_PAGE)
    assert now == plan


def test_a_pattern_has_its_own_sparsity_or_none() -> None:
    plan = Plan("p", "f", {"fc1": Choice("magnitude", 0.5, "2:4")})
    assert painted(plan, edit(0.9, 0, 0), ON_PAGE).choices["fc1"].sparsity == 0.5
    assert painted(plan, edit(0, 0, 0), ON_PAGE).choices["fc1"].sparsity == 0.0


@pytest.mark.parametrize(
    "bad",
    [
        edit(0.1, 0.2),
        edit(0.1, 0.2, 1.7),
        edit(0.1, 0.2, "<script>"),
        edit(0.1, 0.2, None),
        edit(0.1, 0.2, float("nan")),
        {"seq": 1, "names": ["fc1", "fc3", "fc2"], "values": [0, 0, 0]},
        {"seq": 1},
    ],
)
def test_foreign_input_is_refused_in_a_sentence(plan: Plan, bad: dict[str, object]) -> None:
    with pytest.raises(BadValue, match=r"^Expected .* but "):
        painted(plan, bad, ON_PAGE)


def test_a_key_locks_and_unlocks(plan: Plan) -> None:
    stroke = edit(0.0, 0.9, 0.25) | {"locks": [True, False, False]}
    now = painted(plan, stroke, ON_PAGE)
    assert now.choices["fc1"] == Choice("magnitude", 0.0, locked=True)
    assert now.choices["fc2"] == Choice("magnitude", 0.9)  # unlocked before it was painted
    assert painted(plan, edit(0.0, 0.5, 0.25) | {"locks": [False, True, False]}, ON_PAGE) == plan


def test_painting_a_groups_units_empties_the_weights_of_its_name() -> None:
    units = Method("l1", "channel")
    on_page = (Subject("conv", DEFAULT), Subject("conv", units))
    plan = Plan("p", "f", {"conv": Choice("magnitude", 0.4)})
    stroke = {"seq": 1, "names": ["conv", "conv"], "values": [0.0, 0.5]}
    assert painted(plan, stroke, on_page).choices == {"conv": Choice("l1", 0.5, "channel")}
    back = painted(
        Plan("p", "f", {"conv": Choice("l1", 0.5, "channel")}), stroke | {"values": [0.4, 0.0]},
        on_page,
    )  # fmt: skip
    assert back.choices == {"conv": Choice("magnitude", 0.4)}


def test_what_no_bar_stands_for_still_counts(study: StudyFolder, plan: Plan) -> None:
    assert elsewhere(plan, ON_PAGE[:2]) == [("fc3", "weight", 0.25)]
    assert elsewhere(plan, ON_PAGE) == []
    assert in_forward_order(study.manifest, ON_PAGE[::-1]) == ON_PAGE


def test_a_layer_without_a_bar_stands_for_the_group_that_it_makes(checked_once: Path) -> None:
    manifest = StudyFolder.open(checked_once / "lenet5").manifest
    made = manifest.layer("conv2").group
    assert made is not None
    assert chosen(manifest, "conv2", ("conv1", "conv2")) == "conv2"
    assert chosen(manifest, "conv2", ("conv1", made)) == made
    assert chosen(manifest, "fc2", ("conv1", "fc1")) == "conv1"
    assert chosen(manifest, None, ()) is None
