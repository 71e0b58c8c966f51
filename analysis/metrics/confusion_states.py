"""What a sample adds to a confusion matrix: right answers, answers and labels of each class."""

from typing import Any

import torch
from torch import Tensor

from prunescope.metrics.class_rows import counted_rows, sample_count


def confusion_states(outputs: Any, targets: Any, name: str) -> Tensor:
    """Return ``(n, 3 · classes)`` counts: of right answers, of answers, of labels.

    Rows that do not count are left out. Where logits are not finite there is no answer.
    """
    rows, labels, counts = counted_rows(outputs, targets, name)
    samples, classes = sample_count(targets), rows.shape[1]
    answered = counts & rows.isfinite().all(1)
    answers = rows.argmax(1)
    of_sample = torch.arange(samples, device=rows.device).repeat_interleave(len(rows) // samples)

    def counted(classes_of_rows: Tensor, which: Tensor) -> Tensor:
        places = (of_sample * classes + classes_of_rows)[which]
        return torch.bincount(places, minlength=samples * classes).view(samples, classes).float()

    return torch.cat(
        [
            counted(labels, answered & (answers == labels)),
            counted(answers, answered),
            counted(labels, counts),
        ],
        1,
    )
