"""A site's rows times its matrix are the operator's own outputs, whatever the operator."""

import pytest
import torch
from torch import Tensor, nn

from prunescope.capture.graph import capture
from prunescope.moments.batch_walk import Lane
from prunescope.moments.weight_operators import find_sites


class Packed(nn.Module):
    """Reads slices, transposes and products of parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.packed = nn.Parameter(torch.randn(6, 5))
        self.right = nn.Parameter(torch.randn(2, 4))
        self.left = nn.Parameter(torch.randn(3, 7))

    def forward(self, x: Tensor) -> Tensor:
        first, second, third = self.packed.chunk(3)
        mixed = nn.functional.linear(x, first) + x @ second.t() + nn.functional.linear(x, third)
        return self.left @ (mixed @ self.right)


LAYERS = {
    "linear": (nn.Linear(5, 4), (5,)),
    "linear-tokens": (nn.Linear(5, 4, bias=False), (6, 5)),
    "conv1d": (nn.Conv1d(3, 4, 3, padding=1, stride=2), (3, 11)),
    "conv2d": (nn.Conv2d(3, 4, 3, padding=1), (3, 7, 6)),
    "dilated": (nn.Conv2d(3, 4, (3, 2), dilation=(2, 1), stride=(1, 2), bias=False), (3, 9, 6)),
    "same": (nn.Conv2d(3, 4, (4, 3), padding="same"), (3, 7, 6)),
    "grouped": (nn.Conv2d(6, 4, 3, groups=2), (6, 5, 6)),
    "depthwise": (nn.Conv2d(4, 8, 3, groups=4, padding=2), (4, 5, 6)),
    "conv3d": (nn.Conv3d(2, 3, (2, 3, 2), stride=(1, 2, 1)), (2, 4, 5, 4)),
    "transposed": (nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1), (3, 4, 5)),
    "transposed-grouped": (nn.ConvTranspose1d(4, 6, 4, stride=3, groups=2, dilation=2), (4, 5)),
    "transposed-cropped": (nn.ConvTranspose2d(3, 2, 1, padding=1, stride=2), (3, 4, 5)),
    "packed": (Packed(), (7, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_rows_times_matrix_are_the_outputs(name: str) -> None:
    model, shape = LAYERS[name]
    inputs = torch.randn(5, *shape)
    module = capture(model, inputs).module
    sites = find_sites(module)
    assert len(sites) == (5 if name == "packed" else 1)
    lane = Lane(module, [inputs])
    for node in module.graph.nodes:
        lane.step(node)
    for node, site in sites.items():
        result = lane.values[0][node]
        for rows in (10**6, 15):
            chosen = site.positions(result, rows, 0)
            x = site.inputs(lane.values[0][site.source], chosen).double()
            weight = module.get_parameter(site.parameter).detach().double().flatten()[site.entries]
            made = torch.einsum("rgi,goi->rgo", x, weight).flatten(1)
            if site.offset is not None:
                made = made + module.get_parameter(site.offset).detach()
            assert rows > 15 or len(made) <= max(15, 5)
            torch.testing.assert_close(
                made, site.outputs(result, chosen).double(), rtol=1e-4, atol=1e-5
            )
            if rows > 15:
                assert len(made) == result.numel() // result.shape[site.channel]


def test_what_has_no_rule_has_no_site() -> None:
    class Others(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(9, 4)
            self.core = nn.Parameter(torch.randn(2, 4, 4))
            self.loop = nn.GRU(4, 4, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            found = torch.einsum("blc,hcd->blhd", self.table(x), self.core)
            return self.loop(found.sum(2))[0]

    module = capture(Others(), torch.randint(0, 9, (3, 5))).module
    assert find_sites(module) == {}


class Token(nn.Module):
    """Puts a parameter, repeated for every sample of the batch, in front of the tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, 5))
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1))


def test_a_parameter_as_long_as_the_batch_has_no_site() -> None:
    """A vision transformer's class token raised a TypeError in the middle of a sweep."""
    module = capture(Token(), torch.randn(5, 7, 5)).module
    assert [site.parameter for site in find_sites(module).values()] == ["head.weight"]


def test_a_running_mean_is_an_offset_only_where_nothing_else_reads_the_outputs() -> None:
    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.alone, self.seen = nn.Conv2d(2, 3, 1, bias=False), nn.Conv2d(3, 3, 1, bias=False)
            self.twice = nn.Conv2d(3, 3, 1, bias=False)
            self.norm, self.other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
            self.shared = nn.BatchNorm2d(3)

        def forward(self, x: Tensor) -> Tensor:
            x = self.norm(self.alone(x))
            y = self.seen(x)
            return self.shared(self.shared(self.twice(self.other(y) + y)))

    module = capture(Normed(), torch.randn(3, 2, 4, 4)).module
    offsets = {s.parameter: (s.offset, s.sign) for s in find_sites(module).values()}
    assert offsets["alone.weight"] == ("norm.running_mean", -1)
    assert offsets["seen.weight"][0] is None
    assert offsets["twice.weight"][0] is None
