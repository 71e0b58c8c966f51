"""Outputs beside the class logits: how far a pruned network's are from the dense one's.

A network may return more than what one metric reads. So that none of it is lost unseen, every
other real output counts as a Gaussian around the dense one's value: with the variance ``v`` that
the dense output has over samples, the divergence of a pruned sample is

    ½ · mean over the output's values of (pruned − dense)² / v

nats, and the outputs' divergences add up with the KL of the class logits.
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from prunescope.capture.outputs import named_leaves
from prunescope.metrics.class_rows import logits

MOST_VALUES: Final = 1024
"""Of one output and sample: of larger ones evenly spread values stand for all."""


@dataclass(frozen=True)
class OtherOutputs:
    """The real outputs of a network that are no class logits of its metric.

    Attributes:
        names: Of the outputs.
        variances: Of the dense network's values of each, over samples and values.
    """

    names: tuple[str, ...]
    variances: tuple[float, ...]

    @staticmethod
    def of(outputs: Any, classes: Any) -> "OtherOutputs | None":
        """Return those of the dense network's ``outputs`` on some samples; None without any.

        Args:
            outputs: What the network returned.
            classes: Those of them among which the class logits are; None where there are none.
        """
        main = None if classes is None else logits_leaf(classes)
        names, variances = [], []
        for name, leaf in named_leaves(outputs):
            if isinstance(leaf, Tensor) and leaf is not main and leaf.is_floating_point():
                if not leaf.ndim or not leaf.numel():
                    continue
                values = leaf.double()
                variance = float((values - values.mean(0)).square().mean())
                if variance > 0:
                    names.append(name)
                    variances.append(variance)
        return OtherOutputs(tuple(names), tuple(variances)) if names else None

    def rows(self, outputs: Any, count: int) -> Tensor | None:
        """Return ``(count, values)`` float32 of which half a squared distance is the divergence."""
        parts = []
        leaves = dict(named_leaves(outputs))
        for name, variance in zip(self.names, self.variances, strict=True):
            leaf = leaves.get(name)
            if not isinstance(leaf, Tensor) or not leaf.ndim or len(leaf) != count:
                return None
            values = leaf.reshape(count, -1).float()
            if values.shape[1] > MOST_VALUES:
                places = torch.linspace(0, values.shape[1] - 1, MOST_VALUES).long()
                values = values[:, places.to(values.device)]
            parts.append(values / (variance * values.shape[1]) ** 0.5)
        return torch.cat(parts, 1) if parts else None


def logits_leaf(outputs: Any) -> Tensor | None:
    """Return the output of which ``logits`` makes rows, or None."""
    rows = logits(outputs)
    if rows is None:
        return None
    for _, leaf in named_leaves(outputs):
        if isinstance(leaf, Tensor) and leaf.numel() == rows.numel() and _same_data(leaf, rows):
            return leaf
    return None


def _same_data(leaf: Tensor, rows: Tensor) -> bool:
    return leaf.untyped_storage().data_ptr() == rows.untyped_storage().data_ptr()
