"""The word error rate is torchmetrics' own, of tokens, of letters and of CTC's logits."""

from typing import Any

import pytest
import torch
from torchmetrics.text import WordErrorRate

from prunescope.capture.ragged import Ragged
from prunescope.errors import DataMismatch
from prunescope.metrics.registry import metric_definition

MADE = torch.Generator().manual_seed(0)
TRUE = [torch.randint(1, 6, (int(torch.randint(1, 9, (), generator=MADE)),), generator=MADE)
        for _ in range(40)]  # fmt: skip
ANSWERS = [
    torch.cat([row, row[:2]])[torch.rand(len(row) + min(len(row), 2), generator=MADE) < 0.8]
    for row in TRUE
]


def sentences(rows: list[torch.Tensor], separator: int | None = None) -> list[str]:
    if separator is None:
        return [" ".join(map(str, row.tolist())) for row in rows]
    texts = ["".join(" " if t == separator else str(t) for t in row.tolist()) for row in rows]
    return [" ".join(text.split()) for text in texts]


def ctc_logits(rows: list[torch.Tensor]) -> torch.Tensor:
    """Logits whose greedy reading is ``rows``: every token twice, blanks between."""
    paths = [[step for token in row.tolist() for step in (token, token, 0)] for row in rows]
    longest = max(map(len, paths))
    padded = torch.tensor([path + [0] * (longest - len(path)) for path in paths])
    return torch.nn.functional.one_hot(padded, 6).float()


@pytest.mark.parametrize("separator", [None, 3])
@pytest.mark.parametrize("as_logits", [False, True])
def test_it_is_the_reference_s(separator: int | None, as_logits: bool) -> None:
    metric = metric_definition("wer" if separator is None else f"wer-{separator}")
    outputs = ctc_logits(ANSWERS) if as_logits else Ragged.of(ANSWERS).padded(-1)
    wanted = WordErrorRate()(sentences(ANSWERS, separator), sentences(TRUE, separator)).item()
    assert wanted > 0.1
    for targets in (Ragged.of(TRUE), Ragged.of(TRUE).padded(-100)):
        assert metric.values(outputs, targets).mean().item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("outputs", "targets", "why"),
    [
        (torch.zeros(2, 3), torch.zeros(2, 3).long(), "Expected sequences"),
        (torch.zeros(2, 3).long(), torch.zeros(2, 3), "Expected targets with a sequence"),
        (torch.zeros(2, 3).long(), torch.zeros(3, 3).long(), "as many sequences of targets"),
    ],
)
def test_what_is_no_sequence_is_refused(outputs: Any, targets: Any, why: str) -> None:
    with pytest.raises(DataMismatch, match=why):
        metric_definition("wer").values(outputs, targets)
