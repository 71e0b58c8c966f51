"""A user's ``torchmetrics.Metric``: its own number exactly, with an interval over samples."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torchmetrics import ConfusionMatrix, MeanSquaredError, Metric, PearsonCorrCoef
from torchmetrics.classification import (
    BinaryAccuracy,
    BinaryAUROC,
    MulticlassAveragePrecision,
    MulticlassF1Score,
    MulticlassJaccardIndex,
)

from prunescope.errors import BadReference, BadValue, DataMismatch
from prunescope.sources.metrics import live_metric, load_metric
from prunescope.sources.torch_metric import TorchMetric

COUNT = 90


@pytest.fixture(scope="module")
def answers() -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(3)
    labels = torch.randint(0, 4, (COUNT,), generator=made)
    return torch.randn(COUNT, 4, generator=made) + 2 * torch.eye(4)[labels], labels


def scored(metric: TorchMetric, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    halves = [
        metric.states(outputs[part], targets[part]) for part in (slice(0, 40), slice(40, None))
    ]
    return metric.pseudo_values(torch.cat(halves))


@pytest.mark.parametrize(
    "metric",
    [MulticlassF1Score(4), MulticlassJaccardIndex(4), MulticlassAveragePrecision(4)],
    ids=lambda m: type(m).__name__,
)
def test_the_mean_is_its_own_number(
    metric: Metric, answers: tuple[torch.Tensor, torch.Tensor]
) -> None:
    outputs, labels = answers
    values = scored(TorchMetric("mine", metric), outputs, labels)
    metric.reset()
    metric.update(outputs, labels)
    assert values.shape == (COUNT,)
    assert values.mean().item() == pytest.approx(metric.compute().item(), abs=1e-6)
    metric.reset()


def test_of_a_mean_the_values_are_the_samples_own() -> None:
    made = torch.Generator().manual_seed(1)
    outputs, targets = torch.randn(30, generator=made), torch.randn(30, generator=made)
    values = scored_whole(TorchMetric("mse", MeanSquaredError()), outputs, targets)
    torch.testing.assert_close(values, (outputs - targets).square().double(), rtol=1e-4, atol=1e-5)


def scored_whole(metric: TorchMetric, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return metric.pseudo_values(metric.states(outputs, targets))


@pytest.mark.parametrize("metric", [MulticlassF1Score(4), MulticlassAveragePrecision(4)])
def test_its_interval_is_about_that_of_the_bootstrap(
    metric: Metric, answers: tuple[torch.Tensor, torch.Tensor]
) -> None:
    outputs, labels = answers
    values = scored(TorchMetric("mine", metric), outputs, labels)
    error = (values.var() / COUNT).sqrt().item()
    made = torch.Generator().manual_seed(5)
    again = []
    for _ in range(200):
        drawn = torch.randint(0, COUNT, (COUNT,), generator=made)
        metric.reset()
        metric.update(outputs[drawn], labels[drawn])
        again.append(metric.compute().item())
    metric.reset()
    assert error == pytest.approx(torch.tensor(again).std().item(), rel=0.3)


def test_a_file_may_hold_one_and_its_settings_are_its_identity(
    write: Callable[[str, str], Path],
) -> None:
    text = "from torchmetrics.classification import MulticlassF1Score\nmine = MulticlassF1Score({})"
    first = load_metric(f"{write('a.py', text.format(3))}:mine", labelled=True)
    other = load_metric(f"{write('b.py', text.format(4))}:mine", labelled=True)
    assert first.identity != other.identity
    assert first.summary.unit == "%"
    assert first.summary.over_set
    assert first.states is not None


def test_what_is_less_is_negated_and_what_it_says_is_taken() -> None:
    metric = MeanSquaredError()
    metric.unit, metric.decimals = "m²", 3
    taken = live_metric(metric, labelled=True)
    assert (taken.summary.unit, taken.summary.higher_is_better) == ("m²", False)
    assert taken.score(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0])).tolist() == [-1.0, -9.0]


def test_outputs_that_it_would_read_in_two_ways_are_refused() -> None:
    metric = TorchMetric("mine", BinaryAccuracy())
    outputs, labels = torch.tensor([0.3, 5.0, -4.0]), torch.tensor([1, 1, 0])
    with pytest.raises(DataMismatch, match="takes outputs for probabilities where all"):
        metric.states(outputs, labels)
    assert metric.states(outputs.sigmoid(), labels).shape[0] == 3


def test_what_lists_all_is_read_as_the_batch_is() -> None:
    metric = TorchMetric("mine", BinaryAUROC())
    outputs, labels = torch.tensor([0.3, 5.0, -4.0, 1.0]), torch.tensor([1, 1, 0, 0])
    assert scored_whole(metric, outputs, labels).mean().item() == pytest.approx(0.75)


def test_states_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(BadValue, match="states that add up over samples, but its mean_x do not"):
        TorchMetric("mine", PearsonCorrCoef())


def test_several_numbers_are_refused(answers: tuple[torch.Tensor, torch.Tensor]) -> None:
    metric = MulticlassF1Score(4, average="none")
    with pytest.raises(BadValue, match=r"compute one number, but got \(4,\)"):
        scored(TorchMetric("mine", metric), *answers)


def test_no_direction_is_refused() -> None:
    with pytest.raises(BadValue, match="Set its attribute higher_is_better"):
        TorchMetric("mine", ConfusionMatrix("multiclass", num_classes=3))


def test_a_class_with_arguments_is_refused() -> None:
    with pytest.raises(BadValue, match="Name an instance of it"):
        TorchMetric("mine", MulticlassF1Score)


def test_what_it_raises_is_one_sentence() -> None:
    with pytest.raises(BadReference, match=r"Expected metric mine to update, but it raised"):
        TorchMetric("mine", MeanSquaredError()).states(torch.zeros(3), torch.zeros(4))
