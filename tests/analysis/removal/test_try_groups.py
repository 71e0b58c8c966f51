"""The net under every removal: a rule that overlooks something costs one group, not a sweep."""

import pytest
import torch

from prunescope.capture.graph import capture
from prunescope.coupling import Coupling, find_groups
from prunescope.coupling.rule_table import RULES
from prunescope.coupling.walk import CouplingWalk, Value
from prunescope.removal import try_groups
from prunescope.removal.rewrite import REWRITES
from tests.zoo import build

pytestmark = pytest.mark.quick


def tried(name: str) -> tuple[Coupling, Coupling]:
    network = build(name)
    captured = capture(network, network.example())  # type: ignore[arg-type]
    return find_groups(captured), try_groups(captured)


def test_every_group_that_runs_is_offered_and_remembered() -> None:
    network = build("auxiliary")
    captured = capture(network, network.example())  # type: ignore[arg-type]
    coupling = try_groups(captured)
    assert [group.name for group in coupling.groups] == ["up"]
    assert coupling.tried
    assert find_groups(captured) is try_groups(captured) is coupling


def test_an_overlooked_reader_refuses_its_group_with_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a rule did that gave no labels for what a block returned: its reader kept its inputs."""

    def forgetful(walk: CouplingWalk, node: torch.fx.Node) -> Value:
        return walk.refuse_outputs(node, "forgotten")

    monkeypatch.setitem(RULES, "relu", forgetful)
    before, after = tried("listed_channels")
    assert "a" in [group.name for group in before.groups]
    assert "a" not in [group.name for group in after.groups]
    (refusal,) = [r for r in after.refused if r.layers == ("a",)]
    assert refusal.reason.startswith("relu gives (10007, 3, 6, 6) instead of (10007, 6, 6, 6)")
    assert "stumbling.py:" in refusal.place
    assert refusal.indices == (6,)


def test_a_size_that_nobody_rewrites_refuses_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(REWRITES, "layer_norm")
    before, after = tried("mixer")
    lost = {g.name for g in before.groups} - {g.name for g in after.groups}
    assert lost == {"stem"}
    assert {g.name for g in after.groups} == {"tok1", "ch1"}
    (refusal,) = [r for r in after.refused if "stem" in r.layers]
    assert refusal.reason.startswith("layer_norm stops without half of them")
    assert "mixers.py:" in refusal.place
