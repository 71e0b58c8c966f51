"""Bits per byte: the cross-entropy of a text in bits, over the bytes of the text."""

import math
from typing import Any, Final

from torch import Tensor

from prunescope.commands import next_steps
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import logits
from prunescope.metrics.cross_entropy import nats
from prunescope.metrics.definition import MetricDefinition
from prunescope.study.metric_summary import MetricSummary

_MOST: Final = 512
"""Classes of a model of bytes: 256 and what marks beginnings and ends."""


class BitsPerByte(MetricDefinition):
    """``−log₂ p`` of each byte, for models whose tokens are bytes."""

    name = "bits-per-byte"
    rank = 42
    summary = MetricSummary("bits-per-byte", "bits per byte", False, 0.0, None, 4)

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the mean bits of each sample's bytes.

        Raises:
            DataMismatch: Tokens are something longer than bytes.
        """
        rows = logits(outputs)
        if rows is not None and rows.shape[1] > _MOST:
            raise DataMismatch(
                f"Expected one class per byte for bits-per-byte, but the model has "
                f"{rows.shape[1]} classes, whose tokens are longer. Take "
                f"{next_steps.metric('perplexity')}, or cross-entropy."
            )
        return nats(outputs, targets, self.name) / math.log(2)


METRIC: Final = BitsPerByte()
