"""Key-value heads as units: one leaves with all of its query heads, where that is asked for."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunescope.bench.grouped_queries import choose_heads
from prunescope.bench.inspection import inspect_network
from prunescope.capture.graph import capture
from prunescope.capture.network import build_network, network_of
from prunescope.coupling import find_groups, heads_of
from prunescope.errors import CannotPrune, UnknownName
from prunescope.removal import check_law, load_pruned, random_half, remove, try_groups
from prunescope.study import Reference

X = torch.randn(3, 5, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class GroupedQueries(nn.Module):
    """Six query heads on two key-value heads, as Llama repeats them or as torch's kernel does."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.fused = fused
        self.q, self.k, self.v = nn.Linear(12, 24), nn.Linear(12, 8), nn.Linear(12, 8)
        self.o = nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).view(*x.shape[:2], -1, 4).transpose(1, 2) for layer in (self.q, self.k, self.v)
        )
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        else:
            k, v = (self.repeated(each, q.shape[1] // k.shape[1]) for each in (k, v))
            y = F.scaled_dot_product_attention(q, k, v)
        answers: Tensor = self.o(y.transpose(1, 2).flatten(2))
        return answers

    @staticmethod
    def repeated(heads: Tensor, times: int) -> Tensor:
        batch, count, length, size = heads.shape
        heads = heads[:, :, None].expand(batch, count, times, length, size)
        return heads.reshape(batch, -1, length, size)


def made(fused: bool) -> nn.Module:
    return GroupedQueries(fused).double().eval()


@pytest.mark.parametrize("fused", [False, True])
def test_a_key_value_head_leaves_with_all_of_its_query_heads(fused: bool) -> None:
    usual = network_of(capture(made(fused), X))
    network = network_of(capture(made(fused), X))
    assert usual.captured is not None
    assert network.captured is not None
    choose_heads(network, "key-value")
    (one,) = (g for g in try_groups(usual.captured).groups if g.granularity == "head")
    (group,) = (g for g in try_groups(network.captured).groups if g.granularity == "head")
    assert (one.units, group.units) == (3, 2)
    owned = {member.parameter: [len(i) for i in member.indices] for member in group.members}
    assert owned["q.weight"] == [12, 12]
    assert owned["k.weight"] == owned["v.weight"] == [4, 4]
    report = check_law(network.captured, group)
    assert report.ok, report
    assert report.effect > 1e-6
    smaller = remove(network.captured, {group.name: random_half(group)})
    assert heads_of(smaller) == "key-value"
    assert smaller.module.get_parameter("k.weight").shape == (4, 12)
    assert smaller.module.get_parameter("q.weight").shape == (12, 12)


def test_they_load_into_the_user_s_class_too() -> None:
    network = network_of(capture(made(False), X))
    assert network.captured is not None
    choose_heads(network, "key-value")
    (group,) = (g for g in find_groups(network.captured).groups if g.granularity == "head")
    removal = {group.name: random_half(group)}
    weights = remove(network.captured, removal).module.state_dict()
    module = load_pruned(made(False), removal, weights, X, heads="key-value")
    assert module.get_parameter("k.weight").shape == (4, 12)


def test_inspection_counts_them() -> None:
    found = inspect_network(Reference("net", "", heads="key-value"), made(False), X)
    assert [g.units for g in found.groups if g.granularity == "head" and not g.reason] == [2]


def test_where_none_is_shared_they_cannot_be_asked_for() -> None:
    network = build_network(nn.Linear(12, 3).double().eval(), X)
    with pytest.raises(CannotPrune, match="but it has none. Leave the choice"):
        choose_heads(network, "key-value")
    with pytest.raises(UnknownName, match="Closest: key-value"):
        Reference("net", "", heads="keyvalue")
