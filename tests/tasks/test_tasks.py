"""Twelve tasks go the whole way, and their files score what was verified; three run every time."""

from collections.abc import Callable
from pathlib import Path

import onnxruntime
import pytest
import torch

import prunescope as ps
from prunescope.export.find_changed import measure_changed
from prunescope.progress import Silent
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of
from tests.long import core
from tests.tasks import digits, language, scenes, speech
from tests.tasks.task import Task

TASKS = (
    digits.multi_class, digits.binary, digits.multi_label, digits.values, digits.heads,
    scenes.segmentation, scenes.boxes, language.causal, language.masked, speech.speech,
    language.sequence_to_sequence, digits.embedding,
)  # fmt: skip
EVERY_TIME = {"segmentation", "boxes", "sequence_to_sequence"}
"""One that names a class of every pixel, one that finds boxes, one that writes words."""


def changed_in_words(study: ps.Study, plan: Plan) -> None:
    """Samples that a plan changes are told by class, or by their score as people read it."""
    bench, words = study._bench(), words_of(study.manifest)
    changed = measure_changed(bench, plan)
    predicted = bench.dense.predicted
    has_class = predicted is not None and len(predicted) == changed.samples
    for sample in () if has_class else changed.shown:
        score = bench.dense.score[sample.index].item()
        assert sample.dense == ("" if words.metric.over_set else words.score(score))


def outputs_of(file: Path, task: Task) -> dict[str, torch.Tensor]:
    """What the exported file answers to the validation split, by name."""
    session = onnxruntime.InferenceSession(file)
    inputs, _ = task.splits["validation"]
    names = [one.name for one in session.get_inputs()]
    values = inputs if isinstance(inputs, dict) else dict(zip(names, [inputs], strict=True))
    fed = {name: values[name].numpy() for name in names}
    answers = session.run(None, fed)
    outputs = [one.name for one in session.get_outputs()]
    alone = len(outputs) == 1
    return {
        "output" if alone else name: torch.from_numpy(value)
        for name, value in zip(outputs, answers, strict=True)
    }


@pytest.mark.parametrize("make", core(TASKS, EVERY_TIME, lambda make: make.__name__))
def test_a_task_goes_the_whole_way(make: Callable[[], Task], tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = make()
    inputs, targets = task.splits["validation"]

    # inspect
    few = {k: v[:2] for k, v in inputs.items()} if isinstance(inputs, dict) else inputs[:2]
    looked = ps.inspect(task.network, few)
    assert sum(layer.prunable for layer in looked.layers) >= 3

    # sweep
    study = ps.sweep(
        task.network, task.splits, metric=task.metric, loss=task.loss, methods=task.methods,
        sparsities="0.5", folder=tmp_path / "study", progress=Silent(),
    )  # fmt: skip
    words = words_of(study.manifest)
    assert study.baseline is not None
    dense = words.metric.shown(study.baseline.score)
    assert dense > task.better if words.metric.higher_is_better else dense < task.better

    # plan, and verify
    plan = study.solve(parameters=0.6)
    assert plan.costs["parameters"] <= 0.6 * plan.dense["parameters"]
    verified = study.verify(plan, progress=Silent())
    score = words.metric.shown(verified.score)

    # export: torchmetrics says of the file what was verified
    report = study.export(plan, tmp_path / "out", formats=("onnx",), progress=Silent())
    assert report.ok
    (entry,) = report.formats
    assert entry.score is not None
    assert entry.score_in_words == words.score(entry.score)
    changed_in_words(study, plan.plan)
    judged = task.judge(outputs_of(tmp_path / "out" / "model.onnx", task), targets)
    assert judged == pytest.approx(score, rel=_close(task))

    # fine-tune, and export that
    tuned = study.finetune(plan, epochs=1, batch=16, rate=0.02, progress=Silent())
    report = study.export(
        plan, tmp_path / "tuned", formats=("onnx",), recovered=True, progress=Silent()
    )
    assert report.ok
    judged = task.judge(outputs_of(tmp_path / "tuned" / "model.onnx", task), targets)
    after = words.metric.shown(tuned.validation.after.score)
    assert judged == pytest.approx(after, rel=_close(task))


def _close(task: Task) -> float:
    """How near two runtimes come: ranks of nearly equal boxes turn over in the last digits."""
    return 2e-3 if task.metric == "map" else 2e-4
