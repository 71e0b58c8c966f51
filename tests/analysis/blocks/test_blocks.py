"""Blocks: found where a sum passes them by, and gone exactly as if multiplied by 0."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from prunescope.bench.describe_manifest import describe
from prunescope.blocks import find_blocks
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured, capture
from prunescope.capture.network import network_of
from prunescope.errors import BadValue, CannotPrune
from prunescope.removal import check_law, load_pruned, random_half, remove, try_groups
from prunescope.sample_models.registry import architecture
from prunescope.study import Manifest, Reference
from prunescope.study.network_size import shrunk
from tests.zoo import build

pytestmark = pytest.mark.quick

GONE = np.zeros(1, bool)


def captured_zoo(name: str) -> Captured:
    model = build(name).double()
    example: Any = pytree.tree_map(
        lambda leaf: leaf.double() if leaf.is_floating_point() else leaf, model.example()
    )
    return capture(model, example)


def described(captured: Captured) -> Manifest:
    network = network_of(captured)
    assert network.cost is not None
    layers = tuple(layer.summary for layer in network.layers)
    blank = Manifest(Reference("", ""), "", network.cost.parameters, 0, 0, network.cost.macs, 0,
                     layers)  # fmt: skip
    return describe(blank, captured, try_groups(captured))


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("residual_block", ["conv1+conv2"]),
        ("residual_stream", ["down.0+up.0", "down.1+up.1", "down.2+up.2"]),
        ("residual_padded", ["conv1+conv2"]),
        ("residual_pre_activation", ["conv1+conv2"]),
        ("encoder_post_norm", ["layer.self_attn", "layer.linear1+linear2"]),
        ("encoder_pre_norm", ["layer.self_attn", "layer.linear1+linear2"]),
        ("decoder_layer", ["layer.self_attn", "layer.multihead_attn", "layer.linear1+linear2"]),
        ("layer_scale", ["scale+conv1+conv2"]),
        ("inverted_residual", ["expand+depthwise+project"]),
        ("mixer", ["tok1+tok2", "ch1+ch2"]),
    ],
)
def test_blocks_of_a_kind_leave_exactly_beside_units(name: str, blocks: list[str]) -> None:
    captured = captured_zoo(name)
    assert [block.name.removesuffix(" (block)") for block in find_blocks(captured).removable] == (
        blocks
    )
    manifest, draw = described(captured), random.Random(name)
    for units in (False, True):
        removal = {b.name: GONE for b in find_blocks(captured).removable if draw.random() < 0.8}
        removal = removal or {find_blocks(captured).removable[0].name: GONE}
        if units:
            removal |= {group.name: random_half(group) for group in try_groups(captured).groups}
        report = check_law(captured, removal)
        assert report.tolerance == 1e-9
        assert report.ok, (removal, report)
        assert report.effect > 0
        foreseen = shrunk(manifest, {name: int((~mask).sum()) for name, mask in removal.items()})
        real = cost(remove(captured, removal))
        assert (foreseen.parameters, foreseen.bytes, foreseen.macs) == (
            real.parameters, real.bytes, real.macs,
        )  # fmt: skip


@pytest.mark.parametrize("name", ["resnet20", "vit"])
def test_sample_models(name: str) -> None:
    torch.manual_seed(0)
    captured = capture(architecture(name).double().eval(), torch.randn(3, 1, 28, 28).double())
    found = find_blocks(captured)
    names = [block.name for block in found.removable]
    if name == "resnet20":
        assert names == ["layer1.0", "layer1.1", "layer1.2", "layer2.1", "layer2.2", "layer3.1",
                         "layer3.2"]  # fmt: skip
        assert [refused.name for refused in found.refused] == ["layer2.0", "layer3.0"]
        assert "shortcut has weights" in found.refused[0].reason
        assert found.refused[0].place.startswith("resnet20.py:") or ":" in found.refused[0].place
    else:
        assert names[:2] == ["blocks.0.attn", "blocks.0.fc1+fc2"]
        assert len(names) == 12
    smaller = remove(captured, dict.fromkeys(names, GONE))
    assert check_law(captured, dict.fromkeys(names, GONE)).ok
    batch = torch.randn(5, 1, 28, 28).double()
    assert smaller.module(batch).shape == (5, 10)
    left = set(smaller.module.state_dict())
    assert not any(own.startswith(f"{layer}.") for own in left for block in found.removable
                   for layer in block.layers)  # fmt: skip
    assert not [own for own in left if "num_batches" in own and own.startswith("layer1.0")]
    assert not find_blocks(smaller).removable
    leaving = {names[0]: GONE, names[1]: GONE}
    if name == "resnet20":  # whole modules: nothing in their place is the same
        group = next(g for g in try_groups(captured).groups if g.name == "layer3.1.conv1")
        leaving[group.name] = random_half(group)
        loaded = load_pruned(architecture(name).double(), leaving, captured=captured)
        wanted = remove(captured, leaving).module
        assert torch.allclose(loaded(batch), wanted(batch), atol=1e-9)
        assert set(loaded.state_dict()) == set(wanted.state_dict())
    else:
        with pytest.raises(CannotPrune, match=r"the block blocks\.0\.fc1\+fc2 and.*model\.py"):
            load_pruned(architecture(name).double(), {names[1]: GONE}, captured=captured)
        for gone in ({names[0]: GONE}, leaving):  # the attention; then the whole module
            loaded = load_pruned(architecture(name).double(), gone, captured=captured)
            wanted = remove(captured, gone).module
            assert torch.allclose(loaded(batch), wanted(batch), atol=1e-9)


class Shared(nn.Module):
    """Both layers read one table, and one block lies within another."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.key = nn.Linear(4, 6), nn.Linear(6, 6)
        self.a, self.b, self.inner = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)
        self.wide, self.scaled = nn.Linear(6, 6), nn.Linear(6, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        key = self.key(x.tanh())
        x = x + self.a(x * key)
        x = x + self.b(F.relu(x) * key)
        y = self.wide(x)
        x = x + (y + self.inner(y).relu())
        x = torch.add(self.scaled(x), x, alpha=2)
        return self.head(x)


def test_what_blocks_share_leaves_with_the_last_of_them() -> None:
    torch.manual_seed(1)
    captured = capture(Shared().double(), torch.randn(3, 4).double())
    found = find_blocks(captured)
    names = [block.name.removesuffix(" (block)") for block in found.removable]
    assert names == ["a", "b", "inner", "inner+wide"]
    assert [(r.name.removesuffix(" (block)"), r.reason) for r in found.refused] == [
        ("scaled", "the sum multiplies what passes the block by")
    ]
    manifest = described(captured)
    own = [block.name for block in found.removable]
    for chosen in ([0], [1], [0, 1], [2], [3], [2, 3], [0, 1, 2, 3]):
        removal = {own[index]: GONE for index in chosen}
        assert check_law(captured, removal).ok
        smaller = remove(captured, removal)
        foreseen, real = shrunk(manifest, dict.fromkeys(removal, 1)), cost(smaller)
        assert (foreseen.parameters, foreseen.macs) == (real.parameters, real.macs)
        assert ("key.weight" in smaller.module.state_dict()) == (not {0, 1} <= set(chosen))
        assert ("inner.weight" in smaller.module.state_dict()) == (not {2, 3} & set(chosen))


def test_a_block_is_one_flag() -> None:
    captured = captured_zoo("residual_block")
    name = find_blocks(captured).removable[0].name
    assert cost(remove(captured, {name: ~GONE})).macs == cost(captured).macs
    with pytest.raises(BadValue, match="one boolean"):
        remove(captured, {name: np.zeros(2, bool)})


class NoBlocks(nn.Module):
    """Sums that look like residual ones, but have no branch with weights, or one that is shared."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self.place = nn.Parameter(torch.randn(4))
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x) + self.place
        x = x + 0.04 * x**3
        y = self.b(x)
        return self.head(torch.cat([x + y, y.relu()], 1))


def test_sums_that_are_no_blocks() -> None:
    found = find_blocks(capture(NoBlocks().double(), torch.randn(3, 4).double()))
    assert not found.removable
    assert not found.refused
