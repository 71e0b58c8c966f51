"""Operators around which the rest stays prunable: deformable convolutions, Fourier transforms."""

import torch
from torch import Tensor, nn
from torchvision.ops import DeformConv2d

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class DeformableConv(ZooNetwork):
    """Where it samples stays; what it reads and makes are channels as in any convolution."""

    expected = (
        channels(6, out("stem"), into("offset", "strength", "conv")),
        channels(7, out("conv"), into("head")),
    )
    refused = refuse("samples", "offset", "strength") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 6, 3), DeformConv2d(6, 7, 3, padding=1)
        self.offset, self.strength = nn.Conv2d(6, 18, 1), nn.Conv2d(6, 9, 1)
        self.head = nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        x = self.conv(x, self.offset(x), torch.sigmoid(self.strength(x)))
        return self.head(torch.relu(x))


class GlobalFilter(ZooNetwork):
    """GFNet multiplies the spectrum over space; channels pass through the transform."""

    expected = (channels(6, out("stem"), param("filter", dim=2), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(6, 3)
        self.filter = nn.Parameter(torch.randn(6, 4, 6, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x)).permute(0, 2, 3, 1)
        spectrum = torch.fft.rfft2(x, dim=(1, 2), norm="ortho")
        spectrum = spectrum * torch.view_as_complex(self.filter)
        x = x + torch.fft.irfft2(spectrum, s=(6, 6), dim=(1, 2), norm="ortho")
        return self.fc(x.mean((1, 2)))


class FourierMixer(ZooNetwork):
    """FNet transforms over words and features, so features stay; what is inside a block leaves."""

    shape = (4, 6)
    expected = (channels(8, out("up"), into("down")),)
    refused = refuse("mixes all of it", "stem") + refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.up, self.down = nn.Linear(6, 5), nn.Linear(5, 8), nn.Linear(8, 5)
        self.fc = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + torch.fft.fftn(x, dim=(-2, -1)).real
        return self.fc(x + self.down(torch.relu(self.up(x))))
