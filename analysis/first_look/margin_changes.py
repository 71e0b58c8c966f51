"""What pruning does to the margin of the dense answers, to first order: one backward pass.

With ``m`` the distance between the log-probabilities of the dense answer and of its runner-up, and
``g`` its gradient, removing the weights ``R`` changes ``m`` by about ``-sum of w g over R``. The
weights that leave at a sparsity leave at every larger one, so one pass over the products gives all
sparsities. As the two answers are a coin of probability ``1 / (1 + exp(-m))``, the change has a
Kullback-Leibler divergence, whose mean ranks points almost as measured divergences do.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from prunescope.arrays import Floats
from prunescope.bench.device import move, on_host
from prunescope.bench.workbench import Workbench
from prunescope.capture.network import forward
from prunescope.metrics.class_rows import logits
from prunescope.study.point import Point

SAMPLES: Final = 256
"""Of the validation split that are differentiated, one by one."""
SEED: Final = 20
_LEAST: Final = 1e-7


def margin_divergences(
    bench: Workbench, masks: Mapping[Point, tuple[str, Tensor]], samples: int = SAMPLES
) -> dict[Point, float]:
    """Return the logarithm of each point's mean divergence of the margin, to first order.

    Args:
        bench: Its network is dense and gives each sample one class.
        masks: Point → its weight's parameter name, and which entries stay. Of one method.
        samples: That are differentiated, at most.
    """
    curves: dict[str, list[Point]] = {}
    for point, (name, _) in masks.items():
        curves.setdefault(name, []).append(point)
    for own in curves.values():
        own.sort(key=lambda point: point.sparsity)
    module = bench.network.module
    weights = [module.get_parameter(name) for name in curves]
    steps = [_steps([masks[point][1] for point in own]).to(bench.device) for own in curves.values()]
    drawn = np.random.default_rng(SEED).permutation(len(bench.splits.validation))[:samples]
    margins, changes = [], []
    for number in np.sort(drawn):
        margin = _margin(bench, int(number))
        gradients = torch.autograd.grad(margin, weights, allow_unused=True)
        margins.append(float(margin.detach()))
        changes.append(
            [
                _changes(weight.detach(), gradient, step, len(own))
                for weight, gradient, step, own in zip(
                    weights, gradients, steps, curves.values(), strict=True
                )
            ]
        )
    dense = np.array(margins)
    found: dict[Point, float] = {}
    for place, own in enumerate(curves.values()):
        moved = np.stack([row[place] for row in changes])
        means = _divergences(dense[:, None], moved).mean(0)
        found |= dict(zip(own, np.log(np.maximum(means, _LEAST)).tolist(), strict=True))
    return found


def _margin(bench: Workbench, number: int) -> Tensor:
    """The dense margin of one validation sample, with its graph."""
    sample = bench.splits.validation.chunk(number, number + 1)
    with torch.enable_grad():
        outputs = forward(bench.network.module, move(sample.inputs, bench.device))
        rows = logits(bench.metric.output(outputs))
        assert rows is not None
        best = rows[0].log_softmax(0).topk(2).values
        return best[0] - best[1]


def _steps(masks: Sequence[Tensor]) -> Tensor:
    """The place of the first of ``masks``, of rising sparsity, that removes each entry."""
    first = torch.full((masks[0].numel(),), len(masks), dtype=torch.long)
    for place in reversed(range(len(masks))):
        first[~on_host(masks[place]).flatten()] = place
    return first


def _changes(weight: Tensor, gradient: Tensor | None, steps: Tensor, count: int) -> Floats:
    if gradient is None:
        return np.zeros(count)
    sums = torch.zeros(count + 1, dtype=torch.float64, device=weight.device)
    sums.index_add_(0, move(steps, weight.device), (weight * gradient).flatten().double())
    return np.asarray(-on_host(sums[:-1].cumsum(0)).numpy(), np.float64)


def _divergences(margins: Floats, changes: Floats) -> Floats:
    """Of two coins whose log-odds are ``margins`` and ``margins + changes``, in nats.

    >>> _divergences(np.array([0.0]), np.array([0.0])).tolist()
    [0.0]
    """
    after = margins + changes
    right = 1 / (1 + np.exp(-np.clip(margins, -500, 500)))
    lost = np.logaddexp(0, -after) - np.logaddexp(0, -margins)
    other = np.logaddexp(0, after) - np.logaddexp(0, margins)
    return np.asarray(np.maximum(right * lost + (1 - right) * other, 0.0), np.float64)
