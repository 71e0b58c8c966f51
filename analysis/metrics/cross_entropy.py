"""Cross-entropy: what the labels cost in nats, less is better."""

from typing import Any, Final

from torch import Tensor
from torch.nn import functional

from prunescope.metrics.class_rows import counted_rows, mean_of_counted, sample_count
from prunescope.metrics.definition import MetricDefinition
from prunescope.study.metric_summary import LOSS


class CrossEntropy(MetricDefinition):
    """``−log p(label)``, the mean over a sample's rows (tokens, pixels) that count."""

    name = "cross-entropy"
    rank = 40
    summary = LOSS

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the mean cross-entropy of each sample, in nats."""
        return nats(outputs, targets, self.name)


def nats(outputs: Any, targets: Any, name: str) -> Tensor:
    """Return ``(n,)`` mean cross-entropies in nats, rows labelled -100 left out."""
    rows, labels, counts = counted_rows(outputs, targets, name)
    losses = functional.cross_entropy(rows.float(), labels.long(), reduction="none")
    return mean_of_counted(losses, counts, sample_count(targets))


METRIC: Final = CrossEntropy()
