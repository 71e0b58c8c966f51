"""Groups of the sample models, names, order, and what is refused."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from prunescope.capture.graph import Captured, capture
from prunescope.coupling import Coupling, find_groups
from prunescope.errors import UnknownName
from prunescope.sample_models.registry import architecture
from tests.samples import every_picture
from tests.zoo import build


def sample(name: str) -> tuple[nn.Module, Captured, Coupling]:
    torch.manual_seed(0)
    model = architecture(name).eval()
    captured = capture(model, torch.randn(2, 1, 28, 28))
    return model, captured, find_groups(captured)


@pytest.mark.parametrize(
    ("name", "groups"),
    [("mlp", 2), ("lenet5", 3), ("resnet20", 12), ("mobilenet", 19), ("vit", 14)],
)
def test_sample_models_have_these_groups(name: str, groups: int) -> None:
    _, _, coupling = sample(name)
    assert len(coupling.groups) == groups
    assert len({group.name for group in coupling.groups}) == groups
    assert [refused.reason for refused in coupling.refused] == [
        "it is read as the network's output"
    ]


@every_picture
def test_units_of_a_member_are_apart_and_inside(name: str) -> None:
    model, _, coupling = sample(name)
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    claimed: dict[tuple[str, int], list[int]] = {}
    for group in coupling.groups:
        assert any(member.role == "producer" for member in group.members)
        for member in group.members:
            assert len(member.indices) == group.units
            flat = np.concatenate(member.indices).tolist()
            assert max(flat) < tensors[member.parameter].shape[member.dimension]
            claimed.setdefault((member.parameter, member.dimension), []).extend(flat)
    for place, indices in claimed.items():
        assert len(indices) == len(set(indices)), place


def test_a_head_owns_its_rows_of_the_packed_projection() -> None:
    network = build("packed_attention_unbind")  # 4 heads of 3 features, packed as (3, 4, 3)
    (group,) = find_groups(capture(network, network.example())).groups
    assert (group.name, group.granularity, group.units) == ("qkv", "head", 4)
    rows = {m.parameter: m.indices[1].tolist() for m in group.members}
    second = [3, 4, 5]
    assert rows["proj.weight"] == second
    assert rows["qkv.weight"] == [part * 12 + i for part in range(3) for i in second]


def test_a_norm_over_the_stream_is_said() -> None:
    _, _, coupling = sample("vit")
    stream = coupling.group("stem2")
    assert stream.normalised
    assert stream.statistic is not None
    assert "layer_norm" in stream.statistic


def test_parts_of_one_producer_are_named_by_their_range() -> None:
    network = build("split_uneven")
    names = [g.name for g in find_groups(capture(network, network.example())).groups]
    assert names[:3] == ["conv[0:3]", "conv[3:8]", "conv[8:12]"]


def test_an_unknown_name_is_refused_with_the_closest() -> None:
    _, _, coupling = sample("lenet5")
    with pytest.raises(UnknownName, match="conv1"):
        coupling.group("conv11")


class Spectrum(nn.Module):
    """A Fourier transform over features mixes them without a rule."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(4, 6), nn.Linear(6, 8), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.fc2(self.fc1(x).relu())
        logits: Tensor = self.fc3(torch.renorm(hidden, 2, 0, 1.0)[:, :5])
        return logits


def test_an_operator_without_a_rule_blocks_what_it_touches_and_no_more() -> None:
    coupling = find_groups(capture(Spectrum(), torch.randn(2, 4)))
    assert [group.name for group in coupling.groups] == ["fc1"]
    reasons = {refused.layers[0]: refused.reason for refused in coupling.refused}
    assert "renorm has no coupling rule" in reasons["fc2"]


class Interleaved(nn.Module):
    """Even outputs of one convolution are read by one layer, odd ones by another."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 3)
        self.even, self.odd = nn.Conv2d(6, 8, 1), nn.Conv2d(6, 8, 1)
        self.fc = nn.Linear(16, 3)

    def forward(self, images: Tensor) -> Tensor:
        made = self.conv(images).relu()
        both = [self.even(made[:, ::2]).relu(), self.odd(made[:, 1::2]).relu()]
        return self.fc(torch.cat(both, 1).mean((2, 3)))


def test_names_of_groups_can_stand_in_a_list_with_commas() -> None:
    found = find_groups(capture(Interleaved().eval(), torch.randn(2, 1, 8, 8)))
    names = [group.name for group in found.groups]
    assert "conv[0…]" in names
    assert not any("," in name for name in names)
