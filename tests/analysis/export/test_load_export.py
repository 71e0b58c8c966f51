"""An export goes back into the class that it came from."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import prunescope
from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import select, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.export.export_plan import export_plan
from prunescope.sample_models.registry import architecture
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan

Benches = Callable[[str], Workbench]


def test_load_pruned_gives_the_smaller_model_of_the_users_class(
    sample_bench: Benches, tmp_path: Path
) -> None:
    bench = sample_bench("mlp")
    study = StudyFolder.create(tmp_path / "study", bench.manifest)
    choices = {"fc1": Choice("l1", 0.5, "channel"), "fc3": Choice("magnitude", 0.3)}
    plan = Plan("mixed", bench.manifest.fingerprint, choices)
    report = export_plan(bench, study, plan, ["safetensors"], tmp_path / "out")
    file = next(tmp_path.glob("out/*.safetensors"))
    example = bench.splits.calibration.inputs[:2]
    model = prunescope.load_pruned(architecture("mlp"), tmp_path / "out/recipe.json", file, example)
    assert type(model) is type(architecture("mlp"))
    assert tuple(model.fc1.weight.shape) == (150, 784)
    assert model.fc1.out_features == 150
    outcome = evaluate(model, bench.splits.validation, bench.metric, bench.batch)
    assert report.ok
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    with selected(bench.network, select(plan, scores)) as left:
        direct = evaluate(left, bench.splits.validation, bench.metric, bench.batch)
    assert torch.equal(outcome.score, direct.score)
    assert int((model.fc3.weight == 0).sum()) > 0
    with pytest.raises(CannotPrune, match="Pass example="):
        prunescope.load_pruned(architecture("mlp"), tmp_path / "out/recipe.json", file)
