"""Small networks of which a study can be true, or cannot, and benches of them."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunescope.bench.workbench import Workbench, assemble, example_of
from prunescope.capture.network import build_network
from prunescope.sources.metrics import load_metric
from prunescope.sources.splits import Samples, Splits
from prunescope.study import Reference

CLASSES = 3


class Plain(nn.Module):
    """Answers with the largest of the first three inputs, through two prunable layers."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 6, bias=False), nn.Linear(6, CLASSES, bias=False)
        with torch.no_grad():
            self.a.weight.copy_(torch.eye(6) + 0.01)
            self.b.weight.copy_(torch.eye(CLASSES, 6) + 0.01)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.b(self.a(x).relu())
        return out


class BatchStatistics(Plain):
    """Normalises by the batch that it is given."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.a(x)
        out: Tensor = self.b((y - y.mean(0)).relu())
        return out


class Noisy(Plain):
    """Drops at random in evaluation too."""

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.b(functional.dropout(self.a(x).relu(), 0.5, training=True))
        return out


class ByThreads(Plain):
    """Answers otherwise on another number of threads; no graph can be captured of it."""

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() < -1e9:
            return x
        scale = torch.tensor([1.0, 1.0, float(torch.get_num_threads())])
        out: Tensor = super().forward(x) * scale
        return out


class Untrained(Plain):
    """Knows nothing of its inputs: it answers by a number that says nothing."""

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = super().forward(x.roll(3, 1))
        return out


def samples(count: int, seed: int, labelled: bool = True) -> Samples:
    """Inputs ``(count, 6)`` of which one of the first three is large, by the label."""
    drawn = torch.Generator().manual_seed(seed)
    targets = torch.arange(count) % CLASSES
    inputs = torch.rand(count, 6, generator=drawn)
    inputs[torch.arange(count), targets] += 3
    return Samples(inputs, targets if labelled else None)


def splits(labelled: bool = True) -> Splits:
    """Three splits that have nothing in common."""
    return Splits(samples(24, 1, labelled), samples(60, 2, labelled), samples(24, 3, labelled))


def bench_of(module: nn.Module, data: Splits | None = None, metric: str = "top-1") -> Workbench:
    """The bench of a module in evaluation mode."""
    data = data or splits()
    network = build_network(module.eval(), example_of(data.calibration))
    scored = load_metric(metric, data.validation.targets is not None)
    return assemble(Reference("live:net", "live:data", metric), network, data, scored)
