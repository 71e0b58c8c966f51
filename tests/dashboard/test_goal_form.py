"""What the controls ask for, as values."""

from dataclasses import replace

from prunescope.cli.goal_options import goal_of
from prunescope.curves.curve import curves
from prunescope.dashboard.shared.goal_form import GoalForm, differing, offered, recoveries
from prunescope.planning.edits import choice_at
from prunescope.planning.named_choices import locked_choices
from prunescope.store.folder import StudyFolder
from prunescope.study import Method
from prunescope.study.plan import Choice, Plan
from tests.analysis.commands.parsing import command_named


def test_budgets_that_cannot_be_had_are_not_offered(study: StudyFolder) -> None:
    known = curves(study.measured(), study.manifest)
    assert offered(known, latency=True, memory=True)[:2] == ["parameters", "compressed-bytes"]
    assert "macs" not in offered(known, latency=True, memory=True)
    key = next(iter(known))
    units = {type(key)("g", Method("l1", "channel")): known[key]}
    assert offered(units, latency=False, memory=False)[0] == "macs"
    assert "latency" not in offered(units, latency=False, memory=True)
    assert recoveries(known) == ["none"]
    assert recoveries({}) == ["none"]


def test_what_is_asked_becomes_a_goal() -> None:
    lock = Choice("magnitude", 0.5, locked=True)
    plan = Plan("p", "f", {"a": lock, "b": choice_at(Method("magnitude"), 0.3)})
    assert locked_choices(plan) == {"a": lock}
    wanted = GoalForm({"macs": 50.0, "bytes": 60.0}, 0.02, "drop", "bn", 8, locked_choices(plan))
    goal = wanted.goal()
    assert [str(target) for target in goal.targets] == [
        "macs ≤ 50 %",
        "bytes ≤ 60 %",
        "drop ≤ 2 pt",
    ]
    assert dict(goal.locks) == {"a": lock}
    assert (goal.recovery, goal.round_to, goal.objective) == ("bn", 8, "drop")
    assert wanted.limits() == {"macs": 0.5, "bytes": 0.6, "drop": 0.02}
    assert not wanted.idle
    assert GoalForm({"macs": 100.0}).idle
    moved = replace(wanted, budgets={"macs": 40.0, "bytes": 60.0}, drop=0.03)
    assert moved.key() == wanted.key()  # limits alone need no new problem
    assert GoalForm({"macs": 40.0}).key() != wanted.key()
    front = wanted.front()
    assert (front.lock, front.target) == (("a=magnitude:0.5",), ("bytes=0.6", "drop=0.02"))
    held = replace(
        wanted, bounds={"b": (10.0, 60.0)}, excluded=("c",), methods=("l1@channel",), setting="O"
    )
    goal = held.goal()
    assert (dict(goal.bounds), goal.excluded) == ({"b": (0.1, 0.6)}, ("c",))
    assert goal.methods == (Method("l1", "channel"),)
    assert held.key() != wanted.key()
    said = held.front().line()
    for words in ("--bound b=0.1:0.6", "--exclude c", "--methods l1@channel", "--runtime O"):
        assert words in said


def test_the_command_line_understands_just_what_the_page_asks(study: StudyFolder) -> None:
    locks = {
        "fc1": Choice("magnitude", 0.1234, "weight", True),
        "fc3": Choice("l1", 0, "2:4", True),
    }
    wanted = GoalForm(
        {"parameters": 29.0, "compressed-bytes": 100.0}, 0.005, "cross-entropy", "ls", 4, locks,
        {"fc2": (7.0, 93.0)}, ("table",), ("magnitude", "magnitude@2:4"), "a CPU",
    )  # fmt: skip
    name, *rest = wanted.candidates(8, "mine").arguments("S")
    given = command_named(name).make_context(name, rest).params
    assert (given["verify"], given["name"], given["runtime"]) == (8, "mine", "a CPU")
    goal = goal_of(
        study, given["target"], given["lock"], given["exclude"], given["bound"],
        given["methods"], given["round_to"], given["objective"], given["recovery"],
    )  # fmt: skip
    assert goal == wanted.goal()


def test_how_plans_differ_is_said_shortly() -> None:
    one = Plan("p", "f", {name: Choice("magnitude", 0.5) for name in "abcde"})
    assert differing(one, one) == ""
    other = one.setting({"a": Choice("magnitude", 0.7), "b": Choice("magnitude", 0.0)})
    assert differing(one, other) == "a 70 %, b dense"
    assert differing(one, Plan("q", "f")).endswith("and 2 more")
