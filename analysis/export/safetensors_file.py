"""Plain weights: a safetensors file under the original names, poured into the original class."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from analysis.export.recipe import Recipe
from analysis.sources.models import load_model


def write(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write ``tensors``, dense, to ``path``; zeros are stored like any other value."""
    save_file(dict(tensors), path, metadata={"format": "pt"})


def load(path: Path, recipe: Recipe) -> nn.Module:
    """Return the recipe's model, built from its own source, with the weights in ``path``.

    Raises:
        DataMismatch: A tensor is missing, unknown or of another shape.
        DamagedFile: ``path`` is no safetensors file.
    """
    return load_model(replace(recipe.reference, weights=str(path)))
