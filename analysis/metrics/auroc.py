"""AUROC: how often a positive sample is ranked above a negative one, ties counting half."""

from typing import Any, Final

import torch
from torch import Tensor

from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import class_labels, logits
from prunescope.metrics.real_outputs import real_pairs
from prunescope.metrics.set_metric import SetMetric
from prunescope.study.metric_summary import MetricSummary


class Auroc(SetMetric):
    """Of one logit against labels 0 and 1; of several classes, the mean of each against the rest.

    Pseudo-values are the placement values of DeLong, DeLong and Clarke-Pearson 1988 (Biometrics
    44), so that their paired interval is DeLong's.
    """

    name = "auroc"
    rank = 24
    summary = MetricSummary("auroc", "", True, 0.0, 1.0, 4, over_set=True)

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return each sample's scores by class, and whether it is of that class.

        Raises:
            DataMismatch: More than one row of logits for a sample, or labels that are none.
        """
        rows = logits(outputs)
        if rows is None:
            scores, labels = real_pairs(outputs, targets, self.name)
            if scores.shape[1] != 1:
                raise DataMismatch(
                    f"Expected one logit, or class logits (n, classes), for auroc, but got "
                    f"{scores.shape[1]} values for a sample. Name your own metric."
                )
            return torch.cat([scores.nan_to_num(0.0), (labels > 0.5).float()], 1)
        labels = class_labels(rows, targets, self.name)
        scores = rows.float().softmax(1).nan_to_num(0.0)
        return torch.cat([scores, torch.nn.functional.one_hot(labels, rows.shape[1]).float()], 1)

    def pseudo_values(self, states: Tensor) -> Tensor:
        """Return values whose mean is the AUROC: each sample's share of its comparisons."""
        scores, positive = states.double().chunk(2, 1)
        parts = [
            _placements(scores[:, k], positive[:, k] > 0.5)
            for k in range(scores.shape[1])
            if 0 < int(positive[:, k].sum()) < len(states)
        ]
        return torch.stack(parts).mean(0) if parts else torch.full((len(states),), 0.5)


def _placements(scores: Tensor, positive: Tensor) -> Tensor:
    """Pseudo-values of one class against the rest."""
    above, below = scores[positive], scores[~positive]
    order = below.sort().values
    under = torch.searchsorted(order, above, right=False) + torch.searchsorted(
        order, above, right=True
    )
    order = above.sort().values
    over = 2 * len(above) - (
        torch.searchsorted(order, below, right=False) + torch.searchsorted(order, below, right=True)
    )
    wins, losses = under.double() / (2 * len(below)), over.double() / (2 * len(above))
    whole = wins.mean()
    values = torch.empty_like(scores)
    values[positive] = whole + (wins - whole) * len(scores) / len(above)
    values[~positive] = whole + (losses - whole) * len(scores) / len(below)
    return values


METRIC: Final = Auroc()
