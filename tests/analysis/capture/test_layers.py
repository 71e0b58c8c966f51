"""Layers: every kind listed once under its name, what is skipped with why, costs by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from prunescope.capture.layers import module_layers
from prunescope.capture.network import build_network


class Wrapped(nn.Module):
    """One layer, so that it has a name; ``expected`` MACs for one sample are counted by hand."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


# layer, input of one sample, kind, MACs by hand
KINDS = {
    "conv1d": (nn.Conv1d(4, 6, 3), (4, 10), "conv1d", 6 * 8 * 4 * 3),
    "conv2d": (nn.Conv2d(3, 8, 3, stride=2, padding=1), (3, 8, 8), "conv2d", 8 * 16 * 27),
    "conv3d": (nn.Conv3d(2, 4, 2), (2, 4, 4, 4), "conv3d", 4 * 27 * 2 * 8),
    "grouped": (nn.Conv2d(4, 8, 3, groups=2), (4, 5, 5), "conv2d", 8 * 9 * 2 * 9),
    "depthwise": (nn.Conv2d(4, 4, 3, groups=4, padding=1), (4, 5, 5), "conv2d", 4 * 25 * 9),
    "dilated": (nn.Conv2d(2, 3, 3, dilation=2), (2, 7, 7), "conv2d", 3 * 9 * 2 * 9),
    "transposed1d": (nn.ConvTranspose1d(4, 3, 2), (4, 5), "conv_transpose1d", 4 * 5 * 3 * 2),
    "transposed2d": (
        nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (4, 5, 5), "conv_transpose2d",
        4 * 25 * 3 * 9,
    ),
    "transposed3d": (
        nn.ConvTranspose3d(2, 3, 2), (2, 2, 2, 2), "conv_transpose3d", 2 * 8 * 3 * 8,
    ),
    "linear": (nn.Linear(7, 5), (7,), "linear", 35),
    "linear on tokens": (nn.Linear(7, 5), (3, 7), "linear", 3 * 35),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_listed_with_its_cost(name):
    layer, shape, kind, macs = KINDS[name]
    network = build_network(Wrapped(layer), torch.randn(2, *shape))
    assert network.problem is None
    (found,) = network.prunable()
    summary = found.summary
    assert (summary.name, summary.kind, summary.parameter) == ("layer", kind, "layer.weight")
    assert summary.shape == tuple(layer.weight.shape)
    assert summary.parameters == layer.weight.numel()
    assert summary.macs == macs == network.cost.macs
    with torch.no_grad():
        assert summary.activation_bytes == layer(torch.randn(1, *shape)).numel() * 4
    assert network.cost.parameters == sum(p.numel() for p in layer.parameters())
    assert network.cost.bytes == 4 * network.cost.parameters
    assert network.cost.uncounted == ()


@pytest.mark.parametrize("name", KINDS)
def test_without_a_graph_the_same_layers_are_found(name):
    class NoGraph(Wrapped):
        def forward(self, x):
            return self.layer(x) if x.sum() > -1e9 else x

    layer, shape, kind, _ = KINDS[name]
    network = build_network(NoGraph(layer), torch.randn(2, *shape))
    assert network.problem is not None
    (found,) = network.prunable()
    assert (found.name, found.summary.kind, found.parameter) == ("layer", kind, "layer.weight")


class Attention(nn.Module):
    def __init__(self, kdim=None):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, kdim=kdim, vdim=kdim, batch_first=True)

    def forward(self, x):
        other = x if self.attend._qkv_same_embed_dim else x[..., :4]
        return self.attend(x, other, other, need_weights=False)[0]


def test_a_packed_projection_is_one_layer():
    network = build_network(Attention(), torch.randn(2, 5, 8))
    assert {layer.name: layer.summary.shape for layer in network.prunable()} == {
        "attend.in_proj": (24, 8),
        "attend.out_proj": (8, 8),
    }
    projections = 5 * 8 * 24 + 5 * 8 * 8
    products = 2 * 5 * 5 * (4 + 4)
    assert sum(layer.summary.macs for layer in network.layers) == projections
    assert network.cost.macs == projections + products


def test_separate_projections_are_three_layers():
    names = [layer.name for layer in build_network(Attention(4), torch.randn(2, 5, 8)).prunable()]
    assert sorted(names) == [
        "attend.k_proj", "attend.out_proj", "attend.q_proj", "attend.v_proj",
    ]  # fmt: skip


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.mix = nn.Linear(6, 6)
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        return self.head(self.mix(self.mix(self.embed(ids))).mean(1))


def test_tied_weights_and_a_module_called_twice_are_one_layer_each():
    network = build_network(Tied(), torch.arange(8).view(2, 4))
    assert [(layer.name, layer.summary.kind) for layer in network.layers] == [
        ("embed", "embedding"),
        ("mix", "linear"),
    ]
    assert network.layers[1].summary.macs == 2 * 4 * 36
    assert network.cost.parameters == 66 + 42
    assert network.cost.bytes == 4 * (66 + 42)


class Skipped(nn.Module):
    def __init__(self):
        super().__init__()
        self.normed = parametrizations.weight_norm(nn.Linear(4, 4))
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.table = nn.Parameter(torch.randn(3, 5))
        self.mix = nn.Bilinear(5, 5, 2)
        self.norm = nn.LayerNorm((3, 5))
        self.head = nn.Linear(2, 2)

    def forward(self, x):
        x, _ = self.lstm(self.normed(x))
        x = self.norm(x + self.table)
        return self.head(self.mix(x, x)).mean(1)


def test_what_is_skipped_is_named_with_the_reason():
    network = build_network(Skipped(), torch.randn(2, 3, 4))
    assert network.problem is None
    recurrent = ["lstm.weight_ih_l0", "lstm.weight_hh_l0"]
    assert [layer.name for layer in network.prunable()] == [*recurrent, "head"]
    reasons = {layer.name: layer.summary.reason for layer in network.layers}
    assert "_weight_norm" in reasons["normed.parametrizations.weight.original1"]
    assert "a table that is added" in reasons["table"]
    assert "bilinear has no rule" in reasons["mix"]
    assert network.cost.macs >= 3 * (4 * 20 + 5 * 20) + 3 * 4
    assert network.cost.uncounted == ("bilinear",)


def test_without_a_graph_what_is_skipped_is_named_too():
    class NoGraph(Skipped):
        def forward(self, x):
            return super().forward(x) if x.sum() > -1e9 else x

    network = build_network(NoGraph(), torch.randn(2, 3, 4))
    assert network.problem is not None
    assert [layer.name for layer in network.prunable()] == ["head"]
    reasons = {layer.name: layer.summary.reason for layer in network.layers}
    assert "LSTM runs all its gates" in reasons["lstm.weight_ih_l0"]
    assert all(reasons[name] for name in reasons if name != "head")


class Functional(nn.Module):
    """Weights used without modules: matmul from both sides, addmm, a transposed view."""

    def __init__(self):
        super().__init__()
        self.right = nn.Parameter(torch.randn(4, 5))
        self.left = nn.Parameter(torch.randn(3, 3))
        self.added = nn.Parameter(torch.randn(5, 6))
        self.bias = nn.Parameter(torch.randn(6))
        self.turned = nn.Parameter(torch.randn(2, 6))

    def forward(self, x):  # (n, 3, 4)
        x = self.left @ (x @ self.right)
        return torch.addmm(self.bias, x.sum(1), self.added) @ self.turned.t()


def test_weights_without_modules_are_layers_too():
    network = build_network(Functional(), torch.randn(2, 3, 4))
    assert {layer.name: layer.summary.macs for layer in network.prunable()} == {
        "right": 3 * 4 * 5,
        "left": 3 * 3 * 5,
        "added": 5 * 6,
        "turned": 6 * 2,
    }


def test_a_recurrent_model_whose_capture_fails_late_still_runs():
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(4, 5, batch_first=True)
            self.head = nn.Linear(5, 2)

        def forward(self, x):
            x = self.head(self.lstm(x)[0][:, -1])
            return x if x.sum() > -1e9 else -x

    network = build_network(Late(), torch.randn(2, 3, 4))
    assert network.problem is not None
    with torch.no_grad():
        found = network(torch.randn(3, 3, 4))
    assert type(found) is torch.Tensor
    assert found.isfinite().all()


def test_layers_stand_in_forward_order(lenet5):
    assert [layer.name for layer in lenet5.network.layers] == ["conv1", "conv2", "fc1", "fc2"]
    assert lenet5.network.cost.macs == (
        24 * 24 * 20 * 25 + 8 * 8 * 50 * 20 * 25 + 800 * 500 + 500 * 10
    )
    assert lenet5.network.cost.parameters == 520 + 25_050 + 400_500 + 5_010


def test_the_peak_of_activations_by_hand():
    class Chain(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(2, 10), nn.Linear(10, 3)

        def forward(self, x):
            return self.down(F.relu(self.up(x)))

    # alive at once at the most: the wide output and its rectified copy
    assert build_network(Chain(), torch.ones(2, 2)).cost.activation_bytes == 4 * (10 + 10)


class Collides(nn.Module):
    """A module and a bare parameter whose names would shorten to the same layer."""

    def __init__(self):
        super().__init__()
        self.mix_weight = nn.Parameter(torch.randn(6, 6))
        self.mix = nn.Linear(6, 6)

    def forward(self, x):
        return self.mix(x @ self.mix_weight)


@pytest.mark.parametrize("graph", [True, False])
def test_no_two_layers_have_one_name(graph):
    network = build_network(Collides(), torch.zeros(2, 6))
    layers = network.layers if graph else module_layers(network.module)
    names = {layer.summary.name: layer.summary.parameter for layer in layers}
    assert names == {"mix_weight": "mix_weight", "mix": "mix.weight"}
