"""Small networks and data for these tests, as functions that references can name."""

import torch
from torch import Tensor, nn

CLASSES = 3


class Blobs(nn.Module):
    """Two hidden layers with batch norm and dropout, on ``(n, 6)`` features."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 24)
        self.norm = nn.BatchNorm1d(24)
        self.second = nn.Linear(24, 16)
        self.drop = nn.Dropout(0.1)
        self.last = nn.Linear(16, CLASSES)

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.norm(self.first(features)).relu()
        return self.last(self.drop(self.second(hidden).relu()))


class Untraceable(Blobs):
    """The same, but what it does depends on its values, so no graph can be captured."""

    def forward(self, features: Tensor) -> Tensor:
        if features.sum().item() > 1e9:
            return self.last(features)
        return super().forward(features)


class TwoInputs(nn.Module):
    """Takes ``left`` and ``right``, in this order."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(3, 16)
        self.norm = nn.BatchNorm1d(16)
        self.right = nn.Linear(3, 16)
        self.last = nn.Linear(16, CLASSES)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.last((self.norm(self.left(left)) + 3 * self.right(right)).relu())


class Regressor(nn.Module):
    """Gives a dict without logits."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 2)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        return {"position": self.layer(features)}


class Tied(nn.Module):
    """One weight under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 6, bias=False)
        self.second = nn.Linear(6, 6)
        self.second.weight = self.first.weight
        self.last = nn.Linear(6, CLASSES)

    def forward(self, features: Tensor) -> Tensor:
        return self.last(self.second(self.first(features).relu()).relu())


def _trained(model: nn.Module) -> nn.Module:
    """A few steps of Adam, so that pruning has something to destroy."""
    inputs, targets = blobs()["calibration"]
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    optimizer.zero_grad()
    return model.eval()


def blobs_model() -> nn.Module:
    return _trained(Blobs())


def untraceable_model() -> nn.Module:
    return _trained(Untraceable())


def tied_model() -> nn.Module:
    return _trained(Tied())


def two_inputs_model() -> nn.Module:
    return TwoInputs()


def regressor_model() -> nn.Module:
    return Regressor()


def blobs() -> dict[str, tuple[Tensor, Tensor]]:
    """Overlapping clouds around three centres."""
    random = torch.Generator().manual_seed(1)
    centres = 1.2 * torch.randn(CLASSES, 6, generator=random)

    def draw(count: int) -> tuple[Tensor, Tensor]:
        targets = torch.randint(CLASSES, (count,), generator=random)
        return centres[targets] + torch.randn(count, 6, generator=random), targets

    return {"calibration": draw(301), "validation": draw(400), "test": draw(200)}


def unlabelled() -> dict[str, tuple[Tensor, None]]:
    return {name: (inputs, None) for name, (inputs, _) in blobs().items()}


def named_inputs() -> dict[str, tuple[dict[str, Tensor], Tensor]]:
    """The features as two named inputs, given in the other order than the model takes them."""
    return {
        name: ({"right": inputs[:, 3:], "left": inputs[:, :3]}, targets)
        for name, (inputs, targets) in blobs().items()
    }


def positions() -> dict[str, tuple[Tensor, Tensor]]:
    return {name: (inputs, inputs[:, :2]) for name, (inputs, _) in blobs().items()}


def closeness(outputs: dict[str, Tensor], targets: Tensor) -> Tensor:
    return (outputs["position"] - targets).square().mean(1).neg().exp()
