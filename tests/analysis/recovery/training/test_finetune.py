"""Fine-tuning on small networks: what must hold whatever the numbers are."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import pruned, select, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.progress import Silent
from prunescope.recovery.training import objective
from prunescope.recovery.training.fine_tuning_report import (
    read_result,
    result_folder,
)
from prunescope.recovery.training.finetune import finetune, read_weights
from prunescope.sources.weights import pour
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.recovery.short_training import QUICK, MakeBench, MakePlan
from tests.analysis.recovery.training.trained import Spy, masks, measured, same, state


@pytest.mark.parametrize("recovery", ["none", "bn"])
def test_the_laws(subject: Workbench, make_plan: MakePlan, tmp_path: Path, recovery: str) -> None:
    study = StudyFolder.create(tmp_path, subject.manifest)
    plan = make_plan(subject, 0.8, recovery)
    before = state(subject)
    grads = [p.requires_grad for p in subject.network.module.parameters()]
    progress = Spy()
    result = finetune(subject, study, plan, QUICK, progress, test=True)
    folder = result_folder(study.folder, plan)
    weights = read_weights(folder)

    # The dense model is untouched, gradients included.
    assert same(state(subject), before)
    assert [p.requires_grad for p in subject.network.module.parameters()] == grads
    assert all(p.grad is None for p in subject.network.module.parameters())
    # Zeros are exactly where the masks say; what is kept has moved.
    removed = 0
    for name, keep in masks(subject, plan).items():
        assert (weights[name][~keep] == 0).all()
        assert not torch.equal(weights[name][keep], before[name][keep])
        removed += int((~keep).sum())
    assert (result.removed, result.ending) == (removed, "finished")
    # Names and shapes are the model's own.
    assert {n: t.shape for n, t in weights.items()} == {n: t.shape for n, t in before.items()}
    # The numbers are those of the saved weights, measured afresh.
    assert result.after == measured(subject, weights, "validation")
    assert result.test is not None
    assert result.test.after == measured(subject, weights, "test")
    assert result.validation.dense_score == subject.manifest.baseline.score  # type: ignore[union-attr]
    # The best epoch is the one that is kept.
    scores = [reading.score for reading in result.curve if reading.score is not None]
    assert len(scores) == QUICK.epochs + 1
    assert result.after.score == max(scores) == scores[result.best_epoch]
    assert result.before.score == scores[0]
    # What the three show agrees.
    assert math.isclose(result.validation.gain.mean, result.after.score - result.before.score)
    assert math.isclose(
        result.after.drop.mean, result.validation.dense_score - result.after.score, abs_tol=1e-12
    )
    # It learned something, and said so on the way.
    assert result.validation.gain.low > 0
    assert progress.done == progress.total == QUICK.epochs * math.ceil(301 / QUICK.batch)
    told = [values["accuracy"] for values in progress.values if "accuracy" in values]
    assert told == scores
    assert {"step", "epoch", "loss", "accuracy", "rate"} == set(progress.values[-1])
    assert read_result(folder) == result


def test_before_is_the_plan_as_it_is_verified(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    result = finetune(bench, study, plan, QUICK, Silent())
    with pruned(bench.network.module, masks(bench, plan)) as module:
        outcome = evaluate(module, bench.splits.validation, bench.metric, bench.batch)
    assert result.before.score_sum == outcome.score.sum().item()


def test_same_seed_same_weights(bench: Workbench, study: StudyFolder, make_plan: MakePlan) -> None:
    plan = make_plan(bench)
    folder = result_folder(study.folder, plan)
    found = []
    for seed in (0, 0, 1):
        torch.rand(3)  # whatever was drawn before does not matter
        drawn = torch.random.get_rng_state()
        finetune(bench, study, plan, replace(QUICK, seed=seed), Silent())
        assert torch.equal(torch.random.get_rng_state(), drawn)
        found.append(read_weights(folder))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_measuring_the_test_split_changes_nothing(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    pair = [finetune(bench, study, plan, QUICK, Silent(), test=test) for test in (False, True)]
    assert pair[0].weights_hash == pair[1].weights_hash
    assert pair[0].test is None


def test_epochs_that_harm_are_not_kept(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench, 0.01)
    result = finetune(bench, study, plan, replace(QUICK, rate=2.0, momentum=0.0), Silent())
    assert result.after.score >= result.before.score


def test_without_a_rate_a_range_test_chooses_one(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench, 0.8)
    spy = Spy()
    result = finetune(bench, study, plan, replace(QUICK, rate=None), spy)
    assert result.range_test is not None
    assert result.settings == replace(QUICK, rate=result.range_test.chosen)
    assert 1e-4 <= result.range_test.chosen <= 1
    assert result.after.score > result.before.score
    assert f"The rate {result.settings.rate:g} was chosen by a range test" in result.happenings()
    assert result.range_test.sentence() in spy.messages
    # The test leaves no trace: the same rate, asked for, gives the same weights.
    asked = finetune(bench, study, plan, result.settings, Silent())
    assert asked.weights_hash == result.weights_hash
    assert asked.range_test is None
    assert f"The rate {result.settings.rate:g} was asked for." in asked.happenings()


def test_tied_weights_stay_tied(make_bench: MakeBench, make_plan: MakePlan, tmp_path: Path) -> None:
    bench = make_bench("tied_model")
    study = StudyFolder.create(tmp_path, bench.manifest)
    plan = make_plan(bench, 0.5)
    result = finetune(bench, study, plan, QUICK, Silent())
    weights = read_weights(result_folder(study.folder, plan))
    assert torch.equal(weights["first.weight"], weights["second.weight"])
    assert int((weights["first.weight"] == 0).sum()) == 18
    assert result.after == measured(bench, weights, "validation")


def test_a_large_teacher_runs_step_by_step(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(bench)
    at_once = finetune(bench, study, plan, QUICK, Silent())
    monkeypatch.setattr(objective, "_KEPT_BYTES", 0)
    by_step = finetune(bench, study, plan, QUICK, Silent())
    assert len(at_once.curve) == len(by_step.curve)
    for one, other in zip(at_once.curve[1:], by_step.curve[1:], strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3)


@pytest.mark.parametrize("mixed", [False, True])
def test_units_are_gone_and_the_smaller_network_is_trained(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, mixed: bool
) -> None:
    group = next(each for each in study.manifest.groups if each.reason is None)
    weights_too = make_plan(bench, 0.5).choices if mixed else {}
    units = {group.name: Choice("l1", 0.5, "channel")}
    others = {name: choice for name, choice in weights_too.items() if name != group.name}
    plan = Plan("units", bench.manifest.fingerprint, {**others, **units})
    result = finetune(bench, study, plan, QUICK, Silent())
    dense = bench.network.module.state_dict()
    weights = read_weights(result_folder(study.folder, plan))
    assert weights.keys() == dense.keys()
    gone = sum(p.numel() - weights[n].numel() for n, p in bench.network.module.named_parameters())
    zeros = sum(int((weights[f"{name}.weight"] == 0).sum()) for name in others)
    assert gone > 0
    assert result.removed == gone + zeros
    assert (zeros > 0) == mixed
    chosen = select(plan, Scores(bench.network, bench.splits.calibration, bench.groups))
    with selected(bench.network, chosen) as left:
        pour(left, weights, "test")
        outcome = evaluate(left, bench.splits.validation, bench.metric, bench.batch)
    assert result.after.score_sum == outcome.score.sum().item()
    assert result.validation.gain.mean >= 0
