"""The greedy order of units equals brute force, and knows what a refit can make up for."""

import pytest
import torch
from torch import Tensor, nn

from prunescope.capture.network import build_network
from prunescope.coupling import find_groups
from prunescope.criteria import criterion
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.removal_order import RIDGE, ReaderBlock, removal_order
from prunescope.sources.data import Samples

pytestmark = pytest.mark.quick


def block(width: int, unit_of: list[int], outputs: int = 4) -> ReaderBlock:
    rows = torch.randn(50, width, dtype=torch.float64) @ torch.randn(width, width).double()
    weight = torch.randn(outputs, width, dtype=torch.float64)
    return ReaderBlock(weight, rows.T @ rows / 50, torch.tensor(unit_of))


def lost(part: ReaderBlock, gone: list[int]) -> float:
    """The squared error of the outputs without the units ``gone``, the rest refitted."""
    gram, weight = part.gram, part.weight
    system = gram + RIDGE * gram.diagonal().mean() * torch.eye(len(gram)).double()
    stay = [n for n, unit in enumerate(part.unit_of.tolist()) if unit not in gone]
    solved = torch.zeros_like(weight)
    if stay:
        right = (weight @ system)[:, stay]
        solved[:, stay] = torch.linalg.solve(system[stay][:, stay], right.T).T
    moved = weight - solved
    return float((moved @ system * moved).sum() / (weight @ gram * weight).sum())


@pytest.mark.parametrize("unit_of", [[0, 1, 2, 3, 4, 5], [0, 0, 1, -1, 2, 1, 3, 3, 4, 4, 5, 5, 5]])
def test_the_order_is_that_of_brute_force(unit_of: list[int]) -> None:
    torch.manual_seed(4)
    first, second = block(len(unit_of), unit_of), block(6, [5, 4, 3, 2, 1, 0], outputs=3)
    gone: list[int] = []
    while len(gone) < 6:
        left = [unit for unit in range(6) if unit not in gone]
        best = min(left, key=lambda u: lost(first, [*gone, u]) + lost(second, [*gone, u]))
        gone.append(best)
    assert removal_order([(first,), (second,)], 6).tolist() == gone
    one_by_one = sorted(range(6), key=lambda u: lost(first, [u]) + lost(second, [u]))
    assert gone != one_by_one  # else the downdates would not be tested


class Copied(nn.Module):
    """Channel 1 of the first layer is twice channel 0; a stream, groups and a depthwise filter."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 8, 3, padding=1)
        self.deep = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.mix = nn.Conv2d(8, 8, 1)
        self.grouped = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.head = nn.Linear(8, 3)
        with torch.no_grad():
            self.stem.weight[1] = 2 * self.stem.weight[0]
            self.stem.bias[1] = 2 * self.stem.bias[0]
            self.deep.weight[1], self.deep.bias[1] = self.deep.weight[0], 2 * self.deep.bias[0]

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.deep(self.stem(images).relu()).relu()
        return self.head(self.grouped(self.mix(hidden).relu()).relu().mean((2, 3)))


def test_a_copy_leaves_first() -> None:
    torch.manual_seed(0)
    net = Copied().eval()
    samples = Samples(torch.randn(96, 2, 6, 6), None)
    network = build_network(net, samples.inputs[:2])
    assert network.captured is not None
    groups = tuple(g for g in find_groups(network.captured).groups if g.reason is None)
    rule = criterion("obs")
    assert rule.units is not None
    scores = rule.units(Evidence(network, samples, 0, groups))
    assert scores.keys() == {group.name for group in groups} >= {"stem", "mix"}
    order = scores["stem"].argsort().tolist()
    assert order[0] in (0, 1)
    norms = criterion("l2").units
    assert norms is not None
    by_norm = norms(Evidence(network, samples, 0, groups))["stem"]
    assert by_norm.argmin() not in (0, 1)
    again = rule.units(Evidence(network, samples, 1, groups))
    assert all(torch.equal(scores[name], again[name]) for name in scores)
    assert all(sorted(score.tolist()) == list(range(len(score))) for score in scores.values())
