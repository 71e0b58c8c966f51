"""Speech: three vowels in a row, spoken by a formant synthesiser, to be written down as words.

Formants are those that Peterson and Barney measured (1952, *Control methods used in a study of the
vowels*); pitch, loudness and formants vary by speaker, vowels have lengths of their own, and there
is noise.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import text

from tests.tasks.task import Task, cut, trained

SIZES = (64, 96, 48)
WORDS = ("", "heed", "had", "hod", "who'd", "heard")
"""The first one is the blank of the loss."""
FORMANTS = torch.tensor(
    [[270.0, 2290.0], [660.0, 1720.0], [730.0, 1090.0], [300.0, 870.0], [490.0, 1350.0]]
)
FRAMES, BANDS, SPOKEN = 36, 32, 3


def utterances(count: int) -> tuple[Tensor, Tensor]:
    """Return log spectra ``(n, bands, frames)`` and vowels ``(n, 3)`` from 1 to 5."""
    draw = torch.Generator().manual_seed(0)
    # neighbours differ, as words that are heard twice in a row are hard to count
    first = torch.randint(0, 5, (count, 1), generator=draw)
    steps = torch.randint(1, 5, (count, SPOKEN - 1), generator=draw)
    vowels = torch.cat([first, first + steps.cumsum(1)], 1) % 5
    ends = (
        torch.tensor([0.33, 0.66]) + 0.2 * (torch.rand(count, 2, generator=draw) - 0.5)
    ) * FRAMES
    frame = torch.arange(FRAMES).expand(count, 1, FRAMES)[:, 0]
    place = (frame[:, :, None] > ends[:, None, :]).sum(2)
    speaker = 0.9 + 0.3 * torch.rand(count, 1, 1, generator=draw)
    formants = FORMANTS[vowels.gather(1, place)] * speaker
    pitch = (90 + 130 * torch.rand(count, 1, 1, generator=draw)) * (1 - 0.003 * frame[..., None])
    harmonics = pitch * torch.arange(1, 31)
    loud = harmonics.pow(-0.5) * sum(
        1 / (1 + ((harmonics - formants[..., [k]]) / 70) ** 2) for k in range(2)
    )
    band = torch.linspace(100, 3000, BANDS)
    spread = torch.exp(-(((harmonics[..., None] - band) / 60) ** 2))
    spectra = (loud[..., None] * spread).sum(2) + 2e-3 * torch.rand(
        count, FRAMES, BANDS, generator=draw
    )
    return (spectra.log() + 4).transpose(1, 2).contiguous(), vowels + 1


class Listener(nn.Module):
    """Convolutions over time; for each frame the logits of blank and words."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(BANDS, 24, 5, padding=2)
        self.conv2 = nn.Conv1d(24, 24, 5, padding=2)
        self.head = nn.Conv1d(24, len(WORDS), 1)

    def forward(self, spectra: Tensor) -> Tensor:
        """Return logits ``(n, frames, words)``."""
        heard = self.conv2(self.conv1(spectra).relu()).relu()
        return self.head(heard).transpose(1, 2)


def loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the connectionist temporal classification loss, a mean over samples."""
    chances = outputs.log_softmax(2).transpose(0, 1)
    frames = torch.full((len(targets),), outputs.shape[1])
    return functional.ctc_loss(chances, targets, frames, torch.full((len(targets),), SPOKEN))


def sentences(outputs: Tensor) -> list[str]:
    """Return what was heard: the best word of each frame, repetitions and blanks left out."""
    best = [torch.unique_consecutive(row).tolist() for row in outputs.argmax(2)]
    return [" ".join(WORDS[place] for place in row if place) for row in best]


def word_error_rate(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of wrong words of each sample; all have equally many."""
    rates = []
    for heard, row in zip(sentences(outputs), targets.tolist(), strict=True):
        said = [WORDS[place] for place in row]
        costs = list(range(len(said) + 1))
        for count, word in enumerate(heard.split(), 1):
            before, costs[0] = costs[:], count
            for place, wanted in enumerate(said, 1):
                costs[place] = min(
                    before[place] + 1, costs[place - 1] + 1, before[place - 1] + (word != wanted)
                )
        rates.append(costs[-1] / len(said))
    return torch.tensor(rates)


word_error_rate.unit = "word error rate"  # type: ignore[attr-defined]
word_error_rate.higher_is_better = False  # type: ignore[attr-defined]


def speech() -> Task:
    """Which three words: word error rate."""
    spectra, words = utterances(900)
    used = sum(SIZES)
    network = trained(Listener(), (spectra[used:], words[used:]), loss, 500, 1e-2, 32)
    judge = text.WordErrorRate()

    def judged(outputs: Any, targets: Tensor) -> float:
        said = [" ".join(WORDS[place] for place in row) for row in targets.tolist()]
        return float(judge(sentences(outputs["output"]), said))

    return Task(
        network, cut(spectra, words, SIZES), f"{Path(__file__)}:word_error_rate", judged, 0.3,
        loss=f"{Path(__file__)}:loss",
    )  # fmt: skip
