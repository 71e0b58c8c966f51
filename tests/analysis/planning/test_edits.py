"""Bulk edits: locked choices stay, and every edit does what it says."""

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.planning import edits
from prunescope.statistics.paired import Interval
from prunescope.study import GroupSummary, Manifest, Method, Reference
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_units

MAGNITUDE, TAYLOR = Method("magnitude"), Method("taylor")
PLAN = Plan("p", "f", {"a": Choice("taylor", 0.4), "b": Choice("magnitude", 0.8, locked=True)})


def curve(subject: str, method: Method, drops: dict[float, float]) -> dict[CurveKey, Curve]:
    key = CurveKey(subject, method)
    points = tuple(
        CurvePoint(s, 1, 2, 9, 0.9 - d, Interval(d, d, d), 0, 0) for s, d in drops.items()
    )
    return {key: Curve(key, points)}


def test_setting_keeps_methods_and_locks() -> None:
    made = edits.set_sparsity(PLAN, ["a", "b", "c"], 0.5, MAGNITUDE)
    assert made.choices == {
        "a": Choice("taylor", 0.5), "b": PLAN.choices["b"], "c": Choice("magnitude", 0.5),
    }  # fmt: skip
    assert PLAN.choices["a"].sparsity == 0.4


def test_scaling_stops_at_all() -> None:
    assert edits.scale(PLAN, ["a", "b"], 0.5).choices["a"].sparsity == 0.2
    assert edits.scale(PLAN, ["a", "b"], 9).choices["a"].sparsity == 1
    assert edits.scale(PLAN, ["a", "b"], 9).choices["b"] == PLAN.choices["b"]
    assert edits.scale(PLAN, ["b"], 0.5) == PLAN


def test_changing_the_method_keeps_sparsities() -> None:
    made = edits.set_method(PLAN, ["a", "b"], MAGNITUDE)
    assert made.choices == {"a": Choice("magnitude", 0.4), "b": PLAN.choices["b"]}


def test_a_limit_takes_the_method_that_reaches_furthest() -> None:
    known = curve("a", MAGNITUDE, {0.5: 0.0, 0.7: 0.1}) | curve("a", TAYLOR, {0.5: 0.0, 0.7: 0.01})
    known |= curve("b", TAYLOR, {0.5: 0.0})
    made = edits.within_drop(PLAN, ["a", "b", "c"], 0.02, known, [MAGNITUDE, TAYLOR])
    assert made.choices == {"a": Choice("taylor", 0.7), "b": PLAN.choices["b"]}


def test_a_limit_that_nothing_keeps_leaves_the_layer_dense() -> None:
    known = curve("a", TAYLOR, {0.5: 0.3})
    assert edits.within_drop(PLAN, ["a"], 0.02, known, [TAYLOR]).choices["a"].sparsity == 0


def test_locks_are_set_and_taken_away() -> None:
    locked = edits.set_locks(PLAN, ["a", "c"], True, MAGNITUDE)
    assert all(choice.locked for choice in locked.choices.values())
    assert not edits.set_locks(locked, ["a"], False, MAGNITUDE).choices["a"].locked


def test_a_pattern_has_one_sparsity_or_none() -> None:
    pattern = Method("magnitude", "2:4")
    assert edits.set_method(PLAN, ["a"], pattern).choices["a"].sparsity == 0.5
    assert edits.set_sparsity(Plan("p", "f"), ["a"], 0.0, pattern).choices["a"].sparsity == 0


def test_a_layer_and_a_group_of_one_name_are_not_mixed_up() -> None:
    channels = Method("l1", "channel")
    assert edits.choice_of(PLAN, "a", channels) == Choice("l1", 0.0, "channel")
    assert edits.choice_of(PLAN, "a", Method("l1", "2:4")) == PLAN.choices["a"]


CHANNELS = Method("l1", "channel")
SHARED = Plan("p", "f", {"a": Choice("magnitude", 0.7), "b": Choice("magnitude", 0.0, locked=True)})
"""Layers ``a`` and ``b``, each with the name of a group."""


def test_a_lock_holds_the_layer_and_the_group_of_its_name() -> None:
    assert edits.choice_of(SHARED, "b", CHANNELS) == Choice("l1", 0.0, "channel", locked=True)
    made = edits.set_sparsity(SHARED, ["a", "b"], 0.5, CHANNELS)
    assert made.choices == {"a": Choice("l1", 0.5, "channel"), "b": SHARED.choices["b"]}
    assert edits.set_method(SHARED, ["b"], CHANNELS) == SHARED
    known = curve("a", CHANNELS, {0.5: 0.0}) | curve("b", CHANNELS, {0.5: 0.0})
    assert edits.within_drop(SHARED, ["b"], 0.1, known, [CHANNELS]) == SHARED


def test_locking_is_of_the_choice_that_there_is() -> None:
    locked = edits.set_locks(SHARED, ["a", "b", "c"], True, CHANNELS)
    assert locked.choices == {
        "a": Choice("magnitude", 0.7, locked=True), "b": SHARED.choices["b"],
        "c": Choice("l1", 0.0, "channel", locked=True),
    }  # fmt: skip
    freed = edits.set_locks(SHARED, ["a", "b"], False, CHANNELS)
    assert freed.choices == {"a": SHARED.choices["a"], "b": Choice("magnitude", 0.0)}


def test_what_removes_nothing_takes_nothing_away_at_the_other_granularity() -> None:
    assert edits.set_sparsity(SHARED, ["a", "b"], 0.0, CHANNELS) == SHARED
    assert edits.set_method(SHARED, ["a", "b"], CHANNELS) == SHARED
    known = curve("a", CHANNELS, {0.5: 0.9})
    assert edits.within_drop(SHARED, ["a"], 0.1, known, [CHANNELS]) == SHARED


def groups(**units: int) -> Manifest:
    made = tuple(GroupSummary(name, "channel", count, ()) for name, count in units.items())
    return Manifest(Reference("m", "d"), "f", 0, 0, 0, 0, 0, (), made)


def test_units_left_come_in_multiples_and_who_cannot_is_named() -> None:
    manifest = groups(wide=64, odd=20, small=6, locked=64, idle=64)
    choices = {name: Choice("l1", 0.5, "channel") for name in ("wide", "odd", "small")}
    choices |= {"locked": Choice("l1", 0.3, "channel", locked=True), "b": Choice("magnitude", 0.3)}
    choices |= {"idle": Choice("l1", 0.004, "channel")}
    plan = Plan("p", "f", choices)
    made, whole = edits.in_multiples(plan, ["b", *choices], 8, manifest)
    left = {n: 64 - removed_units(64, c.sparsity) for n, c in made.choices.items() if n == "wide"}
    assert left == {"wide": 32}
    assert made.choices["odd"].sparsity == 0.2  # 16 of 20 stay
    assert made.choices["small"].sparsity == 0
    assert whole == ("small",)
    unchanged = ("locked", "b", "idle")
    assert [made.choices[n] for n in unchanged] == [plan.choices[n] for n in unchanged]
    assert edits.in_multiples(plan, choices, 1, manifest) == (plan, ())
