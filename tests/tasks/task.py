"""What a task is: a network, three splits, the metric that is natural to it, torchmetrics' own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Splits = dict[str, tuple[Any, Any]]
Judge = Callable[[Mapping[str, Tensor], Any], float]
"""``(outputs by name, targets) → score`` by torchmetrics, in the unit that people read."""


@dataclass(frozen=True)
class Task:
    """One task, trained.

    Attributes:
        network: In evaluation mode.
        splits: ``calibration``, ``validation`` and ``test``.
        metric: What a study is asked to measure.
        judge: The same by torchmetrics.
        better: A score that shows that something was learnt.
        methods: To sweep.
        loss: Of gradients and training; empty for the usual one.
    """

    network: nn.Module
    splits: Splits
    metric: Any
    judge: Judge
    better: float
    methods: str = "l1@channel,magnitude"
    loss: str = ""


def cut(inputs: Any, targets: Any, sizes: tuple[int, int, int]) -> Splits:
    """Return samples in their order as three splits; what is left over trains the network."""

    def rows(value: Any, first: int, last: int) -> Any:
        if isinstance(value, dict):
            return {name: part[first:last] for name, part in value.items()}
        return value[first:last]

    splits, first = {}, 0
    for name, size in zip(("calibration", "validation", "test"), sizes, strict=True):
        splits[name] = rows(inputs, first, first + size), rows(targets, first, first + size)
        first += size
    return splits


def trained(
    network: nn.Module,
    samples: tuple[Any, Any],
    loss: Callable[[Any, Any], Tensor],
    steps: int = 150,
    rate: float = 5e-3,
    batch: int = 64,
) -> nn.Module:
    """Return ``network`` after a few steps of Adam."""
    inputs, targets = samples
    count = len(next(iter(inputs.values())) if isinstance(inputs, dict) else inputs)
    draw = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(network.parameters(), rate)
    network.train()
    for _ in range(steps):
        rows = torch.randint(0, count, (batch,), generator=draw)
        some = {k: v[rows] for k, v in inputs.items()} if isinstance(inputs, dict) else inputs[rows]
        wanted = {k: v[rows] for k, v in targets.items()} if isinstance(targets, dict) else (
            targets[rows])  # fmt: skip
        optimiser.zero_grad()
        loss(network(**some) if isinstance(some, dict) else network(some), wanted).backward()
        optimiser.step()
    return network.eval()
