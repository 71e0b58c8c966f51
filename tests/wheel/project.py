"""A user's project whose packages are called like the folders that Prunescope is made of."""

from pathlib import Path

MODELS = '''\
"""The user's network."""

from torch import nn

from analysis.blocks import convolution


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = convolution(1, 4)
        self.second = convolution(4, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.second(self.first(x).relu()).relu()
        return self.head(x.mean((2, 3)))


def build():
    return Small()
'''
BLOCKS = """\
from torch import nn


def convolution(before, after):
    return nn.Conv2d(before, after, 3, padding=1)
"""
DATA = '''\
"""The user's data; how it rises is in a module of its own."""

import torch
from curves import rising


def splits():
    made = torch.Generator().manual_seed(7)

    def part(count):
        targets = torch.arange(count) % 3
        return torch.randn(count, 1, 6, 6, generator=made) + rising(targets), targets

    return {"calibration": part(48), "validation": part(60), "test": part(30)}
'''
CURVES = """\
def rising(targets):
    return targets[:, None, None, None].float()
"""
FILES = {
    "analysis/__init__.py": '"""The user\'s own."""\n',
    "analysis/models.py": MODELS,
    "analysis/blocks.py": BLOCKS,
    "dashboard/__init__.py": "",
    "dashboard/app.py": "raise RuntimeError('the user has a dashboard too')\n",
    "sample_models/__init__.py": "",
    "sample_models/data.py": DATA,
    "tests/__init__.py": "",
    "tests/test_models.py": "def test_nothing():\n    pass\n",
    "curves.py": CURVES,
    # A name of the standard library, which torch and Streamlit import: harmless to us.
    "queue.py": "raise RuntimeError('the user has a queue too')\n",
}
MODEL, INPUTS = "analysis.models:build", "sample_models.data:splits"
"""References from the project's folder."""


def write_project(folder: Path) -> Path:
    """Write the project into ``folder`` and return it."""
    for name, source in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return folder
