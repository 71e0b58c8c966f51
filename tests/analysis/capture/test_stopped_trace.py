"""A model that cannot be captured says where it stopped and what can be studied instead."""

import torch
from torch import Tensor, nn

from prunescope.capture.network import build_network
from prunescope.capture.stopped_trace import next_step


class Chooser(nn.Module):
    """A tail that picks as many rows as the values say."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        kept = x[x.sum(1) > 0]
        return self.last(kept[: int(kept.shape[0]) // 2 + int(kept.sum() > 0)])  # type: ignore[no-any-return]


class Detector(nn.Module):
    """A backbone and a tail."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Identity()
        self.backbone = nn.Linear(4, 6)
        self.tail = Chooser()

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.backbone(self.scale(x)))  # type: ignore[no-any-return]


def test_the_part_before_a_tail_that_hangs_on_values_is_named() -> None:
    network = build_network(Detector().eval(), torch.randn(2, 4))
    assert network.captured is None
    assert network.problem is not None
    assert "test_stopped_trace.py:" in network.problem
    assert "What tail does hangs on values; for groups, study backbone by itself" in network.problem


def test_other_errors_ask_for_another_forward() -> None:
    assert next_step(nn.Linear(2, 2), ValueError("no")) == (
        "For groups, rewrite that part of forward()."
    )
