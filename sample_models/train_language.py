"""Train the sample language model on Newton's Opticks, and measure it.

AdamW under a one-cycle schedule on windows drawn anywhere in the training text.
"""

import math
import time
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from prunescope.sample_models import opticks
from prunescope.sample_models.registry import architecture, save

STEPS: Final = 900
BATCH: Final = 32
RATE: Final = 4e-3
DECAY: Final = 0.1


def train_language(name: str, seed: int) -> dict[str, float]:
    """Train the network ``name``, write its weights, and return what was measured of it."""
    torch.manual_seed(seed)
    windows = opticks.split("train")
    letters = torch.from_numpy(np.append(windows.letters.reshape(-1), windows.following[-1, -1]))
    network = architecture(name)
    groups: list[dict[str, Any]] = [
        {"params": [p for p in network.parameters() if p.ndim > 1]},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(
        groups,
        RATE,
        weight_decay=DECAY,
        betas=(0.9, 0.98),
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=STEPS, pct_start=0.1, cycle_momentum=False
    )
    start, total = time.time(), 0.0
    for step in range(1, STEPS + 1):
        first = torch.randint(0, len(letters) - opticks.LENGTH, (BATCH, 1))
        places = first + torch.arange(opticks.LENGTH)
        loss = nats(network(letters[places]), letters[places + 1]).mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        cycle.step()
        total += loss.item()
        if step % 100 == 0:
            print(
                f"{name} step {step} loss {total / 100:.4f} {time.time() - start:.0f} s", flush=True
            )
            total = 0.0
    save(name, network)
    seconds = round(time.time() - start)
    measured = {part: perplexity(network, opticks.split(part)) for part in opticks.SPLITS}
    return measured | {"steps": STEPS, "seed": seed, "seconds": seconds}


def nats(logits: Tensor, following: Tensor) -> Tensor:
    """Return the mean cross-entropy ``(n,)`` of each window."""
    return functional.cross_entropy(logits.transpose(1, 2), following, reduction="none").mean(1)


def perplexity(network: nn.Module, windows: opticks.Windows) -> float:
    """Return e to the power of the mean cross-entropy over all bytes of ``windows``."""
    network.eval()
    letters, following = map(torch.from_numpy, windows)
    with torch.inference_mode():
        means = [
            nats(network(chunk), after)
            for chunk, after in zip(
                torch.split(letters, 64), torch.split(following, 64), strict=True
            )
        ]
    return math.exp(torch.cat(means).mean().item())
