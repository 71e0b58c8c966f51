"""Outputs have names, shapes and the layers that reach them."""

from collections import namedtuple

import torch
from torch import Tensor, nn

from prunescope.capture.network import build_network
from prunescope.capture.outputs import list_outputs, named_leaves, unread_layers


class TwoHeads(nn.Module):
    """Two answers from one body, and a hidden state that only one of them needs."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.kind = nn.Linear(4, 6), nn.Linear(6, 3)
        self.deep, self.size = nn.Linear(6, 5), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor | tuple[Tensor, ...]]:
        body = self.body(x).relu()
        deep = self.deep(body).relu()
        return {"kind": self.kind(body), "size": self.size(deep), "hidden": (body, deep)}


def test_outputs_say_which_layers_reach_them() -> None:
    network = build_network(TwoHeads(), torch.randn(3, 4))
    assert network.captured is not None
    outputs = list_outputs(network.captured, network.layers)
    assert [(o.name, o.shape) for o in outputs] == [
        ("kind", (1, 3)),
        ("size", (1, 2)),
        ("hidden.0", (1, 6)),
        ("hidden.1", (1, 5)),
    ]
    assert [o.only for o in outputs] == [("kind",), ("size",), (), ()]
    assert outputs[3].layers == ("body", "deep")
    assert unread_layers(outputs, ["kind"]) == ("deep", "size")
    assert unread_layers(outputs, ["kind", "size"]) == ()


def test_names_follow_the_nesting() -> None:
    pair = namedtuple("pair", "left right")
    names = [name for name, _ in named_leaves([pair(1, (2, 3)), {"b": 4, "a": 5}])]
    assert names == ["0.left", "0.right.0", "0.right.1", "1.b", "1.a"]
    assert named_leaves(7) == [("output", 7)]
