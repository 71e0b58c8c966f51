"""What a study says in sentences is what its curves, predictions and measured plans say."""

from pathlib import Path

import pytest

from prunescope.api.open_study import open_study
from prunescope.planning.overview import NextStep, overview
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.text.scores import words_of
from tests.analysis.store.rows import manifest


def test_a_study_without_curves_asks_for_some(tmp_path: Path) -> None:
    told = overview(StudyKnowledge.of(StudyFolder.create(tmp_path, manifest())), 0.01)
    assert told.step is NextStep.SWEEP
    assert told.sentences() == ("No plan has been measured yet.",)


@pytest.mark.parametrize("accepted", [0.02, 0.2])
def test_the_reachable_plan_is_predicted_within_the_accepted_drop(
    residual_study: Path, accepted: float
) -> None:
    study = StudyFolder.open(residual_study)
    known = StudyKnowledge.of(study)
    told = overview(known, accepted)
    assert told.reached is not None
    drop = known.predicted(told.reached).drop
    assert drop is not None
    assert drop <= accepted
    size = preview(study.manifest, told.reached, known.curves)
    gone = 1 - size.macs / study.manifest.macs
    assert f"about {100 * gone:.0f} % of the MACs can go" in (told.reachable or "")
    assert known.predicted(told.reached).drop_in_words() in (told.reachable or "")
    assert told.best == "No plan has been measured yet."
    assert told.step is NextStep.MEASURE


def test_a_measured_plan_is_told_with_what_it_did(residual_study: Path) -> None:
    study = open_study(residual_study)
    reached = overview(StudyKnowledge.of(StudyFolder.open(residual_study)), 0.2).reached
    assert reached is not None
    study.verify(reached)
    known = StudyKnowledge.of(StudyFolder.open(residual_study))
    measured = known.measured(reached)
    assert measured is not None
    words = words_of(study.manifest)
    wide = overview(known, measured.drop.mean + 0.001)
    assert wide.measured is not None
    assert wide.measured.plan.digest == reached.digest
    assert wide.best.startswith("The best plan measured so far keeps ")
    assert f"drop {words.drop(measured.drop.mean)} ({words.span(measured.drop)}, 95 %)" in wide.best
    assert wide.step is NextStep.EXPORT
    narrow = overview(known, measured.drop.mean - 0.001)
    assert narrow.best.startswith("No plan measured so far is within ")
    assert narrow.step in (NextStep.MEASURE, NextStep.RELAX)


def test_nothing_is_reachable_where_nothing_may_be_lost(residual_study: Path) -> None:
    told = overview(StudyKnowledge.of(StudyFolder.open(residual_study)), 0.0)
    assert told.reached is None
    assert told.step is NextStep.RELAX
