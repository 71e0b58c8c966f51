"""A small MobileNetV3: inverted residuals, depthwise convolutions, squeeze-excite.

Source: Howard et al., *Searching for MobileNetV3*, 2019 (arXiv 1905.02244), section 5,
and Sandler et al. 2018 (arXiv 1801.04381) for the inverted residual. Widths and strides
are ours, for 28x28 images.
"""

from torch import Tensor, nn


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate computed from the global average of all channels."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Hardsigmoid()

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape, gated per channel."""
        squeezed = features.mean((2, 3), keepdim=True)
        gates: Tensor = self.gate(self.expand(self.reduce(squeezed).relu()))
        return features * gates


class InvertedResidual(nn.Module):
    """Expand with 1x1, filter depthwise with 3x3, gate, project with 1x1."""

    def __init__(self, channels_in: int, channels_out: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = channels_in * expansion
        self.expand = nn.Conv2d(channels_in, hidden, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False)
        self.bn2 = nn.BatchNorm2d(hidden)
        self.excite = SqueezeExcite(hidden, max(8, hidden // 4))
        self.project = nn.Conv2d(hidden, channels_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.activation = nn.Hardswish()
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, features: Tensor) -> Tensor:
        """Return features ``(n, channels_out, h / stride, w / stride)``."""
        hidden = self.activation(self.bn1(self.expand(features)))
        hidden = self.activation(self.bn2(self.depthwise(hidden)))
        projected: Tensor = self.bn3(self.project(self.excite(hidden)))
        return features + projected if self.residual else projected


class MobileNet(nn.Module):
    """Map images ``(n, 1, 28, 28)`` to 10 class logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        self.activation = nn.Hardswish()
        self.blocks = nn.Sequential(
            InvertedResidual(16, 24, 3, 2),
            InvertedResidual(24, 24, 4, 1),
            InvertedResidual(24, 40, 4, 2),
            InvertedResidual(40, 40, 4, 1),
            InvertedResidual(40, 40, 4, 1),
            InvertedResidual(40, 80, 4, 1),
            InvertedResidual(80, 80, 4, 1),
        )
        self.head = nn.Conv2d(80, 240, 1, bias=False)
        self.bn_head = nn.BatchNorm2d(240)
        self.fc = nn.Linear(240, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(n, 10)`` of images ``(n, 1, 28, 28)``."""
        features = self.blocks(self.activation(self.bn(self.stem(images))))
        features = self.activation(self.bn_head(self.head(features)))
        logits: Tensor = self.fc(features.mean((2, 3)))
        return logits


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return MobileNet()
