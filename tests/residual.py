"""A small residual network with batch norm, trained for seconds on scikit-learn's digits."""

from pathlib import Path

from prunescope.bench.workbench import prepare
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Grid, Method, Reference
from prunescope.sweep.runner import sweep
from prunescope.sweep.store_quantiles import store_quantiles

SOURCE = '''\
"""A residual network on digits: half its MACs ruin it without recovery, and not with."""

from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        return (x + self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))).relu()


class Residual(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(3)])
        self.head = nn.Linear(width * 4, 10)

    def forward(self, x):
        x = self.blocks(self.bn(self.stem(x)).relu())
        return self.head(nn.functional.adaptive_avg_pool2d(x, 2).flatten(1))


@cache
def digits():
    inputs, targets = load_digits(return_X_y=True)
    inputs = torch.tensor(inputs, dtype=torch.float32).reshape(-1, 1, 8, 8) / 8 - 1
    order = torch.randperm(len(targets), generator=torch.Generator().manual_seed(0))
    return inputs[order], torch.tensor(targets)[order]


def splits():
    inputs, targets = digits()
    cuts = {"calibration": (0, 400), "validation": (400, 1000), "test": (1000, 1100)}
    return {name: (inputs[a:b], targets[a:b]) for name, (a, b) in cuts.items()}


@cache
def trained():
    torch.manual_seed(0)
    inputs, targets = digits()
    rows_of = torch.cat([torch.arange(400), torch.arange(1100, len(targets))])
    model, steps = Residual(), 160
    optimiser = torch.optim.AdamW(model.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, steps)
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        rows = rows_of[torch.randint(len(rows_of), (64,), generator=generator)]
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(inputs[rows]), targets[rows]).backward()
        optimiser.step()
        schedule.step()
    return model.state_dict()


def build():
    model = Residual()
    model.load_state_dict(trained())
    return model.eval()
'''


def measured(folder: Path) -> Path:
    """Train it and measure its layers and groups to one half, no further; return the study."""
    path = folder / "residual.py"
    path.write_text(SOURCE)
    reference = Reference(f"{path}:build", f"{path}:splits")
    vouch(reference)
    bench = prepare(reference)
    study = StudyFolder.create(folder / "residual", bench.manifest)
    channels = Grid((Method("l1", "channel"),), (0.125, 0.25, 0.5), (), ("none", "ls"))
    sweep(bench, study, channels, Silent())
    sweep(bench, study, Grid((Method("magnitude"),), (0.25, 0.5)), Silent())
    store_quantiles(bench, study)
    return study.folder
