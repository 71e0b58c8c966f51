"""Calibration: combinations are really measured, once, and every rule is judged by them."""

import sys
from dataclasses import astuple, replace
from typing import Any

import pytest

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue
from prunescope.planning.prediction import propose_verifications
from prunescope.planning.prediction.predict import BackTest, predict
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study import Grid, parse_methods
from prunescope.study.plan import Plan
from prunescope.sweep.calibrate import calibrate
from prunescope.sweep.runner import sweep
from prunescope.sweep.verify_plan import verify_plan


@pytest.fixture(scope="module")
def study(tiny_bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    made = StudyFolder.create(tmp_path_factory.mktemp("calibrate") / "s", tiny_bench.manifest)
    sweep(tiny_bench, made, Grid(parse_methods("magnitude,wanda"), (0.3, 0.6, 0.9)), Silent())
    return made


def test_plans_are_measured_once_and_judge_every_rule(
    tiny_bench: Workbench, study: StudyFolder
) -> None:
    first = calibrate(tiny_bench, study, 5, "none", Silent())
    assert (first.measured, first.measured_before, first.left, first.refused) == (5, 0, 0, ())
    assert first.error is not None
    assert first.error.plans == 5
    assert first.shortfall() == ()
    assert first.predictor in first.errors
    assert {"sum of drops", "superposition", "sum of KL"} <= set(first.errors)
    again = calibrate(tiny_bench, study, 5, "none", Silent())
    assert (again.measured, again.measured_before) == (0, 5)
    assert again.errors.keys() == first.errors.keys()
    for name, error in first.errors.items():  # sums of floats, in the table's order
        assert astuple(again.errors[name]) == pytest.approx(astuple(error)), name


def test_predictors_are_ranked_by_what_puts_one_in_force(
    tiny_bench: Workbench, study: StudyFolder
) -> None:
    """Not by points: there a ruined plan decides, and the table led with one not in force."""
    found = calibrate(tiny_bench, study, 5, "none", Silent())
    rows = found.ranking()
    assert rows[0][0] == found.predictor
    judged = [float(row[1]) for row in rows]
    assert judged == sorted(judged)
    assert {row[0] for row in rows} == set(found.errors)
    better = BackTest(0.01, 0.02, 5)
    own = replace(
        found, predictor="a", errors={"c": better, "b": better, "a": BackTest(0.05, 0.3, 5)},
        judged={"a": 0.2, "b": 0.3},
    )  # fmt: skip
    assert [row[:3] for row in own.ranking()] == [
        ("a", "0.20", "5.00 pt"), ("b", "0.30", "1.00 pt"), ("c", "not for this study", "1.00 pt"),
    ]  # fmt: skip
    assert "errors relative to each plan's drop" in own.how_judged()
    assert "imagined plans count too" in own._repr_html_()


def test_what_is_stored_is_what_verifying_the_plan_gives(
    tiny_bench: Workbench, study: StudyFolder
) -> None:
    calibrate(tiny_bench, study, 5, "none", Silent())
    row = study.verified().iloc[0]
    plan = from_json(Plan, row["plan"], "it")
    alone = verify_plan(tiny_bench, study, plan)
    assert (alone.drop_sum, alone.removed) == (row["drop_sum"], row["removed"])


def test_predictions_use_the_logits_that_the_sweep_kept(
    tiny_bench: Workbench, study: StudyFolder
) -> None:
    calibrate(tiny_bench, study, 5, "none", Silent())
    plan = from_json(Plan, study.verified().iloc[0]["plan"], "it")
    found = predict(
        study.manifest, plan, study.measured(), study.verified(), study.logits, "superposition"
    )
    assert found.samples == len(tiny_bench.splits.validation)
    assert len(found.recalls) == 3
    assert found.error is not None
    assert found.error.plans == 4  # the plan itself does not count


def test_fewer_plans_than_asked_for_are_said_to_be(
    tiny_bench: Workbench, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where groups have few units: seven were measured of nine, and nothing said so."""

    def fewer(*given: Any) -> tuple[Plan, ...]:
        return propose_verifications(*given)[:3]

    monkeypatch.setattr(sys.modules[calibrate.__module__], "propose_verifications", fewer)
    done = calibrate(tiny_bench, study, 5, "none", Silent())
    assert done.measured + done.measured_before == 3
    assert done.shortfall()[0].startswith("Only 3 of 5 plans exist")


def test_a_recovery_that_was_not_swept_is_named(tiny_bench: Workbench, study: StudyFolder) -> None:
    with pytest.raises(BadValue, match="prunescope sweep --study STUDY --recovery bn"):
        calibrate(tiny_bench, study, 5, "bn", Silent())
