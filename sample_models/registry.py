"""The sample models by name: architecture, shipped weights, card."""

import importlib
import json
from pathlib import Path
from typing import Final

from safetensors.torch import load_file
from torch import nn

NAMES: Final = ("mlp", "lenet5", "resnet20", "mobilenet", "vit")
WEIGHTS: Final = Path(__file__).parent / "weights"
CARDS: Final = Path(__file__).parent / "cards"


def architecture(name: str) -> nn.Module:
    """Return the sample network ``name`` with fresh random weights."""
    module = importlib.import_module(f"prunescope.sample_models.networks.{name}")
    network: nn.Module = module.build()
    return network


def load(name: str) -> nn.Module:
    """Return the trained sample network ``name`` in evaluation mode."""
    network = architecture(name)
    network.load_state_dict(load_file(WEIGHTS / f"{name}.safetensors"))
    return network.eval()


def measured(name: str) -> dict[str, float]:
    """Return the accuracies (0 to 1) by split that training measured for ``name``."""
    recorded: dict[str, float] = json.loads((WEIGHTS / f"{name}.json").read_text())
    return recorded
