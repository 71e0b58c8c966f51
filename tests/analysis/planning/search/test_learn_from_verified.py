"""A verified plan counts with what was measured of it, wherever plans are chosen or shown."""

from dataclasses import replace
from pathlib import Path

import pytest

import prunescope as ps
from prunescope.planning.measured_plans import MeasuredPlans
from prunescope.planning.pose_goal import StudyKnowledge, solve_posed
from prunescope.planning.search import improve, judge
from prunescope.planning.search.learn_from_verified import judge_with_measured
from prunescope.planning.solve import Goal, Target
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from tests.long import core

GOAL = ("--target", "macs=0.55", "--evaluations", "120")


def test_a_verified_plan_is_shown_as_measured(prunescope, residual_study: Path) -> None:
    found = prunescope(
        "plan", residual_study, *GOAL, "--baseline", "uniform", "--name", "even", "--save", "--json"
    ).json
    assert found["measured"] is None
    row = prunescope("verify", residual_study, "even", "--json").json
    arguments = ("plan", residual_study, *GOAL, "--baseline", "uniform")
    again = prunescope(*arguments, "--json").json
    assert again["digest"] == found["digest"]
    measured = again["measured"]
    assert measured["score"] == row["score_sum"] / row["samples"]
    assert measured["samples"] == row["samples"]
    assert measured["low"] < measured["drop"] < measured["high"]
    text = " ".join(prunescope(*arguments).out.split())
    assert f"Measured top-1: {100 * measured['score']:.2f} %, drop " in text
    assert "Predicted top-1 without that: " in text
    assert "before any other plan of this study is verified" in text
    assert "Not measured yet" not in text
    assert "prunescope verify" not in text


@pytest.mark.parametrize("objective", core(["divergence", "drop"], {"divergence"}))
def test_a_plan_that_disappoints_steers_the_search(residual_study: Path, objective: str) -> None:
    study = StudyFolder.open(residual_study)
    goal = Goal((Target("macs", 0.55),), objective=objective)
    before = ps.open(residual_study).solve(macs=0.55, objective=objective, evaluations=120)
    ps.open(residual_study).verify(before.plan)
    posed = StudyKnowledge.of(study).pose(goal)
    shown = replace(before, posed=posed)
    assert shown.measured is not None
    assert before.measured is None
    assert f"Measured top-1: {100 * shown.measured.score:.2f}" in shown._repr_html_()
    worse = study.verified()  # the real row, as if it had lost another half of all samples
    for name, more in (("drop_sum", 0.5), ("divergence_sum", 2.0), ("entropy_sum", 2.0)):
        worse[name] += more * worse["samples"]
    disappointing = MeasuredPlans(worse)
    problem = posed.solver.problem
    plain = judge(problem, posed.predicted, posed.operators, before.plan)
    assert plain is not None
    judged = judge_with_measured(problem, plain, disappointing)
    kind = problem.kinds[0]
    real = disappointing(before.plan)
    assert real is not None
    assert judged(before.plan)[kind] == real.effects.damages[kind]
    name, choice = max(before.plan.active().items(), key=lambda pair: pair[1].sparsity)
    near = before.plan.setting({name: replace(choice, sparsity=choice.sparsity - 0.01)})
    assert judged(near)[kind] > 0.75 * real.effects.damages[kind] > plain(near)[kind]
    dense = Plan("dense", study.manifest.fingerprint)
    assert judged(dense)[kind] == plain(dense)[kind]
    steered, _ = improve(
        replace(posed, measured=disappointing), solve_posed(posed), evaluations=120
    )
    assert steered.plan.digest != before.plan.digest


def test_measured_plans_are_told_from_predicted_ones(prunescope, residual_study: Path) -> None:
    """The list of other plans mixed both, and called all of them nothing."""
    goal = ("--target", "macs=0.45", "--evaluations", "60")
    before = prunescope("plan", residual_study, *goal).out
    assert "others, as predicted: solver " in " ".join(before.split())
    assert "as measured: " not in before  # "As far as it was measured" may be there
    rule = prunescope(
        "plan", residual_study, *goal, "--baseline", "uniform", "--name", "u", "--save", "--json"
    ).json
    row = prunescope("verify", residual_study, "u", "--json").json
    found = prunescope("plan", residual_study, *goal, "--json").json
    assert "uniform" in found["measured_beside"]
    kind = {"drop": "drop_sum", "divergence": "divergence_sum"}[found["objective"]]
    assert found["beside"]["uniform"] == row[kind] / row["samples"]
    assert rule["digest"] == row["digest"]
    after = " ".join(prunescope("plan", residual_study, *goal).out.split())
    predicted, _, measured = after.partition("others, as ")[2].partition("as measured: ")
    assert f"uniform {found['beside']['uniform']:.4g}" in measured
    assert "uniform" not in predicted
