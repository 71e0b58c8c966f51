"""Tasks on Newton's Opticks: the next letter, letters left out, and words written backwards."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import classification, text

from prunescope.sample_models import opticks
from prunescope.sample_models.networks.gpt import GPT
from tests.tasks.task import Task, cut, trained

SIZES = (64, 96, 48)
LENGTH = 32
MASK = 0
IGNORED = -100


def _letters() -> Tensor:
    """Windows ``(n, 33)`` of the text, in a fixed random order."""
    letters = torch.from_numpy(opticks.split("train").letters).reshape(-1)
    windows = letters[: len(letters) // (LENGTH + 1) * (LENGTH + 1)].view(-1, LENGTH + 1)
    return windows[torch.randperm(len(windows), generator=torch.Generator().manual_seed(0))]


def _entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def causal() -> Task:
    """The byte that follows: perplexity."""
    windows = _letters()
    inputs, targets = windows[:, :-1], windows[:, 1:]
    used = sum(SIZES)
    network = trained(GPT(32, 2, 1, 48), (inputs[used:], targets[used:]), _entropy, 250)
    judge = text.Perplexity()
    return Task(
        network, cut(inputs, targets, SIZES), "perplexity",
        lambda outputs, wanted: float(judge(outputs["output"], wanted)), 20,
        methods="l1@head,l1@channel",
    )  # fmt: skip


class Both(GPT):
    """Reads to both sides: three letters before and behind, beside what attention sees."""

    def __init__(self) -> None:
        super().__init__(32, 2, 1, 48)
        self.around = nn.Conv1d(32, 32, 7, padding=3)

    def forward(self, letters: Tensor) -> Tensor:
        """Return logits ``(n, tokens, 256)``."""
        tokens = self.embed(letters)
        tokens = tokens + self.around(tokens.transpose(1, 2)).transpose(1, 2).relu()
        angles = torch.arange(letters.shape[1])[:, None] * self.frequencies
        for block in self.blocks:
            tokens = block(tokens, angles)
        logits: Tensor = self.head(self.norm(tokens))
        return logits


def masked() -> Task:
    """Four bytes of each window that were left out: perplexity of these alone."""
    windows = _letters()[:, :-1]
    draw = torch.Generator().manual_seed(0)
    places = torch.rand(windows.shape, generator=draw).argsort(1)[:, :4]
    left_out = torch.zeros(windows.shape, dtype=torch.bool).scatter(1, places, value=True)
    inputs = torch.where(left_out, MASK, windows)
    targets = torch.where(left_out, windows, IGNORED)
    used = sum(SIZES)
    network = trained(Both(), (inputs[used:], targets[used:]), _entropy, 250)
    judge = text.Perplexity(ignore_index=IGNORED)
    return Task(
        network, cut(inputs, targets, SIZES), "perplexity",
        lambda outputs, wanted: float(judge(outputs["output"], wanted)), 20,
        methods="l1@head,l1@channel",
    )  # fmt: skip


class Translator(nn.Module):
    """An encoder of letters, and a decoder that looks at it while it writes."""

    def __init__(self, letters: int = 27, width: int = 32, hidden: int = 48) -> None:
        super().__init__()
        self.source = nn.Embedding(letters, width)
        self.target = nn.Embedding(letters, width)
        self.places = nn.Parameter(0.3 * torch.randn(8, width))
        self.reader = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.norm = nn.LayerNorm(width)
        self.writer = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, letters))

    def forward(self, word: Tensor, so_far: Tensor) -> Tensor:
        """Return logits ``(n, 6, letters)`` of the next letters of the answer."""
        read = self.source(word) + self.places[: word.shape[1]]
        read = read + self.reader(read)
        written = self.target(so_far) + self.places[: so_far.shape[1]]
        seen = functional.scaled_dot_product_attention(
            self.query(written)[:, None], self.key(read)[:, None], self.value(read)[:, None]
        )[:, 0]
        logits: Tensor = self.writer(self.norm(written + seen))
        return logits


def sequence_to_sequence() -> Task:
    """Words of six letters, backwards: share of the letters that are right."""
    lower = opticks.text().lower()
    words = sorted({word for word in lower.split() if len(word) == 6 and word.isascii()
                    and word.isalpha()})  # fmt: skip
    codes = torch.tensor([[ord(letter) - 96 for letter in word] for word in words])
    codes = codes[torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))]
    answers = codes.flip(1)
    inputs = {
        "word": codes,
        "so_far": torch.cat([torch.zeros_like(codes[:, :1]), answers[:, :-1]], 1),
    }
    used = sum(SIZES)
    rest: Any = {name: part[used:] for name, part in inputs.items()}
    network = trained(Translator(), (rest, answers[used:]), _entropy, 300)
    judge = classification.MulticlassAccuracy(27, average="micro")
    return Task(
        network, cut(inputs, answers, SIZES), "top-1",
        lambda outputs, wanted: 100 * float(judge(outputs["output"].transpose(1, 2), wanted)), 90,
    )  # fmt: skip
