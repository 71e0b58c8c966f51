"""LeNet-5 as Caffe ships it: two 5x5 convolutions (20, 50 filters) and 500 hidden units.

Source: LeCun et al. 1998, and the ``lenet.prototxt`` variant (no activation after the
convolutions, max pooling, one ReLU) that the pruning literature calls LeNet-5-Caffe.
"""

from torch import Tensor, nn
from torch.nn import functional


class LeNet5(nn.Module):
    """Map images ``(n, 1, 28, 28)`` to 10 class logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(800, 500)
        self.fc2 = nn.Linear(500, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(n, 10)`` of images ``(n, 1, 28, 28)``."""
        features = functional.max_pool2d(self.conv1(images), 2)
        features = functional.max_pool2d(self.conv2(features), 2)
        logits: Tensor = self.fc2(self.fc1(features.flatten(1)).relu())
        return logits


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return LeNet5()
