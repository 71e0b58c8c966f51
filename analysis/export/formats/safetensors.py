"""Plain weights: a safetensors file under the original names, poured into the original class."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from prunescope.bench.workbench import example_of
from prunescope.capture.graph import capture
from prunescope.export.recipe import Recipe, UnitRemoval
from prunescope.removal import remove
from prunescope.sources.data import load_data
from prunescope.sources.models import load_model
from prunescope.sources.weights import load_weights, pour


def write(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write ``tensors``, dense, to ``path``; zeros are stored like any other value."""
    save_file(dict(tensors), path, metadata={"format": "pt"})


def load(path: Path, recipe: Recipe) -> nn.Module:
    """Return the recipe's model, built from its own source, with the weights in ``path``.

    Where units are gone, the model is captured and made as small as the recipe says.

    Raises:
        DataMismatch: A tensor is missing, unknown or of another shape.
        DamagedFile: ``path`` is no safetensors file.
        CannotCapture: Units are gone, and the model has no graph to remove them from.
    """
    if not recipe.units:
        return load_model(replace(recipe.reference, weights=str(path)))
    model = load_model(replace(recipe.reference, random=True))
    captured = capture(model, example_of(load_data(recipe.reference).calibration))
    smaller = remove(captured, {each.group: kept_units(each) for each in recipe.units}).module
    pour(smaller, load_weights(path), str(path))
    return smaller


def kept_units(removal: UnitRemoval) -> Tensor:
    """Return ``(units,)`` bool of a removal, True = keep."""
    keep = torch.ones(removal.total, dtype=torch.bool)
    keep[list(removal.removed)] = False
    return keep
