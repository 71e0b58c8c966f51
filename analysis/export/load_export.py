"""Pour an export into the user's own ``nn.Module`` class."""

from pathlib import Path

from torch import Tensor, nn

from prunescope.bench.studied_part import part_of
from prunescope.capture.graph import Inputs
from prunescope.errors import CannotPrune
from prunescope.export.formats.safetensors import kept_units
from prunescope.export.recipe import Recipe, read_recipe
from prunescope.removal import load_pruned
from prunescope.sources.pt2 import program_inputs
from prunescope.sources.weights import load_weights, pour


def stored_example(program: Path) -> Inputs | None:
    """Return the batch that an export's ``.pt2`` file was captured with, or None without one."""
    return program_inputs(program) if program.is_file() else None


def load_export(
    module: nn.Module, recipe: Path, weights: Path, example: Inputs | None = None
) -> nn.Module:
    """Return ``module`` with an export's weights in it, smaller where units are gone.

    Args:
        module: Of the class that was pruned; modified in place, its own weights do not matter. Of a
            model of which a part was pruned, only that part is changed.
        recipe: The export's ``recipe.json``.
        weights: The export's safetensors file.
        example: A batch of two samples, as the model takes them; needed where units are gone.

    Raises:
        CannotPrune: The forward of this class holds sizes of its own, so only the exported graph
            can be smaller; or an example is missing.
        DataMismatch: The weights are not of this class.
    """
    known = read_recipe(recipe)
    tensors = load_weights(weights)
    if known.reference.cut is not None:
        pruned = part_of(module, known.reference.cut)
        _load(pruned, known, tensors, weights, example)
        return module.eval()
    return _load(module, known, tensors, weights, example)


def _load(
    module: nn.Module,
    known: Recipe,
    tensors: dict[str, Tensor],
    weights: Path,
    example: Inputs | None,
) -> nn.Module:
    if not known.units:
        pour(module, tensors, str(weights))
        return module.eval()
    if example is None:
        raise CannotPrune(
            "Expected an example batch, because units are gone and the class has to be captured "
            "to see where, but got none. Pass example=, a batch of two samples."
        )
    removal = {each.group: kept_units(each) for each in known.units}
    named = known.reference
    return load_pruned(
        module, removal, tensors, example, outputs=named.outputs, heads=named.heads
    ).eval()
