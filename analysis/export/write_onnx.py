"""Write a graph as one ONNX file, through torch's exporter; sizes and outputs keep their names."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prunescope.errors import CannotCapture

if TYPE_CHECKING:
    import torch

    from prunescope.capture.free_dimensions import FreeDimension

_OPERATOR: Final = re.compile(r"(?<=op=')[\w.]+")
_LARGEST: Final = 2 << 30
"""A protobuf cannot be larger; past it ONNX keeps the weights in a second file."""


def write_onnx(
    program: torch.export.ExportedProgram,
    path: Path,
    dimensions: Sequence[FreeDimension] = (),
    opset: int | None = None,
) -> None:
    """Write ``program`` to ``path`` in one file; its free sizes have the names of ``dimensions``.

    Outputs in a dict keep their names.

    torch folds batch norms into the convolutions before them: the weights' zeros stay where they
    are, their other values change.

    Args:
        program: What is written.
        path: Of the file.
        dimensions: Names of the sizes that are free.
        opset: Of the operators; None for the one that torch writes.

    Raises:
        CannotCapture: An operator has no ONNX counterpart in this opset, or the file would exceed
            2 GiB.
    """
    import torch

    size = sum(t.numel() * t.element_size() for t in program.state_dict.values())
    if size >= _LARGEST:
        raise CannotCapture(
            f"Expected less than 2 GiB of weights for one ONNX file, but got {size / 2**30:.1f} "
            "GiB. Export .pt2 or plain weights."
        )
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # the exporter prints its steps
            made = torch.onnx.export(
                program, (), dynamo=True, external_data=False, verbose=False, optimize=True,
                opset_version=opset,
            )  # fmt: skip
    except Exception as error:
        raise CannotCapture(
            f"Expected a graph that ONNX can express, but got: {_lacking(error)} Export .pt2 or "
            "plain weights instead."
        ) from error
    if made is None:
        raise CannotCapture("Expected torch to return an ONNX program, but got none.")
    _require_opset(made.model, opset)
    _forget_paths(made.model)
    _name_sizes(made.model, dimensions)
    _name_outputs(made.model, program)
    made.save(str(path), external_data=False)


def _lacking(error: Exception) -> str:
    """The operator that has no ONNX form, which the exporter names in a cause; or what it says."""
    from prunescope.export.formats.pt2 import first_sentence

    cause: BaseException | None = error
    while cause is not None:
        named = _OPERATOR.search(str(cause))
        if "No ONNX function" in str(cause) and named is not None:
            return f"the operator {named.group(0)}, which it lacks."
        cause = cause.__cause__ or cause.__context__
    return first_sentence(error)


def _require_opset(model: Any, opset: int | None) -> None:
    """Torch keeps its own opset, with a warning, where an operator has no older form."""
    got = model.graph.opset_imports.get("", 0)
    if opset is not None and got != opset:
        raise CannotCapture(
            f"Expected a graph that ONNX opset {opset} can express, but torch writes it in opset "
            f"{got}. Export with opset {got}, or leave it out."
        )


def _name_outputs(model: Any, program: torch.export.ExportedProgram) -> None:
    """Give outputs that the network returns in a dict the names that they have there."""
    from torch.utils import _pytree as pytree

    from prunescope.capture.outputs import named_leaves

    spec, outputs = program.call_spec.out_spec, model.graph.outputs
    if spec is None or spec.num_leaves != len(outputs) or spec.type is not dict:
        return
    names = [name for name, _ in named_leaves(pytree.tree_unflatten([*range(len(outputs))], spec))]
    taken = {value.name for value in model.graph.inputs} | set(model.graph.initializers)
    taken |= {value.name for node in model.graph for value in node.outputs}
    if len({id(value) for value in outputs}) == len(outputs) and not taken & set(names):
        for value, name in zip(outputs, names, strict=True):
            value.name = name


def _forget_paths(model: Any) -> None:
    """Notes for debugging would tell every reader how the author's folders are called."""
    for node in model.graph.all_nodes():
        node.metadata_props.clear()


def _name_sizes(model: Any, dimensions: Sequence[FreeDimension]) -> None:
    """Call free sizes ``batch``, ``sequence`` and so on wherever torch calls them ``s34``."""
    import onnx_ir

    graph = model.graph
    inputs = {each.name: each.shape for each in graph.inputs if each.shape is not None}
    wanted = [(name, 0, "batch") for name, shape in inputs.items() if len(shape)]
    wanted += [(each.input, each.place[1], each.name) for each in dimensions]
    sizes = [(inputs[name][place], word) for name, place, word in wanted if name in inputs]
    words = {size.value: word for size, word in sizes if isinstance(size, onnx_ir.SymbolicDim)}
    made = [value for node in graph.all_nodes() for value in node.outputs]
    for value in [*graph.inputs, *made]:
        if value.shape is not None and not value.shape.frozen:
            for place, size in enumerate(value.shape):
                if isinstance(size, onnx_ir.SymbolicDim) and size.value in words:
                    value.shape[place] = words[size.value]
