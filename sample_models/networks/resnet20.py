"""ResNet-20 for small images: three stages of three residual blocks, 16-32-64 channels.

Source: He, Zhang, Ren, Sun, *Deep residual learning for image recognition*, 2015
(arXiv 1512.03385), section 4.2. Differs: one input channel, and option B (1x1
convolution) on the two shortcuts that change shape, as most later code does.
"""

from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm around a shortcut."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, features: Tensor) -> Tensor:
        """Return features ``(n, channels_out, h / stride, w / stride)``."""
        hidden = self.bn1(self.conv1(features)).relu()
        total: Tensor = self.bn2(self.conv2(hidden)) + self.shortcut(features)
        return total.relu()


class ResNet20(nn.Module):
    """Map images ``(n, 1, 28, 28)`` to 10 class logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[BasicBlock(16, 16, 1) for _ in range(3)])
        self.layer2 = nn.Sequential(
            BasicBlock(16, 32, 2), BasicBlock(32, 32, 1), BasicBlock(32, 32, 1)
        )
        self.layer3 = nn.Sequential(
            BasicBlock(32, 64, 2), BasicBlock(64, 64, 1), BasicBlock(64, 64, 1)
        )
        self.fc = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(n, 10)`` of images ``(n, 1, 28, 28)``."""
        features = self.bn1(self.conv1(images)).relu()
        features = self.layer3(self.layer2(self.layer1(features)))
        logits: Tensor = self.fc(features.mean((2, 3)))
        return logits


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return ResNet20()
