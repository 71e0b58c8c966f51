"""States told of a whole batch are those of its samples one by one."""

import time
from typing import Any

import pytest
import torch
from torchmetrics import MeanAbsoluteError, MeanSquaredError
from torchmetrics.classification import (
    BinaryAccuracy,
    MulticlassAccuracy,
    MulticlassCohenKappa,
    MulticlassF1Score,
    MulticlassJaccardIndex,
    MultilabelF1Score,
)

from prunescope.sources.batchwise_states import BatchwiseStates
from prunescope.sources.torch_metric import TorchMetric

MADE = torch.Generator().manual_seed(0)
LABELS = torch.randint(0, 4, (50,), generator=MADE)
LOGITS = torch.randn(50, 4, generator=MADE) + torch.eye(4)[LABELS]
PIXELS = torch.randn(12, 4, 5, 5, generator=MADE)
MARKS = torch.randint(0, 4, (12, 5, 5), generator=MADE)


@pytest.mark.parametrize(
    ("metric", "outputs", "targets"),
    [
        (MulticlassAccuracy(4, average="micro"), LOGITS, LABELS),
        (MulticlassF1Score(4), LOGITS, LABELS),
        (MulticlassAccuracy(4, top_k=2), LOGITS, LABELS),
        (MulticlassF1Score(4, ignore_index=1), LOGITS, LABELS),
        (MulticlassF1Score(4), LOGITS.argmax(1), LABELS),
        (MulticlassAccuracy(4), PIXELS, MARKS),
        (MulticlassJaccardIndex(4), LOGITS, LABELS),
        (MulticlassJaccardIndex(4, ignore_index=2), PIXELS, MARKS),
        (MulticlassCohenKappa(4), LOGITS, LABELS),
        (BinaryAccuracy(), LOGITS[:, 0].sigmoid(), (LABELS > 1).long()),
        (MultilabelF1Score(4), LOGITS.sigmoid(), torch.eye(4)[LABELS].long()),
        (MeanSquaredError(), LOGITS, LOGITS.flip(0)),
        (MeanAbsoluteError(), LOGITS, LOGITS.flip(0)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_they_are_those_of_samples_one_by_one(metric: Any, outputs: Any, targets: Any) -> None:
    own = TorchMetric("mine", metric)
    own.states(outputs, targets)
    found = BatchwiseStates(metric)(outputs, targets)
    assert found is not None
    alone = own._one_by_one(outputs, targets, len(targets))
    for state, rows in zip(own._states, alone, strict=True):
        torch.testing.assert_close(found[state.name], rows, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("metric", [MulticlassF1Score(4), MulticlassCohenKappa(4)])
def test_the_slope_spreads_as_leaving_one_out_does(metric: Any) -> None:
    own = TorchMetric("mine", metric)
    rows = own.states(LOGITS.repeat(4, 1), LABELS.repeat(4))
    smooth = own._by_slope(rows, own._computed(rows))
    assert smooth is not None
    assert smooth.mean().item() == pytest.approx(own._computed(rows), abs=1e-9)
    n = len(rows)
    without = torch.tensor([own._computed(torch.cat([rows[:i], rows[i + 1 :]])) for i in range(n)])
    jackknife = ((n - 1) / n * (without - without.mean()).square().sum()).sqrt()
    assert (smooth.std() / n**0.5).item() == pytest.approx(jackknife.item(), rel=0.05)


def test_a_metric_that_is_not_smooth_is_not_taken_by_its_slope() -> None:
    class Rounded(MeanSquaredError):
        def compute(self) -> torch.Tensor:
            return super().compute() + (self.sum_squared_error * 40).round() / 50

    own = TorchMetric("mine", Rounded())
    rows = own.states(LOGITS[:, 0], LOGITS[:, 1])
    assert own._by_slope(rows, own._computed(rows)) is None


def test_a_known_metric_costs_less_than_a_tenth_of_single_updates() -> None:
    outputs, labels = LOGITS.repeat(10, 1), LABELS.repeat(10)
    own = TorchMetric("mine", MulticlassF1Score(4))
    own.states(outputs, labels)
    begun = time.thread_time()
    own.states(outputs, labels)
    quick = time.thread_time() - begun
    begun = time.thread_time()
    own._one_by_one(outputs, labels, len(labels))
    assert quick < 0.1 * (time.thread_time() - begun)
