"""Settings, the loss against its formula, and the schedule."""

import math
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from prunescope.errors import BadValue
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.recovery.training.objective import Task, objective
from prunescope.recovery.training.training_batch import Batch
from prunescope.recovery.training.training_run import rate
from prunescope.sources.data import Samples
from prunescope.sources.losses import USUAL
from prunescope.sources.metrics import load_metric

TOP = load_metric("top-1", True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("epochs", 0, "epochs to be at least 1 and at most 100,000, but got 0"),
        ("batch", 1, "batch to be at least 2 and at most 1,048,576, but got 1"),
        ("rate", 0.0, "rate to be above 0 and at most 10, but got 0.0"),
        ("rate", math.nan, "rate to be above 0"),
        ("momentum", 1.0, "momentum to be at least 0 and at most 0.9999"),
        ("decay", -1.0, "decay to be at least 0"),
        ("warmup", 1.5, "a fraction of all steps"),
        ("distillation", 1.1, "distillation to be at least 0 and at most 1, but got 1.1"),
        ("temperature", 0.0, "temperature to be above 0"),
    ],
)
def test_settings_out_of_range(name: str, value: float, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        replace(FineTuning(), **{name: value})


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_loss_is_its_formula(share: float) -> None:
    torch.manual_seed(0)
    dense, student = nn.Linear(4, 3).double(), nn.Linear(4, 3).double()
    inputs, targets = torch.randn(9, 4).double(), torch.randint(3, (9,))
    settings = FineTuning(distillation=share, temperature=2.5)
    chosen = torch.tensor([7, 2, 2, 0])
    loss = objective(Task(dense, TOP, USUAL, 4), Samples(inputs, targets), settings)
    found = loss(student(inputs[chosen]), Batch(inputs[chosen], targets[chosen], chosen)).item()

    expected = 0.0
    for row in chosen.tolist():
        own, teacher = student(inputs[row]).tolist(), dense(inputs[row]).tolist()
        expected -= (1 - share) * math.log(_softmax(own, 1.0)[int(targets[row])])
        pairs = zip(_softmax(teacher, 2.5), _softmax(own, 2.5), strict=True)
        expected += share * 2.5**2 * sum(p * math.log(p / q) for p, q in pairs)
    assert found == pytest.approx(expected / len(chosen), rel=1e-5)


def test_rows_of_tokens_are_compared_with_their_own() -> None:
    """A student that equals its teacher has no divergence, whatever samples are chosen."""
    tokens = nn.Embedding(11, 5)
    samples = Samples(torch.randint(11, (8, 6)))
    loss = objective(Task(tokens, TOP, USUAL, 3), samples, FineTuning(distillation=1.0))
    chosen = torch.tensor([5, 1, 6])
    inputs = samples.inputs[chosen]  # type: ignore[index]
    batch = Batch(inputs, None, chosen)
    assert abs(loss(tokens(inputs), batch).item()) < 1e-6
    assert loss(tokens(inputs.flip(0)), batch).item() > 1e-3


def test_the_rate_climbs_to_its_peak_and_falls_to_nothing() -> None:
    settings = FineTuning(rate=0.2, warmup=0.1)
    rates = [rate(step, 100, settings) for step in range(100)]
    assert max(rates) == rates[9] == rates[10] == 0.2
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 1e-3
    assert all(value > 0 for value in rates)
    assert rate(0, 100, replace(settings, warmup=0.0)) == 0.2
    assert rate(99, 100, replace(settings, warmup=1.0)) == 0.2


def test_results_are_read_without_torch() -> None:
    """That the check can fail is shown in ``jobs/test_jobs.py``."""
    code = (
        "import sys, prunescope.recovery.training.fine_tuning_report; print('torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def _softmax(logits: list[float], temperature: float) -> list[float]:
    powers = [math.exp(value / temperature) for value in logits]
    return [power / sum(powers) for power in powers]
