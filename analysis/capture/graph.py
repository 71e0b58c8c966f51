"""Capture a model once with ``torch.export`` and keep one functional graph for every use."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from prunescope.capture.divide_recurrent import divide_recurrent
from prunescope.capture.export_program import Place, export_program
from prunescope.capture.fold_constants import fold_constants, fold_copies
from prunescope.capture.functional import differentiable_copies, loosen_views, make_functional
from prunescope.capture.grouped_product import own_grouped
from prunescope.capture.inline_blocks import inline_blocks
from prunescope.capture.known_constants import hangs_on_data
from prunescope.capture.named_outputs import name_outputs
from prunescope.capture.stopped_trace import next_step, stopped_place
from prunescope.capture.tied_weights import tie_again
from prunescope.errors import CannotCapture, HangsOnData, PrunescopeError
from prunescope.user_code.patience import watched
from prunescope.user_code.signals import LeftProcess, no_silent_exit, own_signals

Inputs = Tensor | Sequence[Any] | Mapping[str, Any]
"""A batch: one tensor, a tuple of arguments, or a dict of keyword arguments; dimension 0 of
every tensor counts samples."""


@dataclass(frozen=True)
class Captured:
    """A model as one functional graph of ATen operators with a dynamic batch dimension.

    Attributes:
        module: Gives the model's outputs bit for bit, keeps its parameter names, and holds no
            operator that writes to a tensor. Flags for training (``aten.batch_norm``,
            ``aten.dropout``) are arguments in the graph; as captured they say evaluation.
        example: Two real samples, as they are passed to the model.
        largest: The most samples in a batch for which the graph is the model's, or None for any.
        program: What the graph was made from, with the same parameters; None for a smaller graph.
        free: The other dimensions of inputs that may have any size; a graph to study has none.
    """

    module: fx.GraphModule
    example: Inputs
    largest: int | None = None
    program: torch.export.ExportedProgram | None = field(default=None, repr=False, compare=False)
    free: tuple[Place, ...] = ()


def call_arguments(inputs: Inputs) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return ``(args, kwargs)`` with which a model is called on the batch ``inputs``.

    >>> call_arguments({"ids": 1})
    ((), {'ids': 1})
    """
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    if isinstance(inputs, Tensor):
        return (inputs,), {}
    return tuple(inputs), {}


def beside(inputs: Inputs, module: nn.Module) -> Inputs:
    """Return the batch ``inputs`` where ``module``'s weights lie; no copy where it lies there."""
    weights = (tensor for tensors in (module.parameters(), module.buffers()) for tensor in tensors)
    device = next((tensor.device for tensor in weights), None)
    if device is None:
        return inputs
    moved = pytree.tree_map(
        lambda leaf: (
            leaf.to(device, non_blocking=True)
            if isinstance(leaf, Tensor) and leaf.device != device
            else leaf
        ),
        inputs,
    )
    return cast(Inputs, moved)


def batch_size(inputs: Inputs) -> int:
    """Return the number of samples in the batch ``inputs``."""
    leaves = [leaf for leaf in pytree.tree_leaves(inputs) if isinstance(leaf, Tensor)]
    return int(leaves[0].shape[0])


def take(inputs: Inputs, rows: slice | Tensor) -> Inputs:
    """Return the samples ``rows`` of the batch ``inputs``, every tensor indexed alike."""
    chosen = pytree.tree_map(lambda leaf: leaf[rows] if isinstance(leaf, Tensor) else leaf, inputs)
    return cast(Inputs, chosen)


def copy_inputs(inputs: Inputs) -> Inputs:
    """Return the batch ``inputs`` with every tensor copied, for a model that may write to it."""
    copies = pytree.tree_map(
        lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf, inputs
    )
    return cast(Inputs, copies)


def constants(module: fx.GraphModule) -> dict[str, Tensor]:
    """Return by name the tensors that the graph reads besides parameters and buffers."""
    tensors = {}
    for node in module.graph.nodes:
        value = getattr(module, node.target, None) if node.op == "get_attr" else None
        if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
            tensors[node.target] = value
    return tensors


def capture(model: nn.Module, example: Inputs, free: Collection[Place] = ()) -> Captured:
    """Return ``model``, in evaluation mode, as one functional graph.

    Args:
        model: Not modified, except that it is put into evaluation mode; nothing should have run it
            since it was made (``fresh_copy``).
        example: A batch of at least two real samples on the model's device.
        free: Dimensions of inputs that should have any size; those that cannot get a fixed one.

    Raises:
        CannotCapture: ``torch.export`` refuses the model, or its graph cannot be made
            functional; the message says where.
    """
    with contextlib.suppress(NotImplementedError):  # a program stays in the mode of its export
        model.eval()
    example = take(example, slice(0, 2))
    args, kwargs = call_arguments(example)
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # its fused operators hide the projections
    try:
        with watched("capturing the model's graph") as call:
            try:
                with own_signals(call), no_silent_exit():
                    exported = export_program(model, args, kwargs, free)
            except (SystemExit, KeyboardInterrupt, LeftProcess) as error:
                if isinstance(error, KeyboardInterrupt) and call.interrupted:
                    raise
                raise RuntimeError(f"{type(error).__name__}: {error}") from error
        name_outputs(exported.program)
        own_grouped(exported.program.graph)
        module = _functional(exported.program)
    except PrunescopeError:
        raise
    except Exception as error:
        place = stopped_place(error)
        sentence = (
            f"Expected a model that torch.export can capture, but it stopped"
            f"{f' at {place}' if place else ''}: {_first(error)} "
            f"Weight sparsities can still be swept by plain forwards. {next_step(model, error)}"
        )
        if hangs_on_data(error):
            raise HangsOnData(sentence, place) from error
        raise CannotCapture(sentence) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    return Captured(module, example, exported.largest, exported.program, tuple(free))


def captured_program(program: torch.export.ExportedProgram, example: Inputs) -> Captured:
    """Return the graph of a program that ``capture`` made, rewritten as it was there.

    Nothing is traced again, so the graph is the same down to the names of its operators.

    Args:
        program: As ``Captured.program``; its parameters become the graph's own.
        example: A batch of at least two real samples on the program's device.
    """
    name_outputs(program)
    module = _functional(program)
    tie_again(module)
    for parameter in module.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    return Captured(module, take(example, slice(0, 2)), _largest(program), program)


def _largest(program: torch.export.ExportedProgram) -> int | None:
    """The most samples that the program takes at once, None for any number."""
    inputs = set(program.graph_signature.user_inputs)
    for node in program.graph.nodes:
        value = node.meta.get("val") if node.name in inputs else None
        size: Any = value.shape[0] if isinstance(value, Tensor) and value.ndim else None
        if isinstance(size, torch.SymInt):
            bounds = program.range_constraints.get(size.node.expr)
            return int(bounds.upper) if bounds is not None and bounds.upper.is_Integer else None
    return None


def _functional(program: torch.export.ExportedProgram) -> fx.GraphModule:
    """The program's graph without writes: our own way where it can, else torch's.

    Torch's rewrites every view of a written tensor, so coupling meets more operators there.
    """
    try:
        return _rewritten(program)
    except CannotCapture:
        return _rewritten(program.run_decompositions({}))


def _rewritten(program: torch.export.ExportedProgram) -> fx.GraphModule:
    module = program.module(check_guards=False)
    assert isinstance(module, fx.GraphModule)
    inline_blocks(module)
    fold_constants(module)
    make_functional(module)
    loosen_views(module)
    differentiable_copies(module)
    divide_recurrent(module)
    fold_copies(module)
    return module


def _first(error: Exception) -> str:
    """The first sentence of torch's error message, on one line."""
    text = " ".join(str(error).split())
    sentence = text.split(". ")[0][:300] or type(error).__name__
    return sentence.rstrip(".") + "."
