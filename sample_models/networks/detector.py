"""A small detector without anchors: residual blocks, and one candidate box from each of 36 cells.

Source: Tian et al. 2019 (FCOS, arXiv 1904.01355) and Zhou et al. 2019 (arXiv 1904.07850): a cell
answers for the object whose centre lies in it, so that nothing has to be suppressed afterwards.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two 3×3 convolutions with batch norm beside a shortcut, the first one with stride 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, 2, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return features at half the size."""
        inside = functional.relu(self.bn1(self.conv1(features)))
        return functional.relu(self.bn2(self.conv2(inside)) + self.shortcut(features))


class Detector(nn.Module):
    """Map pictures ``(n, 1, 48, 48)`` to boxes ``(n, 36, 4)`` and class logits ``(n, 36, 5)``.

    Boxes are corners x₁ y₁ x₂ y₂ from 0 to 1. Cells are those of a grid of six by six, row by row.
    """

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 96), classes: int = 5) -> None:
        super().__init__()
        first, second, third = widths
        self.stem = nn.Conv2d(1, first, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(first)
        self.block1 = Block(first, first)
        self.block2 = Block(first, second)
        self.block3 = Block(second, third)
        self.neck = nn.Conv2d(third, third, 3, 1, 1)
        self.kinds = nn.Conv2d(third, classes, 1)
        self.sides = nn.Conv2d(third, 4, 1)
        assert self.kinds.bias is not None
        nn.init.constant_(self.kinds.bias, -3.0)  # most cells hold nothing

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Return ``boxes`` and ``logits`` of every cell."""
        features = functional.relu(self.bn(self.stem(pictures)))
        features = self.block3(self.block2(self.block1(features)))
        features = functional.relu(self.neck(features))
        count = features.shape[2]
        centres = (torch.arange(count, device=features.device) + 0.5) / count
        sides = self.sides(features).sigmoid()  # from the cell's centre: left, up, right, down
        boxes = torch.stack(
            [
                centres - sides[:, 0],
                centres[:, None] - sides[:, 1],
                centres + sides[:, 2],
                centres[:, None] + sides[:, 3],
            ],
            1,
        )
        return {
            "boxes": boxes.flatten(2).transpose(1, 2),
            "logits": self.kinds(features).flatten(2).transpose(1, 2),
        }


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return Detector()
