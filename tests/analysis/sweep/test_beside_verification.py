"""What is stored beside a measured plan is what the networks really answer and really score."""

from pathlib import Path

import numpy as np
import pytest

from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import select, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.sweep.verify_plan import Verifier, verify_plan


@pytest.fixture(scope="module")
def plan(tiny_bench: Workbench) -> Plan:
    units, weights = Choice("l1", 0.5, "channel"), Choice("magnitude", 0.5)
    return Plan("p", tiny_bench.manifest.fingerprint, {"conv": units, "head": weights})


@pytest.fixture(scope="module")
def study(
    tiny_bench: Workbench, plan: Plan, tmp_path_factory: pytest.TempPathFactory
) -> StudyFolder:
    made = StudyFolder.create(tmp_path_factory.mktemp("answers") / "s", tiny_bench.manifest)
    verify_plan(tiny_bench, made, plan)
    return made


def test_answers_are_those_of_the_networks(
    tiny_bench: Workbench, study: StudyFolder, plan: Plan
) -> None:
    row = study.answered_samples(plan.digest)
    samples = tiny_bench.splits.validation
    scores = Scores(tiny_bench.network, tiny_bench.splits.calibration, tiny_bench.groups)
    with selected(tiny_bench.network, select(plan, scores)) as left:
        pruned = evaluate(left, samples, tiny_bench.metric, tiny_bench.batch)
    for outcome, answers, sure in (
        (tiny_bench.dense, row.dense, row.dense_confidence),
        (pruned, row.pruned, row.pruned_confidence),
    ):
        assert outcome.log_probabilities is not None
        shares = outcome.log_probabilities.exp()
        assert np.array_equal(answers, shares.argmax(1))
        assert np.allclose(sure, shares.amax(1), atol=6e-5)
    assert np.array_equal(row.target, samples.targets)
    verified = study.verified().iloc[0]
    right = np.asarray(row.pruned) == np.asarray(row.target)
    assert right.sum() == verified["score_sum"]
    assert (np.asarray(row.pruned) == np.asarray(row.dense)).sum() == verified["agreements"]
    counted = np.bincount(np.asarray(row.target)[right], minlength=tiny_bench.classes)
    assert counted.tolist() == list(verified["class_correct"])


def test_scores_are_those_that_chose_the_units(
    tiny_bench: Workbench, study: StudyFolder, plan: Plan
) -> None:
    (row,) = study.scored_units()
    assert row.named == ("conv", "l1", 0)
    scores = Scores(tiny_bench.network, tiny_bench.splits.calibration, tiny_bench.groups)
    assert np.allclose(row.scores, scores.by_group("l1")["conv"])
    keep = select(plan, scores).units["conv"].numpy()
    assert np.max(np.asarray(row.scores)[~keep]) <= np.min(np.asarray(row.scores)[keep])


def test_a_plan_that_was_measured_without_them_is_measured_once_more(
    tiny_bench: Workbench, study: StudyFolder, plan: Plan, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    earlier = StudyFolder.create(tmp_path / "s", tiny_bench.manifest)
    earlier.verifications.add(study.verified())
    assert verify_plan(tiny_bench, earlier, plan).digest == plan.digest
    assert earlier.answered_samples(plan.digest) == study.answered_samples(plan.digest)
    assert earlier.scored_units() == study.scored_units()
    assert len(list((earlier.folder / "verifications").glob("*.parquet"))) == 1

    def measured_again(*_: object) -> None:
        raise AssertionError("nothing is missing")

    monkeypatch.setattr(Verifier, "measure_all", measured_again)
    verify_plan(tiny_bench, earlier, plan)
