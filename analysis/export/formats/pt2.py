"""The captured graph as a program: ``.pt2``, and what ONNX is made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from prunescope.errors import CannotCapture
from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import Loaded, LoadedModule

if TYPE_CHECKING:
    import torch
    from torch import fx, nn

    from prunescope.capture.graph import Captured, Inputs
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.recipe import Recipe


class Program(Format):
    """A program that needs no source code."""

    name = "pt2"
    file = "model.pt2"
    title = "PyTorch program"
    purpose = (
        "Runs and trains in PyTorch without your source code, at any batch size, and at any other "
        "size that is free in the model."
    )
    rank = 1
    graph = True

    def write(self, made: Deliverable, folder: Path) -> None:
        """Export the graph and save it."""
        assert made.captured is not None
        write(exported(made.captured), folder / self.file)

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Load the program; the recipe is not read."""
        del recipe, study
        return LoadedModule(lambda: load(file), threads)

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that gives a module."""
        del recipe
        return LoadingCode(_LOAD, _TRIAL)


def exported(captured: Captured) -> torch.export.ExportedProgram:
    """Return ``captured`` as a program, with the weights that it has now.

    It takes any batch size, and any size along the dimensions that are free in ``captured``. Its
    outputs lie in plain containers, so that it needs no class of the model's package.

    Raises:
        CannotCapture: ``torch.export`` refuses the graph; the message says where.
    """
    import torch

    from prunescope.capture.export_program import dynamic_shapes
    from prunescope.capture.graph import call_arguments
    from prunescope.capture.grouped_product import plain_operators
    from prunescope.capture.named_outputs import plain_outputs

    args, kwargs = call_arguments(_alone(captured.example))
    dynamic = dynamic_shapes(args, kwargs, captured.free)
    try:
        with torch.no_grad():
            program = torch.export.export(
                plain_operators(captured.module),
                args,
                kwargs,
                dynamic_shapes=dynamic[1] if kwargs else dynamic[0],
                strict=False,
            )
    except Exception as error:
        raise CannotCapture(
            "Expected the pruned graph to export again, but torch.export stopped: "
            f"{first_sentence(error)} Export plain weights instead."
        ) from error
    _require_free(program, captured)
    _forget_paths(program.graph_module)
    plain_outputs(program)
    return program


def _require_free(program: torch.export.ExportedProgram, captured: Captured) -> None:
    import torch

    inputs = [node for node in program.graph.nodes if node.op == "placeholder"]
    own = inputs[len(inputs) - len(program.graph_signature.user_inputs) :]
    for position, dimension in captured.free:
        if not isinstance(own[position].meta["val"].shape[dimension], torch.SymInt):
            raise CannotCapture(
                f"Expected dimension {dimension} of {own[position].name} to stay free, but the "
                "graph fixes its size. Export it with the studied sizes."
            )


def write(program: torch.export.ExportedProgram, path: Path) -> None:
    """Write ``program`` to ``path``, which ends in ``.pt2``."""
    import torch

    torch.export.save(program, path)


def load(path: Path) -> nn.Module:
    """Return the program in ``path`` as a module, with no help from the model's source."""
    from prunescope.sources.pt2 import read_program

    return cast("nn.Module", read_program(path).module())


def first_sentence(error: Exception) -> str:
    """Return the first sentence of a long complaint, on one line."""
    text = " ".join(str(error).split())
    return (text.split(". ")[0][:300] or type(error).__name__).rstrip(".") + "."


def _alone(example: Inputs) -> Inputs:
    """Two rows are a view into all samples, and saving a view saves everything behind it."""
    from torch import Tensor
    from torch.utils import _pytree as pytree

    copied = pytree.tree_map(lambda x: x.clone() if isinstance(x, Tensor) else x, example)
    return cast("Inputs", copied)


def _forget_paths(module: fx.GraphModule) -> None:
    """Stack traces would tell every reader of the file how the author's folders are called."""
    for node in module.graph.nodes:
        node.meta.pop("stack_trace", None)


_LOAD: Final = '''

def load_pt2():
    """model.pt2: a module that needs no source code; the sizes that it takes are named above."""
    import torch

    return torch.export.load(HERE / "model.pt2").module()
'''

_TRIAL: Final = """
    module = load_pt2()
    print(f"model.pt2: {sum(p.numel() for p in module.parameters())} parameters")
"""

FORMAT = Program()
