"""Which dimension of a weight counts inputs: a block of n:m lies along sums, nowhere else."""

import pytest
import torch
from torch import Tensor, nn

from prunescope.capture.cost import cost
from prunescope.capture.graph import capture
from prunescope.capture.layers import graph_layers, module_layers
from prunescope.criteria.masks import pattern_mask


class Product(nn.Module):
    """Multiplies by a matrix from either side, as it is or transposed."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.weight = how, nn.Parameter(torch.randn(8, 8))

    def forward(self, x: Tensor) -> Tensor:
        if self.how == "right":
            return x @ self.weight
        if self.how == "right transposed":
            return x @ self.weight.t()
        return torch.matmul(self.weight, x)


CASES = {
    "linear": (nn.Linear(8, 4), (8,)),
    "conv": (nn.Conv2d(8, 4, 3), (8, 5, 5)),
    "grouped": (nn.Conv2d(16, 4, 3, groups=2), (16, 5, 5)),
    "transposed": (nn.ConvTranspose2d(8, 4, 3), (8, 5, 5)),
    "right": (Product("right"), (3, 8)),
    "right transposed": (Product("right transposed"), (3, 8)),
    "left": (Product("left"), (8, 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_one_output_reads_two_of_every_four_neighbouring_inputs(name: str) -> None:
    """By differentiation: what an output reads of the input channels, not how weights lie."""
    module, shape = CASES[name]
    captured = capture(module, torch.randn(2, *shape))
    (layer,) = graph_layers(captured, cost(captured))
    assert layer.summary.takes_blocks(4)
    weight = module.get_parameter("weight")
    inputs = torch.randn(1, *shape, requires_grad=True)
    channel = 2 if name.startswith("right") else 1
    keep = pattern_mask(weight.detach().abs(), 2, 4, layer.summary.input_dimension)
    with torch.no_grad():
        weight.copy_(torch.where(keep, 1.0, 0.0))
        if weight.ndim > 2:  # one place of the window, so that its other places say nothing
            weight[..., 1:, :] = weight[..., :, 1:] = 0.0
    output = module(inputs)
    middle = [0 if at == channel else size // 2 for at, size in enumerate(output.shape)]
    output[tuple(middle)].backward()
    moved = inputs.grad[0].movedim(channel - 1, 0)
    reads = moved.reshape(len(moved), -1).ne(0).any(1)
    per_group = reads[:8] if name == "grouped" else reads
    assert per_group.reshape(-1, 4).sum(1).tolist() == [2, 2]


def test_tables_and_grouped_transposed_convolutions_take_no_blocks() -> None:
    grouped = nn.ConvTranspose2d(8, 8, 3, groups=2)
    captured = capture(grouped, torch.randn(2, 8, 5, 5))
    assert not graph_layers(captured, cost(captured))[0].summary.takes_blocks(4)
    table = nn.Embedding(8, 8)
    captured = capture(table, torch.zeros(2, 3, dtype=torch.long))
    assert not graph_layers(captured, cost(captured))[0].summary.takes_blocks(4)
    for module in (grouped, table):
        assert not module_layers(nn.Sequential(module))[0].summary.takes_blocks(4)
    assert module_layers(nn.Sequential(nn.ConvTranspose2d(8, 3, 3)))[0].summary.takes_blocks(4)
