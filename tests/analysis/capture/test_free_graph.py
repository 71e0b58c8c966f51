"""Sizes that are free in a model are found by trying, and the graph to study keeps its own."""

from pathlib import Path

import torch
from torch import Tensor, nn

from prunescope.capture.free_graph import free_graph
from prunescope.capture.network import build_network
from prunescope.export.formats import pt2


class Rows(nn.Module):
    """Any number of rows of four numbers, which a flag may mask."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, rows: Tensor, mask: Tensor) -> Tensor:
        hidden = self.enter(rows).relu() * mask[..., None]
        return self.leave(hidden).reshape(rows.shape[0], -1, 3)


class Picture(nn.Module):
    """Any height and width, if the head averages; the size of the data otherwise."""

    def __init__(self, averages: bool) -> None:
        super().__init__()
        self.averages = averages
        self.body = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4 if averages else 256, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        return self.head(x.mean((2, 3)) if self.averages else x.flatten(1))


class Paired(Picture):
    """Any width, but an even height: rows are taken in pairs."""

    def forward(self, x: Tensor) -> Tensor:
        pairs = self.body(x).unflatten(2, (x.shape[2] // 2, 2))
        return self.head(pairs.amax(3).mean((2, 3)))


class Strided(Picture):
    """As ResNets: a map that a small enough picture leaves one pixel of."""

    def __init__(self) -> None:
        super().__init__(averages=True)
        self.body = nn.Conv2d(3, 4, 3, stride=4, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(nn.functional.adaptive_avg_pool2d(self.body(x).relu(), 1).flatten(1))


def test_a_second_size_is_one_that_the_program_takes(tmp_path: Path) -> None:
    pictures = torch.randn(3, 3, 8, 8)
    graph = free_graph(build_network(Strided().eval(), pictures))
    assert graph is not None
    assert {each.second for each in graph.dimensions} == {5}  # at 4 one pixel is left of 8
    pt2.write(pt2.exported(graph.captured), tmp_path / "model.pt2")
    other = graph.at_second_size(pictures)
    with torch.no_grad():
        torch.testing.assert_close(
            pt2.load(tmp_path / "model.pt2")(other), graph.second.module(other)
        )


def test_equal_sizes_are_one_dimension() -> None:
    rows, mask = torch.randn(3, 6, 4), torch.rand(3, 6)
    model = Rows().eval()
    network = build_network(model, (rows, mask))
    graph = free_graph(network)
    assert graph is not None
    assert network.captured is not None
    assert network.captured.free == ()
    named = [(d.input, d.place, d.name, d.studied, d.second) for d in graph.dimensions]
    assert named == [
        ("rows", (0, 1), "sequence", 6, 4),
        ("mask", (1, 1), "sequence", 6, 4),
    ]
    longer = torch.randn(5, 13, 4), torch.rand(5, 13)
    torch.testing.assert_close(graph.captured.module(*longer), model(*longer))
    assert free_graph(network) is graph


def test_images_of_any_size_only_where_the_model_takes_them() -> None:
    images = torch.randn(2, 3, 8, 8)
    graph = free_graph(build_network(Picture(averages=True), images))
    assert graph is not None
    assert [(d.name, d.second) for d in graph.dimensions] == [("height", 5), ("width", 4)]
    assert graph.at_second_size(images).shape == (2, 3, 5, 4)
    assert free_graph(build_network(Picture(averages=False), images)) is None


def test_a_size_that_the_model_refuses_is_passed_over() -> None:
    graph = free_graph(build_network(Paired(averages=True), torch.randn(2, 3, 8, 8)))
    assert graph is not None
    assert all(d.second % 2 == 0 for d in graph.dimensions if d.name == "height")
