"""Metrics with a value for each sample, against torch's own losses."""

import math

import pytest
import torch
from torch.nn import functional

from prunescope.errors import DataMismatch, UnknownName
from prunescope.metrics.registry import REGISTRY, metric_definition
from prunescope.sources.metrics import load_metric

GENERATOR = torch.Generator().manual_seed(0)
TOKENS = torch.randint(0, 7, (5, 6), generator=GENERATOR)
LOGITS = torch.randn(5, 6, 7, generator=GENERATOR)


def nats() -> torch.Tensor:
    return functional.cross_entropy(LOGITS.transpose(1, 2), TOKENS, reduction="none").mean(1)


def test_losses_are_those_of_torch() -> None:
    for name, factor in (("cross-entropy", 1), ("perplexity", 1), ("bits-per-byte", math.log(2))):
        values = metric_definition(name).values(LOGITS, TOKENS)
        torch.testing.assert_close(values, nats() / factor)
        torch.testing.assert_close(load_metric(name, True).score(LOGITS, TOKENS), -values)


def test_padding_does_not_count() -> None:
    padded = TOKENS.clone()
    padded[:, 4:] = -100
    wanted = functional.cross_entropy(LOGITS.transpose(1, 2), padded, reduction="none").sum(1) / 4
    torch.testing.assert_close(metric_definition("cross-entropy").values(LOGITS, padded), wanted)


def test_errors_of_regressions() -> None:
    outputs, targets = torch.randn(4, 2, generator=GENERATOR), torch.zeros(4, 2)
    squares = metric_definition("mse").values({"size": outputs}, targets)
    torch.testing.assert_close(squares, outputs.square().mean(1))
    torch.testing.assert_close(
        metric_definition("mae").values(outputs, targets), outputs.abs().mean(1)
    )
    with pytest.raises(DataMismatch, match=r"as many targets as outputs for mse, but got \(4,\)"):
        metric_definition("mse").values(outputs, targets[:, 0])


def test_any_k() -> None:
    rows, labels = LOGITS.flatten(0, 1), TOKENS.flatten()
    wanted = (rows.topk(3).indices == labels[:, None]).any(1).float()
    torch.testing.assert_close(metric_definition("top-3").values(rows, labels), wanted)
    with pytest.raises(UnknownName):
        metric_definition("top-0")


def test_every_metric_says_what_its_numbers_are() -> None:
    for definition in REGISTRY.all():
        assert definition.summary.name == definition.name
        assert type(definition.summary.higher_is_better) is bool


def test_longer_tokens_are_no_bytes() -> None:
    with pytest.raises(DataMismatch, match=r"600 classes, whose tokens are longer"):
        metric_definition("bits-per-byte").values(torch.randn(2, 600), torch.tensor([0, 1]))
