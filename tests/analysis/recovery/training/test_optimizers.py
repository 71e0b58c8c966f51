"""Any optimizer of torch: by name, options checked, masks exact, gone on with bit for bit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue, UnknownName
from prunescope.progress import Silent
from prunescope.recovery.training.checkpoint import CHECKPOINT
from prunescope.recovery.training.fine_tuning_report import result_folder
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.finetune import finetune, read_weights
from prunescope.recovery.training.objective import Task, objective
from prunescope.recovery.training.optimizers import optimizer_names, require_optimizer
from prunescope.recovery.training.training_batch import Batch, SplitFeed
from prunescope.recovery.training.training_run import TrainingRun
from prunescope.sources.data import Samples
from prunescope.sources.losses import USUAL
from prunescope.sources.metrics import load_metric
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.recovery.short_training import QUICK, MakePlan
from tests.analysis.recovery.training.trained import Spy

TOP = load_metric("top-1", True)
ALL_OF_IT = replace(
    QUICK, rate=0.01, optimizer="adamw", options=("betas=0.8,0.95", "amsgrad=true"), decay=0.05,
    ema=0.9, clip=1.0, accumulate=2,
)  # fmt: skip


def _names() -> list[str]:
    return [name for name in optimizer_names() if name != "muon"]  # takes matrices alone


@pytest.mark.parametrize("name", _names())
def test_zeros_stay_zero_and_a_stopped_run_goes_on_bit_for_bit(
    bench: Workbench, make_plan: MakePlan, tmp_path: Path, name: str
) -> None:
    """With decay, momentum and a moving average, whatever torch's optimizer keeps in mind."""
    settings = replace(QUICK, epochs=1, optimizer=name, rate=0.01, decay=0.1, ema=0.5)
    plan = make_plan(bench, 0.7)
    whole = StudyFolder.create(tmp_path / "whole", bench.manifest)
    wanted = finetune(bench, whole, plan, settings, Silent())
    weights = read_weights(result_folder(whole.folder, plan))
    zeros = sum(int((t == 0).sum()) for n, t in weights.items() if n.endswith("weight"))
    assert zeros >= wanted.removed > 0
    study = StudyFolder.create(tmp_path / "stopped", bench.manifest)
    finetune(bench, study, plan, settings, Spy(cancel_at=4))
    assert (result_folder(study.folder, plan) / CHECKPOINT).is_file()
    result = finetune(bench, study, plan, settings, Silent())
    assert (result.resumed, result.weights_hash) == (1, wanted.weights_hash)


def test_blocks_of_a_pattern_are_held_exactly(bench: Workbench, study: StudyFolder) -> None:
    layer = next(
        each for each in bench.network.prunable()
        if bench.network.module.get_parameter(each.parameter).shape[1] % 4 == 0
    )  # fmt: skip
    choices = {layer.name: Choice("magnitude", 0.5, "2:4")}
    plan = Plan("pattern", bench.manifest.fingerprint, choices)
    finetune(bench, study, plan, ALL_OF_IT, Silent())
    weight = read_weights(result_folder(study.folder, plan))[layer.parameter]
    alive = (weight.movedim(1, -1).reshape(-1, 4) != 0).sum(1)
    assert (alive == 2).all()


def test_everything_together_goes_on_bit_for_bit(
    bench: Workbench, make_plan: MakePlan, tmp_path: Path
) -> None:
    plan = make_plan(bench, 0.8)
    whole = StudyFolder.create(tmp_path / "whole", bench.manifest)
    wanted = finetune(bench, whole, plan, ALL_OF_IT, Silent())
    assert wanted.after.score > wanted.before.score
    study = StudyFolder.create(tmp_path / "stopped", bench.manifest)
    for cancel_at in (2, 3):  # twice
        finetune(bench, study, plan, ALL_OF_IT, Spy(cancel_at))
    result = finetune(bench, study, plan, ALL_OF_IT, Silent())
    assert (result.resumed, result.weights_hash) == (2, wanted.weights_hash)
    assert "adamw (betas=0.8,0.95, amsgrad=true)" in result.happenings()


def test_accumulated_batches_are_one_large_batch() -> None:
    """Without batch norm, the gradient of a step is the mean over its samples, cut up or not."""
    inputs, targets = torch.randn(9, 4), torch.randint(3, (9,))
    cuts = (
        [Batch(inputs, targets)],
        [Batch(x, y) for x, y in zip(inputs.split(4), targets.split(4), strict=True)],
    )
    after = []
    for batches in cuts:
        torch.manual_seed(0)
        module = nn.Linear(4, 3)
        settings = FineTuning(distillation=0.0)
        teach = objective(Task(module, TOP, USUAL, 9), Samples(inputs, targets), settings)
        feed = SplitFeed(Samples(inputs, targets), 9, 1, 0)
        run = TrainingRun(module, feed, {}, teach, settings, Silent())
        run.descend(module, batches, 0.1)
        after.append(module.weight.detach().clone())
    assert torch.allclose(*after, atol=1e-6)


def test_bfloat16_trains(bench: Workbench, study: StudyFolder, make_plan: MakePlan) -> None:
    result = finetune(bench, study, make_plan(bench), replace(QUICK, amp="bf16"), Silent())
    assert result.validation.gain.low > 0
    weights = read_weights(result_folder(study.folder, result.plan))
    assert all(t.dtype != torch.bfloat16 for t in weights.values())


def test_float16_scales_its_loss_and_goes_on_with_the_scale() -> None:
    torch.manual_seed(0)
    settings = replace(FineTuning(batch=9), rate=0.1, amp="fp16", momentum=0.0, decay=0.0)
    inputs, targets = torch.randn(9, 4), torch.arange(9) % 3
    batches = [Batch(inputs, targets)]
    feed = SplitFeed(Samples(inputs, targets), 9, 1, 0)
    plain, half = nn.Linear(4, 3), nn.Linear(4, 3)
    half.load_state_dict(plain.state_dict())
    run = TrainingRun(half, feed, {}, _entropy, settings, Silent())
    other = TrainingRun(plain, feed, {}, _entropy, replace(settings, amp="off"), Silent())
    for _ in range(3):
        run.descend(half, batches, 0.1)
        other.descend(plain, batches, 0.1)
    assert half.weight.dtype == torch.float32
    assert torch.allclose(half.weight, plain.weight, atol=2e-3)
    assert not torch.equal(half.weight, plain.weight)
    state = run.state()
    assert state.tensors["scale"].tolist() == [65536.0, 3.0]
    again = TrainingRun(nn.Linear(4, 3), feed, {}, _entropy, settings, Silent())
    again.go_on(state)
    assert torch.equal(again.state().tensors["scale"], state.tensors["scale"])
    # Gradients that overflow are no step.
    before = half.weight.detach().clone()
    run.descend(half, [Batch(torch.full_like(inputs, torch.inf), targets)], 0.1)
    assert torch.equal(half.weight, before)


def _entropy(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    return nn.functional.cross_entropy(outputs, batch.targets)


def test_float16_is_refused_where_the_device_has_none(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    with pytest.raises(BadValue, match="device that trains in float16, but got cpu. Take bf16"):
        finetune(bench, study, make_plan(bench), replace(QUICK, amp="fp16"), Silent())


def test_patience_ends_training(bench: Workbench, study: StudyFolder, make_plan: MakePlan) -> None:
    settings = replace(QUICK, epochs=60, rate=1e-7, momentum=0.0, patience=2)
    spy = Spy()
    result = finetune(bench, study, make_plan(bench), settings, spy)
    assert result.ending == "early"
    assert result.curve[-1].epoch == result.best_epoch + 2 < 60
    assert "as its patience allows" in result.ending_sentence()


def test_seconds_choose_the_epochs(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    tiny = finetune(bench, study, plan, replace(QUICK, seconds=0.01), Silent())
    assert (tiny.settings.epochs, tiny.settings.seconds) == (1, 0.01)
    more = finetune(bench, study, plan, replace(QUICK, seconds=2.0), Silent())
    assert more.settings.epochs > 1
    assert more.curve[-1].seconds > tiny.curve[-1].seconds > 0


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"optimizer": "adamm"}, UnknownName, "'adamm'. Closest: adam"),
        ({"optimizer": "lbfgs"}, BadValue, "evaluates the loss several times a step"),
        ({"optimizer": "muon"}, BadValue, "Expected muon to take these options and this network"),
        ({"options": ("betas=0.9,0.9",)}, UnknownName, "option of sgd"),
        ({"optimizer": "adam", "options": ("beta=0.9,0.9",)}, UnknownName, "betas"),
        ({"optimizer": "adam", "options": ("betas=2,0.9",)}, BadValue, "Invalid beta parameter"),
        ({"optimizer": "adam", "options": ("lr=1",)}, UnknownName, "option of adam"),
    ],
)
def test_optimizers_that_cannot_be(
    changes: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said.replace("(", r"\(")):
        require_optimizer(replace(FineTuning(), **changes))  # type: ignore[arg-type]
