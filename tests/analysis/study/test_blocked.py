"""Reasons ranked by what they block, each with the line to change."""

import pytest
import torch

from prunescope.bench.inspection import inspect_network
from prunescope.study import Reference
from prunescope.text.blocking import blocking
from tests.zoo import build

pytestmark = pytest.mark.quick


def test_reasons_are_ranked_and_name_a_line() -> None:
    found = inspect_network(
        Reference("gate", ""), build("strided_channel_filter"), torch.randn(2, 3, 8, 8)
    )
    first, second, _ = found.blocked
    assert first.operator == "conv1d"
    assert first.macs == 8 * 27 * 36  # of the convolution whose filters the gate ties together
    assert first.mac_share == first.macs / found.macs
    assert f"`conv1d` at {first.place} blocks" in blocking(first)
    assert "channel_filters.py:" in first.place
    assert second.layers == ("b",)
    assert blocking(second).startswith(
        "Not prunable, because it is read as the network's output: b"
    )


def test_a_part_that_stays_counts_in_proportion() -> None:
    found = inspect_network(Reference("part", ""), build("assigned_slice"), torch.randn(2, 5))
    (alone,) = [reason for reason in found.blocked if "single unit" in reason.reason]
    assert alone.layers == ("fc1",)
    assert alone.parameters == 5  # one of eight rows


def test_hidden_units_that_stay_are_counted_with_their_matrices() -> None:
    # The states are outputs; the layers are called rnn.weight_ih_l0 and rnn.weight_hh_l0.
    found = inspect_network(
        Reference("rnn", ""), build("lstm_states_returned"), torch.randn(2, 4, 5)
    )
    states = next(r for r in found.blocked if "rnn.weight_ih_l0" in r.layers)
    assert states.layers == ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "fc")
    assert states.parameters == 24 * (8 + 6) + 3 * 6
    assert states.macs == 4 * states.parameters
