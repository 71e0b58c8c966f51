"""The captured graph as a program: ``.pt2``, and what ONNX is made from."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Captured, Inputs, call_arguments
from prunescope.errors import CannotCapture
from prunescope.sources.pt2 import read_program


def exported(captured: Captured) -> torch.export.ExportedProgram:
    """Return ``captured`` as a program of any batch size, with the weights that it has now.

    Raises:
        CannotCapture: ``torch.export`` refuses the graph; the message says where.
    """
    args, kwargs = call_arguments(_alone(captured.example))
    batch = torch.export.Dim("batch", min=1)
    dynamic = pytree.tree_map(
        lambda leaf: {0: batch} if isinstance(leaf, Tensor) and leaf.ndim else None, (args, kwargs)
    )
    try:
        with torch.no_grad():
            program = torch.export.export(
                captured.module,
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
    _forget_paths(program.graph_module)
    return program


def write(program: torch.export.ExportedProgram, path: Path) -> None:
    """Write ``program`` to ``path``, which ends in ``.pt2``."""
    torch.export.save(program, path)


def load(path: Path) -> nn.Module:
    """Return the program in ``path`` as a module, with no help from the model's source."""
    return cast(nn.Module, read_program(path).module())


def first_sentence(error: Exception) -> str:
    """Return the first sentence of a long complaint, on one line."""
    text = " ".join(str(error).split())
    return (text.split(". ")[0][:300] or type(error).__name__).rstrip(".") + "."


def _alone(example: Inputs) -> Inputs:
    """Two rows are a view into all samples, and saving a view saves everything behind it."""
    copied = pytree.tree_map(lambda x: x.clone() if isinstance(x, Tensor) else x, example)
    return cast(Inputs, copied)


def _forget_paths(module: fx.GraphModule) -> None:
    """Stack traces would tell every reader of the file how the author's folders are called."""
    for node in module.graph.nodes:
        node.meta.pop("stack_trace", None)
