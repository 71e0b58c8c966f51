"""The best of each recovery stands beside a plan, and a ruined one is never handed over unsaid."""

import math
import shlex
from dataclasses import replace

import pytest

from prunescope.planning.chance_level import chance_level, class_count
from prunescope.planning.kl_ceiling import better_by_score, near_ceiling
from prunescope.planning.pose_goal import StudyKnowledge, solve_posed
from prunescope.planning.solve import Goal, Target
from prunescope.store.folder import StudyFolder


def test_a_better_recovery_comes_first_with_its_command(prunescope, residual_study):
    said = prunescope("plan", residual_study, "--target", "macs=0.5", "--save", "--name", "bare")
    first, second, *_ = [line for line in said.out.splitlines() if not line.startswith("This plan")]
    assert first.startswith("Better with ls: prunescope plan ")
    assert second.startswith("Within the same budgets: without recovery ")
    assert "with ls" in second
    assert f"(prunescope finetune {residual_study} bare)" in second  # as it was just saved
    text = " ".join(said.out.split())
    assert f"Not measured yet: prunescope verify {residual_study} bare." in text
    assert "8 more layers: zeros in them would save nothing in MACs, dense runtime." in text
    assert "Zeros in it" not in text
    found = prunescope("plan", residual_study, "--target", "macs=0.5", "--json").json
    assert [each["recovery"] for each in found["recoveries"]] == ["none", "ls"]
    assert found["better"] == "ls"
    own, better = found["recoveries"]
    assert own["digest"] == found["digest"]
    assert found["plan"]["recovery"] == "none"  # what was asked stays in force
    assert better["score"] > own["score"] + 0.05
    _, command = better["command"].split(" ", 1)
    taken = prunescope(*shlex.split(command), "--save", "--name", "cured", "--json").json
    assert taken["digest"] == better["digest"]
    assert taken["better"] is None
    rows = [prunescope("verify", residual_study, name, "--json").json for name in ("bare", "cured")]
    scores = [row["score_sum"] / row["samples"] for row in rows]
    assert scores[1] > scores[0] + 0.1  # the cure that the study held, really measured
    again = prunescope("plan", residual_study, "--target", "macs=0.5", "--json").json
    assert again["recoveries"][0]["measured"] in (None, pytest.approx(scores[0]))


def test_a_ruined_plan_says_so_and_what_to_do_next(prunescope, residual_study):
    study = StudyFolder.open(residual_study)
    rows = study.measured()
    for file in study.measurements.folder.glob("*.parquet"):
        file.unlink()
    from prunescope.store.parquet_table import rows_of

    bare = rows[rows["recovery"] == "none"]
    study.measurements.append(rows_of(study.measurements, bare))
    said = " ".join(prunescope("plan", residual_study, "--target", "macs=0.34").out.split())
    assert "near chance" in said
    assert "Measure what a recovery saves: prunescope sweep --study" in said
    assert "--methods l1@channel --recovery ls" in said
    found = prunescope("plan", residual_study, "--target", "macs=0.34", "--json").json
    assert [each["recovery"] for each in found["recoveries"]] == ["none"]
    assert "near chance" in found["near_chance"]
    good = prunescope("plan", residual_study, "--target", "macs=0.95", "--json").json
    assert good["near_chance"] is None


def test_where_kl_nears_its_ceiling_the_score_decides(residual_once):
    known = StudyKnowledge.of(StudyFolder.open(residual_once))
    posed = known.pose(Goal((Target("macs", 0.4),)))
    by_kl = solve_posed(posed)
    assert near_ceiling(posed, by_kl)
    taken_from, taken = better_by_score(posed, by_kl, solve_posed)
    assert known.predicted(taken.plan).drop <= known.predicted(by_kl.plan).drop
    if taken is not by_kl:
        assert taken_from.solver.problem.kinds[0] == taken.objective == "drop"
        assert any("log(10) = 2.3" in note for note in taken.notes)
    mild = known.pose(Goal((Target("macs", 0.9),)))
    assert better_by_score(mild, solve_posed(mild), solve_posed)[0] is mild


def test_a_plan_without_a_search_is_judged_as_a_whole_too(residual_once):
    """The page's sliders add up single layers, whose sum of KL may look harmless."""
    known = StudyKnowledge.of(StudyFolder.open(residual_once))
    posed = known.pose(Goal((Target("macs", 0.5),)))
    by_sums = solve_posed(posed)
    whole = known.predicted(by_sums.plan).divergence
    assert near_ceiling(posed, by_sums) == (whole > 0.4 * math.log(10))
    assert near_ceiling(posed, replace(by_sums, value=0.0)) == near_ceiling(posed, by_sums)


def test_chance_is_the_commonest_class(residual_once):
    known = StudyKnowledge.of(StudyFolder.open(residual_once))
    dense = known.operators.dense("none")
    assert dense is not None
    most = max((dense.labels == label).mean() for label in range(10))
    chance = chance_level(known.study.manifest, known.operators)
    assert chance == pytest.approx(most)
    assert math.isclose(chance, 0.1, abs_tol=0.03)
    assert class_count(known.study.manifest, known.operators) == 10
