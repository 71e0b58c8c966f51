"""Metrics of a set: equal to scikit-learn's, with pseudo-values of which they are the mean."""

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from prunescope.metrics.registry import metric_definition
from prunescope.metrics.set_metric import SetMetric
from prunescope.sources.metrics import load_metric

GENERATOR = torch.Generator().manual_seed(0)
LABELS = torch.randint(0, 4, (200,), generator=GENERATOR)
LOGITS = torch.randn(200, 4, generator=GENERATOR) + 1.5 * torch.eye(4)[LABELS]
REAL = torch.randn(200, 3, generator=GENERATOR)
NEAR = REAL + 0.5 * torch.randn(200, 3, generator=GENERATOR)


def _calibration() -> float:
    confidence, answers = LOGITS.double().softmax(1).max(1)
    right, edges = (answers == LABELS).double(), np.linspace(0, 1, 16)
    bins = np.digitize(confidence.numpy(), edges[1:-1], right=True)
    apart = [abs((confidence - right)[torch.from_numpy(bins == b)].sum()) for b in range(15)]
    return float(sum(apart)) / len(LABELS)


ANSWERS = LOGITS.argmax(1)
WANTED = {
    "balanced-accuracy": reference.balanced_accuracy_score(LABELS, ANSWERS),
    "macro-f1": reference.f1_score(LABELS, ANSWERS, average="macro"),
    "miou": reference.jaccard_score(LABELS, ANSWERS, average="macro"),
    "dice": reference.f1_score(LABELS, ANSWERS, average="macro"),
    "auroc": reference.roc_auc_score(LABELS, LOGITS.softmax(1), multi_class="ovr"),
    "calibration-error": _calibration(),
}


@pytest.mark.parametrize("name", WANTED)
def test_it_is_the_reference_s(name: str) -> None:
    values = metric_definition(name).values(LOGITS, LABELS)
    assert float(values.mean()) == pytest.approx(float(WANTED[name]), abs=1e-6)


def test_explained_variance_is_the_reference_s() -> None:
    values = metric_definition("r2").values(NEAR, REAL)
    assert float(values.mean()) == pytest.approx(reference.r2_score(REAL, NEAR), abs=1e-6)


@pytest.mark.parametrize("name", [*WANTED, "r2"])
def test_pseudo_values_spread_as_leaving_out_one_sample_does(name: str) -> None:
    definition = metric_definition(name)
    assert isinstance(definition, SetMetric)
    states = definition.states(*((NEAR, REAL) if name == "r2" else (LOGITS, LABELS)))
    n, whole = len(states), definition.pseudo_values(states)
    without = torch.stack(
        [
            definition.pseudo_values(torch.cat([states[:i], states[i + 1 :]])).mean()
            for i in range(n)
        ]
    )
    jackknife = ((n - 1) / n * (without - without.mean()).square().sum()).sqrt()
    assert float(whole.std() / n**0.5) == pytest.approx(float(jackknife), rel=0.05)


def test_of_a_single_logit() -> None:
    labels = (LABELS > 1).long()
    logit = LOGITS[:, 3:] - LOGITS[:, :1]
    values = metric_definition("auroc").values(logit, labels)
    assert float(values.mean()) == pytest.approx(reference.roc_auc_score(labels, logit), abs=1e-6)


def test_pixels_marked_void_do_not_count() -> None:
    marks = LABELS.view(2, 10, 10).clone()
    pixels = LOGITS.view(2, 10, 10, 4).movedim(-1, 1)
    marks[:, :3] = 255
    counts = (marks != 255).flatten()
    wanted = reference.jaccard_score(LABELS[counts], ANSWERS[counts], average="macro")
    assert float(metric_definition("miou").values(pixels, marks).mean()) == pytest.approx(wanted)


def test_where_less_is_better_scores_are_negated() -> None:
    metric = load_metric("calibration-error", True)
    assert metric.states is not None
    assert metric.settle is not None
    settled = metric.settle(metric.states(LOGITS, LABELS))
    assert float(settled.mean()) == pytest.approx(-WANTED["calibration-error"], abs=1e-6)
