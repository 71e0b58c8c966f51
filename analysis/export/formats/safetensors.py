"""Plain weights: a safetensors file under the original names, poured into the original class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.export.formats.format import Format, LoadingCode, quotable
from prunescope.export.loaded import Loaded, LoadedModule

if TYPE_CHECKING:
    from torch import Tensor, nn

    from prunescope.export.deliverable import Deliverable
    from prunescope.export.export_report import Check
    from prunescope.export.promise import Promise
    from prunescope.export.recipe import Recipe, UnitRemoval

FILE: Final = "model.safetensors"


class PlainWeights(Format):
    """Tensors by their original names, and nothing else."""

    name = "safetensors"
    file = FILE
    title = "Plain weights"
    purpose = (
        "Loads into your own class with load_state_dict, and into the model.py that comes with it: "
        "the smaller network in plain torch, where its graph allows."
    )
    rank = 0
    packages = ("safetensors",)
    beside: tuple[str, ...] = ("model.py",)

    def write(self, made: Deliverable, folder: Path) -> None:
        """Write all saved tensors, dense."""
        from prunescope.export.tensors import saved_tensors

        write(saved_tensors(made.module), folder / self.file)

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Pour the file into the recipe's model."""
        from prunescope.export.recipe import read_recipe

        return LoadedModule(lambda: load(file, read_recipe(recipe), study), threads)

    def further(self, made: Deliverable, folder: Path) -> tuple[Check, ...]:
        """Write the network in plain torch, where its graph allows."""
        from prunescope.export.plain_torch.check import write_source

        return (write_source(made, folder),)

    def size(self, file: Path, tensors: int, promised: Promise) -> Check:
        """Return the check of the bytes behind the header."""
        from prunescope.export.promised_bytes import tensors_and_names

        del tensors
        with file.open("rb") as opened:
            header = 8 + int.from_bytes(opened.read(8), "little")
        return tensors_and_names(file, header, promised)

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that loads into the reader's class, or the smaller tensors alone."""
        code = _SMALLER if recipe.units else _PLAIN
        return LoadingCode(code.format(model=quotable(recipe.reference.model)), _TRIAL)


def write(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write ``tensors``, dense, to ``path``; zeros are stored like any other value."""
    from safetensors.torch import save_file

    save_file(dict(tensors), path, metadata={"format": "pt"})


def load(path: Path, recipe: Recipe, study: Path | None = None) -> nn.Module:
    """Return the recipe's model, built from its own source, with the weights in ``path``.

    Where units are gone, the model is captured and made as small as the recipe says. A network
    that the study keeps is read from there instead.

    Raises:
        DataMismatch: A tensor is missing, unknown or of another shape.
        DamagedFile: ``path`` is no safetensors file.
        CannotCapture: Units are gone, and the model has no graph to remove them from.
    """
    from dataclasses import replace

    from prunescope.bench.studied_part import part_of, part_splits
    from prunescope.bench.workbench import example_of
    from prunescope.capture.choose_outputs import choose_outputs, chosen
    from prunescope.capture.graph import capture, captured_program
    from prunescope.coupling import choose_heads
    from prunescope.removal import remove
    from prunescope.sources.data import load_data
    from prunescope.sources.models import load_model
    from prunescope.sources.pt2 import read_program
    from prunescope.sources.weights import load_weights, pour

    located, names = recipe.reference.within(study), recipe.reference.outputs
    cut = recipe.reference.cut
    if not recipe.units:
        if cut is None or located.model.endswith(".pt2"):
            model = load_model(replace(located, weights=str(path)))
        else:
            model = part_of(load_model(located), cut)
            pour(model, load_weights(path), str(path))
        if names:
            model.register_forward_hook(lambda _model, _inputs, outputs: chosen(outputs, names))
        return model
    splits = load_data(recipe.reference.data_within(study))
    if cut is not None and (study is None or recipe.reference.own_data is None):
        splits = part_splits(load_model(recipe.reference.within(None)), cut, splits)
    example = example_of(splits.calibration)
    if study is not None and recipe.reference.own_network is not None:
        captured = captured_program(read_program(Path(located.model)), example)
    else:
        made = load_model(replace(located, random=True))
        captured = capture(made if cut is None else part_of(made, cut), example)
    captured = choose_heads(choose_outputs(captured, names), recipe.reference.heads)
    smaller = remove(captured, {each.group: kept_units(each) for each in recipe.units}).module
    pour(smaller, load_weights(path), str(path))
    return smaller


def kept_units(removal: UnitRemoval) -> Tensor:
    """Return ``(units,)`` bool of a removal, True = keep."""
    import torch

    keep = torch.ones(removal.total, dtype=torch.bool)
    keep[list(removal.removed)] = False
    return keep


_PLAIN: Final = '''

def load_safetensors(model=None):
    """model.safetensors: plain weights for your own class ({model}).

    Returns the model with the pruned weights, or the tensors by name when none is given.
    """
    from safetensors.torch import load_file

    tensors = load_file(HERE / "model.safetensors")
    if model is None:
        return tensors
    model.load_state_dict(tensors)
    return model.eval()
'''

_SMALLER: Final = '''

def load_safetensors():
    """model.safetensors: tensors by their original names ({model}), in their smaller shapes.

    recipe.json says which units are gone. model.py, where it lies beside, is the smaller network
    in plain torch: model.load(). model.pt2 is a program;
    prunescope.export.formats.safetensors.load builds it from your own source.
    """
    from safetensors.torch import load_file

    return load_file(HERE / "model.safetensors")
'''

_TRIAL: Final = """
    tensors = load_safetensors()
    zeros = sum(int((tensor == 0).sum()) for tensor in tensors.values())
    print(f"model.safetensors: {len(tensors)} tensors, {zeros} zeros")
"""

FORMAT = PlainWeights()
