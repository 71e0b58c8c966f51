"""Word error rate: wrong, missing and superfluous words over the words that there should be.

Outputs are whole numbers ``(n, tokens)``, a sequence for each sample, or logits ``(n, time,
classes)`` of a network trained with CTC, read greedily: the likeliest class at each time, repeats
once, class 0 (blank) left out. Of whole numbers those below 0 do not count. Targets are sequences
of tokens, ragged, or padded with -100.

A token is a word. Where tokens are letters, ``wer-28`` says that token 28 stands between words.
"""

import re
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.ragged import Ragged
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import IGNORED
from prunescope.metrics.definition import MetricDefinition
from prunescope.metrics.edit_distance import edit_distances
from prunescope.metrics.set_metric import SetMetric
from prunescope.study.metric_summary import MetricSummary

BLANK: Final = 0
"""The class of CTC that means no token."""
_NAME: Final = re.compile(r"wer-(\d{1,6})")


class WordErrorRate(SetMetric):
    """``edits / words`` over all samples together; can pass 100 %.

    Args:
        separator: The token that stands between words; None where each token is one.
    """

    reads_all = True

    def __init__(self, separator: int | None = None) -> None:
        self.name = "wer" if separator is None else f"wer-{separator}"
        self.rank = 44
        self.summary = MetricSummary(self.name, "%", False, 0.0, None, 2, over_set=True)
        self._separator = separator

    def variant(self, name: str) -> MetricDefinition | None:
        """Return the rate of words between the tokens in ``name``.

        >>> WordErrorRate().variant("wer-28").name
        'wer-28'
        """
        match = _NAME.fullmatch(name)
        return WordErrorRate(int(match[1])) if match else None

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return each sample's edits and its words.

        Raises:
            DataMismatch: Outputs or targets are no sequences.
        """
        answers, wanted = _answered(outputs, self.name), _wanted(targets, self.name)
        if len(answers) != len(wanted):
            raise DataMismatch(
                f"Expected as many sequences of targets as of outputs for {self.name}, but got "
                f"{len(wanted)} and {len(answers)}. Give one for each sample."
            )
        if self._separator is not None:
            answers, wanted = self._words(answers, wanted)
        own, true = Ragged.of(answers), Ragged.of(wanted)
        edits = edit_distances(own.padded(-1), own.lengths, true.padded(-1), true.lengths)
        return torch.stack([edits, true.lengths], 1).double()

    def compute(self, mean: Tensor) -> Tensor:
        """Return edits over words."""
        return mean[0] / mean[1].clamp(min=1e-12)

    def _words(self, *several: list[Tensor]) -> list[list[Tensor]]:
        """Each word as one number, the same for the same letters."""
        numbers: dict[tuple[int, ...], int] = {}

        def split(row: Tensor) -> Tensor:
            words, word = [], []
            for token in [*row.tolist(), self._separator]:
                if token != self._separator:
                    word.append(token)
                elif word:
                    words.append(numbers.setdefault(tuple(word), len(numbers)))
                    word = []
            return torch.tensor(words, dtype=torch.int64)

        return [[split(row) for row in rows] for rows in several]


def _answered(outputs: Any, name: str) -> list[Tensor]:
    leaves = [x for x in pytree.tree_leaves(outputs) if isinstance(x, Tensor)]
    value = leaves[0].detach().cpu() if leaves else None
    if value is not None and value.is_floating_point() and value.ndim == 3:
        classes = value.nan_to_num(-torch.inf).argmax(2)
        fresh = torch.ones_like(classes, dtype=torch.bool)
        fresh[:, 1:] = classes[:, 1:] != classes[:, :-1]
        return [row[new & (row != BLANK)] for row, new in zip(classes, fresh, strict=True)]
    if value is None or value.is_floating_point() or value.ndim != 2:
        got = tuple(value.shape) if value is not None else type(outputs).__name__
        raise DataMismatch(
            f"Expected sequences (n, tokens) of whole numbers, or logits (n, time, classes), for "
            f"{name}, but got {got}. Name your own metric."
        )
    return [row[row >= 0].long() for row in value]


def _wanted(targets: Any, name: str) -> list[Tensor]:
    leaves = pytree.tree_leaves(targets)
    value = leaves[0] if len(leaves) == 1 else None
    if isinstance(value, Ragged) and not value.values.is_floating_point():
        return [row.reshape(-1).cpu().long() for row in value]
    if not isinstance(value, Tensor) or value.is_floating_point() or value.ndim != 2:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(targets).__name__
        raise DataMismatch(
            f"Expected targets with a sequence of tokens for each sample for {name}, but got "
            f"{got}. Give whole numbers, ragged or padded with {IGNORED}."
        )
    return [row[row != IGNORED].cpu().long() for row in value]


METRIC: Final = WordErrorRate()
