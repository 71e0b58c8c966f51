"""A detector in small: a backbone that captures, and a tail that chooses by value."""

import torch
from torch import Tensor, nn

from prunescope.sources.splits import Samples, Splits, split_by


class Chooser(nn.Module):
    """Looks at as many places as values say: what detectors do with their boxes."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(6, 3)

    def forward(self, features: Tensor) -> Tensor:
        chosen = []
        for places in features.flatten(2).transpose(1, 2):
            best = places[places.sum(1) > places.sum(1).mean()]
            count = max(1, int((best.amax(1) > 0).sum()))
            chosen.append(self.last(best[:count]).mean(0))
        return torch.stack(chosen)


class SmallDetector(nn.Module):
    """A scale, a backbone called once, and the chooser."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.scale = nn.Identity()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 6, 3))
        self.tail = Chooser()

    def forward(self, images: Tensor) -> Tensor:
        answers: Tensor = self.tail(self.backbone(2 * self.scale(images)))
        return answers


def detector() -> nn.Module:
    """Return it, the same each time."""
    return SmallDetector().eval()


def pictures() -> Splits:
    """Return samples without labels."""
    generator = torch.Generator().manual_seed(0)
    return split_by(lambda _: Samples(torch.randn(24, 3, 8, 8, generator=generator)))


def labelled() -> Splits:
    """Return the same samples, with the model's own answers as targets."""
    model, plain = detector(), pictures()

    def label(name: str) -> Samples:
        images = plain.named(name).inputs
        with torch.no_grad():
            answers = model(images)
        return Samples(images, answers)

    return split_by(label)
