"""A small U-Net: three scales, batch norm, and each scale's features joined on the way back up.

Source: Ronneberger, Fischer, Brox 2015 (arXiv 1505.04597), with one convolution a scale on the way
up, padded, so that masks are as large as pictures.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolved(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 3×3 convolution with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class UNet(nn.Module):
    """Map pictures ``(n, 1, h, w)`` to the logits of six classes, ``(n, 6, h, w)``.

    Class 0 is the background, the others are ``prunescope.sample_models.scenes.KINDS``.
    """

    def __init__(self, widths: tuple[int, int, int] = (16, 32, 64), classes: int = 6) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.down1 = nn.Sequential(convolved(1, fine), convolved(fine, fine))
        self.down2 = nn.Sequential(convolved(fine, middle), convolved(middle, middle))
        self.down3 = nn.Sequential(convolved(middle, coarse), convolved(coarse, coarse))
        self.up2 = convolved(coarse + middle, middle)
        self.up1 = convolved(middle + fine, fine)
        self.head = nn.Conv2d(fine, classes, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits ``(n, 6, h, w)``; ``h`` and ``w`` are multiples of four."""
        fine = self.down1(pictures)
        middle = self.down2(functional.max_pool2d(fine, 2))
        coarse = self.down3(functional.max_pool2d(middle, 2))
        joined = torch.cat([functional.interpolate(coarse, scale_factor=2.0), middle], 1)
        joined = torch.cat([functional.interpolate(self.up2(joined), scale_factor=2.0), fine], 1)
        logits: Tensor = self.head(self.up1(joined))
        return logits


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return UNet()
