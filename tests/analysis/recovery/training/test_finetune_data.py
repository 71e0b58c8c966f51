"""What fine-tuning learns from, and what it refuses: data, labels, plans and weights of others."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadReference, BadValue, DamagedFile, DataMismatch, ForeignStudy
from prunescope.progress import Silent
from prunescope.recovery.training.fine_tuning_report import read_result, result_folder
from prunescope.recovery.training.finetune import finetune, read_weights
from prunescope.store.folder import StudyFolder
from tests.analysis.recovery.short_training import QUICK, MakeBench, MakePlan


def test_the_dense_model_alone_teaches_without_labels(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    settings = replace(QUICK, distillation=1.0)
    labelled = finetune(bench, study, plan, settings, Silent())
    unlabelled = replace(bench.splits.calibration, targets=None)
    blind = replace(bench, splits=replace(bench.splits, calibration=unlabelled))
    assert finetune(blind, study, plan, settings, Silent()).weights_hash == labelled.weights_hash
    assert labelled.validation.gain.low > 0
    with pytest.raises(DataMismatch, match=r"there are none\. Set distillation to 1"):
        finetune(blind, study, plan, QUICK, Silent())


def test_data_without_labels(make_bench: MakeBench, make_plan: MakePlan, tmp_path: Path) -> None:
    """Agreement with the dense model is the score, its predictions are the labels."""
    bench = make_bench("blobs_model", "unlabelled")
    study = StudyFolder.create(tmp_path, bench.manifest)
    result = finetune(bench, study, make_plan(bench), QUICK, Silent())
    assert result.validation.dense_score == 1
    assert result.validation.gain.low > 0


def test_named_inputs(make_bench: MakeBench, make_plan: MakePlan, tmp_path: Path) -> None:
    bench = make_bench("two_inputs_model", "named_inputs")
    study = StudyFolder.create(tmp_path, bench.manifest)
    settings = replace(QUICK, distillation=0.0)
    result = finetune(bench, study, make_plan(bench, 0.5), settings, Silent())
    assert result.validation.gain.low > 0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_regression_learns_from_targets_and_from_the_dense_model(
    make_bench: MakeBench, make_plan: MakePlan, tmp_path: Path, share: float
) -> None:
    bench = make_bench("regressor_model", "positions", "closeness")
    study = StudyFolder.create(tmp_path, bench.manifest)
    settings = replace(QUICK, distillation=share)
    result = finetune(bench, study, make_plan(bench), settings, Silent())
    assert result.validation.gain.mean > 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda targets: targets.float() + 0.5, r"targets of shape \(\d+,\)"),
        (lambda targets: targets + 1, "from 0 to 2 for outputs with 3 classes, but got 1 to 3"),
        (lambda targets: torch.stack([targets, targets], 1), r"targets of shape \(\d+, 2\)"),
    ],
)
def test_labels_that_do_not_fit(
    bench: Workbench,
    study: StudyFolder,
    make_plan: MakePlan,
    spoil: Callable[[Tensor], Tensor],
    said: str,
) -> None:
    known = bench.splits.calibration
    assert known.targets is not None
    wrong = replace(bench.splits, calibration=replace(known, targets=spoil(known.targets)))
    with pytest.raises(DataMismatch, match=said):
        finetune(replace(bench, splits=wrong), study, make_plan(bench), QUICK, Silent())


def test_a_loss_that_is_no_number_is_said(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    known = bench.splits.calibration
    assert isinstance(known.inputs, Tensor)
    broken = replace(known, inputs=known.inputs * math.nan)
    poisoned = replace(bench, splits=replace(bench.splits, calibration=broken))
    with pytest.raises(BadValue, match=r"loss to stay a number.*--rate 5e-05"):
        finetune(poisoned, study, plan, QUICK, Silent())
    with pytest.raises(BadReference, match="Run: prunescope finetune"):
        read_result(result_folder(study.folder, plan))


def test_plans_of_others_are_refused(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    with pytest.raises(ForeignStudy):
        finetune(bench, study, replace(plan, fingerprint="other"), QUICK, Silent())


def test_weights_that_do_not_belong_to_the_result_are_refused(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, tmp_path: Path
) -> None:
    plans = make_plan(bench, 0.5), make_plan(bench, 0.6)
    for plan in plans:
        finetune(bench, study, plan, QUICK, Silent())
    one, other = (result_folder(study.folder, plan) / "weights.safetensors" for plan in plans)
    one.write_bytes(other.read_bytes())
    with pytest.raises(DamagedFile, match="Fine-tune the plan again"):
        read_weights(one.parent)
