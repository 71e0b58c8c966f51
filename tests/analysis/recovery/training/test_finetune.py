"""Fine-tuning on small networks: what must hold whatever the numbers are."""

import copy
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from prunescope.bench.evaluate import compare, evaluate
from prunescope.bench.pruned import plan_masks, pruned, select, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.progress import Silent
from prunescope.recovery.training import loop, objective
from prunescope.recovery.training.checkpoint import CHECKPOINT
from prunescope.recovery.training.fine_tuning_report import (
    EvaluationSums,
    FineTuning,
    read_result,
    result_folder,
)
from prunescope.recovery.training.finetune import finetune, read_weights
from prunescope.sources.weights import pour
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.recovery.short_training import QUICK, MakeBench, MakePlan


class Spy(Silent):
    """Notes what it is told, and cancels before step ``cancel_at``."""

    def __init__(self, cancel_at: int | None = None, interrupt: bool = False) -> None:
        self.cancel_at, self.interrupt = cancel_at, interrupt
        self.total = self.done = self.asked = 0
        self.values: list[dict[str, float]] = []
        self.messages: list[str] = []

    def start(self, total: int, message: str) -> None:
        self.total = total

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        self.done += steps
        self.messages.append(message)
        if values:
            self.values.append(values)

    def cancelled(self) -> bool:
        self.asked += 1
        stop = self.cancel_at is not None and self.asked > self.cancel_at
        if stop and self.interrupt:
            raise KeyboardInterrupt
        return stop


def state(bench: Workbench) -> dict[str, Tensor]:
    return {name: t.clone() for name, t in bench.network.module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def masks(bench: Workbench, plan: Plan) -> dict[str, Tensor]:
    return plan_masks(plan, Scores(bench.network, bench.splits.calibration))


def measured(bench: Workbench, weights: dict[str, Tensor], split: str) -> EvaluationSums:
    """A fresh evaluation of saved weights, not by way of finetune."""
    module = copy.deepcopy(bench.network.module)
    pour(module, weights, "test")
    samples = bench.splits.named(split)
    dense = evaluate(bench.network.module, samples, bench.metric, bench.batch)
    found = evaluate(module, samples, bench.metric, bench.batch)
    sums = compare(dense, found, samples.targets, bench.classes)
    return EvaluationSums(
        sums.samples, sums.score_sum, sums.drop_sum, sums.drop_squares, sums.entropy_sum,
        sums.divergence_sum, sums.agreements, sums.nonfinite, sums.class_correct,
    )  # fmt: skip


@pytest.fixture(params=["graph", "module"])
def subject(request: pytest.FixtureRequest) -> Workbench:
    name = {"graph": "bench", "module": "untraceable"}[request.param]
    found: Workbench = request.getfixturevalue(name)
    return found


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


@pytest.mark.parametrize("interrupt", [False, True])
@pytest.mark.parametrize(("cancel_at", "epochs"), [(0, 0), (15, 1)])
def test_cancelling_keeps_the_best_so_far(
    subject: Workbench,
    make_plan: MakePlan,
    tmp_path: Path,
    cancel_at: int,
    epochs: int,
    interrupt: bool,
) -> None:
    study = StudyFolder.create(tmp_path, subject.manifest)
    plan = make_plan(subject)
    result = finetune(subject, study, plan, QUICK, Spy(cancel_at, interrupt))
    assert (result.ending, result.best_epoch) == ("cancelled", epochs)
    weights = read_weights(result_folder(study.folder, plan))
    assert result.after == measured(subject, weights, "validation")
    if epochs == 0:
        assert result.after == result.before


def test_a_run_cut_short_does_not_displace_a_better_one(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    folder = result_folder(study.folder, plan)
    whole = finetune(bench, study, plan, QUICK, Silent())
    assert finetune(bench, study, plan, QUICK, Spy(cancel_at=0)) == whole
    assert read_result(folder) == whole
    (folder / "weights.safetensors").write_bytes(b"damaged")
    short = finetune(bench, study, plan, QUICK, Spy(cancel_at=0))
    assert short.ending == "cancelled"
    assert read_result(folder) == short
    finetune(bench, study, plan, QUICK, Silent())
    assert read_result(folder).weights_hash == whole.weights_hash


def test_epochs_that_harm_are_not_kept(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench, 0.01)
    result = finetune(bench, study, plan, replace(QUICK, rate=2.0, momentum=0.0), Silent())
    assert result.after.score >= result.before.score


def test_what_diverges_begins_again_at_a_tenth_of_the_rate(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    wild = FineTuning(epochs=4, rate=10.0, batch=8, decay=1.0)  # weights grow ninefold
    spy = Spy()
    result = finetune(bench, study, plan, wild, spy)
    assert result.settings.rate < wild.rate
    assert result.settings == replace(wild, rate=result.settings.rate)
    assert any("diverged at a rate of 10" in message for message in spy.messages)
    alone = finetune(bench, study, plan, result.settings, Silent())
    assert alone.weights_hash == result.weights_hash  # nothing is left of the first try


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


@pytest.mark.parametrize("cancel_at", [0, 7, 10, 15])
def test_a_stopped_run_goes_on_as_if_it_never_had_stopped(
    subject: Workbench, make_plan: MakePlan, tmp_path: Path, cancel_at: int
) -> None:
    plan = make_plan(subject, 0.8)
    whole = StudyFolder.create(tmp_path / "whole", subject.manifest)
    wanted = finetune(subject, whole, plan, QUICK, Silent())
    study = StudyFolder.create(tmp_path / "stopped", subject.manifest)
    stopped = finetune(subject, study, plan, QUICK, Spy(cancel_at))
    assert stopped.ending == "cancelled"
    assert "the same command goes on from there" in stopped.ending_sentence()
    spy = Spy()
    result = finetune(subject, study, plan, QUICK, spy)
    steps = spy.total
    assert spy.asked == steps - cancel_at  # nothing is trained twice
    assert (result.ending, result.resumed) == ("finished", 1)
    assert result.weights_hash == wanted.weights_hash
    assert result.curve == wanted.curve
    assert not (result_folder(study.folder, plan) / CHECKPOINT).exists()


def test_a_killed_run_loses_what_came_after_its_last_state(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a state kept at every step in place of every minute, one step is lost."""
    plan = make_plan(bench, 0.8)
    monkeypatch.setattr(loop, "KEEP_EVERY", 0.0)

    class Killed(Spy):
        def cancelled(self) -> bool:
            if self.asked == 9:
                raise SystemExit
            return super().cancelled()

    with pytest.raises(SystemExit):
        finetune(bench, study, plan, QUICK, Killed())
    assert (result_folder(study.folder, plan) / CHECKPOINT).is_file()
    spy = Spy()
    result = finetune(bench, study, plan, QUICK, spy)
    assert spy.asked == spy.total - 9
    assert result.resumed == 1
    again = finetune(bench, study, plan, QUICK, Silent())
    assert (again.weights_hash, again.resumed) == (result.weights_hash, 0)


def test_other_settings_or_a_damaged_state_begin_anew(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench, 0.8)
    path = result_folder(study.folder, plan) / CHECKPOINT
    finetune(bench, study, plan, QUICK, Spy(12))
    other = finetune(bench, study, plan, replace(QUICK, seed=5), Spy(12))
    assert other.resumed == 0
    path.write_bytes(path.read_bytes()[:-7])
    spy = Spy()
    assert finetune(bench, study, plan, replace(QUICK, seed=5), spy).resumed == 0
    assert spy.asked == spy.total


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
