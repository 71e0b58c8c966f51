"""How much of a part's own outputs is left: the score of a part that no target is known for."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.network import Network
from prunescope.errors import DataMismatch
from prunescope.metrics.other_outputs import OtherOutputs
from prunescope.sources.metrics import Metric
from prunescope.sources.splits import Samples
from prunescope.study.metric_summary import MetricSummary

FIDELITY: Final = "fidelity"
_MOST: Final = 512
_OUTPUT_BYTES: Final = 1 << 30
"""Of outputs that are held at once, at most."""


def fidelity(network: Network, calibration: Samples) -> Metric:
    """Return the metric of the outputs of ``network`` against what it gives now, dense.

    A sample's score is the share of the dense outputs' variance that is explained,
    ``max(0, 1 − mean over outputs of mean (pruned − dense)² / variance)``: 1 for the dense network.
    Of large outputs 1,024 evenly spread values stand for all. Targets are the dense values.

    Args:
        network: Dense at present.
        calibration: Samples over which the variance is taken.

    Raises:
        DataMismatch: No output that is real and differs between samples.
    """
    with torch.inference_mode():
        outputs = network(few_samples(network, calibration).inputs)
    others = OtherOutputs.of(outputs, None)
    if others is None:
        raise DataMismatch(
            "Expected a part with real outputs that differ between samples, but it has none. "
            "Give targets, so that the whole model is scored."
        )

    def score(outputs: Any, targets: Tensor) -> Tensor:
        rows = others.rows(outputs, len(targets))
        if rows is None:
            return torch.zeros(len(targets))
        apart = (rows - targets.to(rows)).square().sum(1) / len(others.names)
        return (1 - apart).clamp(min=0)

    return Metric(
        FIDELITY, score, FIDELITY, relative=True, summary=MetricSummary(FIDELITY),
        has_classes=False, others=others,
    )  # fmt: skip


def few_samples(network: Network, samples: Samples) -> Samples:
    """Return as many samples as their outputs fit in 1 GiB, 512 at most."""
    with torch.inference_mode():
        outputs = network(samples.chunk(0, 1).inputs)
    leaves = [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, Tensor)]
    size = max(1, sum(leaf.numel() * leaf.element_size() for leaf in leaves))
    return samples.chunk(0, min(_MOST, max(2, _OUTPUT_BYTES // size)))
