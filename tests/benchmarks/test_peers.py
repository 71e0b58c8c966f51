"""What other tools keep is read off their weights; lines are kept in files and merged in tables."""

import copy
from pathlib import Path

import torch
from torch import nn

from benchmarks.peers.kept_units import kept_units
from benchmarks.peers.result import Cell, Result, read, write
from benchmarks.peers.table import markdown
from prunescope.capture.graph import capture
from prunescope.coupling import find_groups
from prunescope.removal import remove
from prunescope.statistics.paired import Interval


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.Flatten(),
        nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3),
    ).eval()  # fmt: skip


def test_kept_units_are_those_that_were_kept_in_any_order() -> None:
    dense = network()
    captured = capture(dense, torch.randn(2, 1, 5, 5))
    groups = find_groups(captured).groups
    assert len(groups) == 3
    keep = {group.name: torch.arange(group.units) % 3 != 1 for group in groups}
    smaller = remove(captured, keep).module
    found = kept_units(dense, smaller, groups)
    assert found is not None
    assert all(torch.equal(found[name], mask) for name, mask in keep.items())
    turned = copy.deepcopy(smaller)
    first, second = turned.get_parameter("0.weight"), turned.get_parameter("3.weight")
    with torch.no_grad():  # as a search does that sorts channels first
        first.copy_(first.flip(0))
        second.copy_(second.flip(1))
    again = kept_units(dense, turned, groups)
    assert again is not None
    assert all(torch.equal(again[name], mask) for name, mask in keep.items())


def test_what_is_no_choice_of_units_is_said_to_be_none() -> None:
    dense = network()
    captured = capture(dense, torch.randn(2, 1, 5, 5))
    groups = find_groups(captured).groups
    keep = {groups[0].name: torch.arange(groups[0].units) < 3}
    smaller = remove(captured, keep).module
    with torch.no_grad():  # readers of channels that are gone: the network is another one
        smaller.get_parameter("3.weight").copy_(dense.get_parameter("3.weight")[:, 3:])
    assert kept_units(dense, smaller, groups) is None


def test_lines_of_one_setting_are_one_and_the_best_comes_first(tmp_path: Path) -> None:
    def cell(lost: float) -> Cell:
        return Cell(Interval(lost, lost - 0.001, lost + 0.001), 2.0, 0.499)

    lines = [
        Result("net", 0.5, "Other", "L2", 3.0, {"none": cell(0.09), "bn": cell(0.03)}),
        Result("net", 0.5, "Ours", "solved", 60.0, {"ls": cell(0.004)}),
        Result("net", 0.5, "Ours", "solved", 20.0, {"bn": cell(0.02)}),
        Result("net", 0.5, "Broken", "all", 1.0, note="ValueError: no"),
    ]
    for place, line in enumerate(lines):
        write(line, tmp_path / f"{place}.json")
    assert [read(tmp_path / f"{place}.json") for place in range(4)] == lines
    rows = [row for row in markdown(lines).splitlines() if row.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:]] == ["| Ours", "| Other", "| Broken"]
    assert "0.40 (0.30 to 0.50)" in rows[1]
    assert "2.00 (1.90 to 2.10)" in rows[1]
    assert rows[3].rstrip(" |").endswith("ValueError: no")
