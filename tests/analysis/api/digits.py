"""A small network, trained on scikit-learn's digits for a moment, and its data as a user has it."""

import functools

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import Dataset

Pair = tuple[Tensor, Tensor]


class Net(nn.Module):
    """Two convolutions, a batch norm and a linear layer on ``(n, 1, 8, 8)``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, stride=2)
        self.fc = nn.Linear(108, 10)

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.norm(self.conv1(images)).relu()
        return self.fc(self.conv2(hidden).relu().flatten(1))


class Scaled(nn.Module):
    """Takes two named inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(64, 16)
        self.last = nn.Linear(16, 10)

    def forward(self, pixels: Tensor, scale: Tensor) -> Tensor:
        return self.last(self.first(pixels * scale).relu())


class Digits(Dataset):
    """Samples one by one, as most datasets give them."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[np.ndarray, int]:
        return self.images[place].numpy(), int(self.labels[place])


@functools.cache
def pixels() -> Pair:
    digits = load_digits()
    images = torch.tensor(digits.images / 16.0, dtype=torch.float32)[:, None]
    return images, torch.tensor(digits.target)


def splits() -> dict[str, Pair]:
    images, labels = pixels()
    cuts = {"calibration": (600, 800), "validation": (800, 1000), "test": (1000, 1100)}
    return {name: (images[a:b], labels[a:b]) for name, (a, b) in cuts.items()}


@functools.cache
def trained() -> Net:
    """Trained for a second; in training mode, as a notebook's model usually is."""
    images, labels = pixels()
    torch.manual_seed(0)
    net = Net()
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for start in [*range(0, 600, 100)] * 8:
        optimiser.zero_grad()
        batch = slice(start, start + 100)
        nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
        optimiser.step()
    optimiser.zero_grad()
    return net.train()


def state(net: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def same(net: nn.Module, before: dict[str, Tensor]) -> bool:
    return all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
