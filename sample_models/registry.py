"""The sample models by name: architecture, shipped weights, card."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy.typing as npt
from safetensors.torch import load_file, save_file
from torch import nn

WEIGHTS: Final = Path(__file__).parent / "weights"
Arrays = npt.NDArray[Any] | dict[str, npt.NDArray[Any]]
CARDS: Final = Path(__file__).parent / "cards"


def architecture(name: str) -> nn.Module:
    """Return the sample network ``name`` with fresh random weights."""
    module = importlib.import_module(f"prunescope.sample_models.networks.{name}")
    network: nn.Module = module.build()
    return network


def arrays(data: str, part: str) -> tuple[Arrays, Arrays]:
    """Return inputs and targets of one split of the sample data ``data``, as networks take them.

    Args:
        data: A name of ``prunescope.sample_models.samples.DATA``.
        part: ``calibration``, ``validation`` or ``test``.

    Returns:
        Arrays, or dicts of arrays, whose dimension 0 counts samples.
    """
    pair: tuple[Arrays, Arrays] = _data_set(data).arrays(part)
    return pair


def class_names(data: str) -> tuple[str, ...]:
    """Return the names of the classes of the sample data ``data``, where it has any."""
    names: tuple[str, ...] = _data_set(data).CLASSES
    return names


def load(name: str) -> nn.Module:
    """Return the trained sample network ``name`` in evaluation mode."""
    network = architecture(name)
    network.load_state_dict(load_file(WEIGHTS / f"{name}.safetensors"))
    return network.eval()


def save(name: str, network: nn.Module) -> None:
    """Make the weights of ``network`` those that come with the sample ``name``."""
    tensors = {key: value.contiguous() for key, value in network.state_dict().items()}
    save_file(tensors, WEIGHTS / f"{name}.safetensors")


def record(name: str, measurements: dict[str, float]) -> None:
    """Keep what training measured for ``name``."""
    (WEIGHTS / f"{name}.json").write_text(json.dumps(measurements, indent=2) + "\n")


def measured(name: str) -> dict[str, float]:
    """Return the scores by split that training measured for ``name``: shares, or perplexities."""
    recorded: dict[str, float] = json.loads((WEIGHTS / f"{name}.json").read_text())
    return recorded


def _data_set(data: str) -> ModuleType:
    return importlib.import_module(f"prunescope.sample_models.{data.replace('-', '_')}")
