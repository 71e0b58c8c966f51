"""LeNet-300-100: the fully connected network of LeCun et al. 1998, the classic pruning subject.

Source: LeCun, Bottou, Bengio, Haffner, *Gradient-based learning applied to document
recognition*, 1998, section III.C.6; ReLU instead of tanh.
"""

from torch import Tensor, nn


class MLP(nn.Module):
    """Map images ``(n, 1, 28, 28)`` to 10 class logits through 300 and 100 hidden units."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 300)
        self.fc2 = nn.Linear(300, 100)
        self.fc3 = nn.Linear(100, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(n, 10)`` of images ``(n, 1, 28, 28)``."""
        hidden = self.fc1(images.flatten(1)).relu()
        logits: Tensor = self.fc3(self.fc2(hidden).relu())
        return logits


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return MLP()
