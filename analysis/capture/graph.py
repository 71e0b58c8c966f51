"""Capture a model once with ``torch.export`` and keep one functional graph for every use."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from prunescope.capture.functional import make_functional
from prunescope.errors import CannotCapture, PrunescopeError
from prunescope.user_code.patience import watched

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
    """

    module: fx.GraphModule
    example: Inputs


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


def capture(model: nn.Module, example: Inputs) -> Captured:
    """Return ``model``, in evaluation mode, as one functional graph.

    Args:
        model: Not modified, except that it is put into evaluation mode.
        example: A batch of at least two real samples on the model's device.

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
        with watched("capturing the model's graph"):
            program = _export(model, args, kwargs)
        module = program.module(check_guards=False)
        make_functional(module)
    except PrunescopeError:
        raise
    except Exception as error:
        raise CannotCapture(
            f"Expected a model that torch.export can capture, but it stopped: {_first(error)} "
            "Weight sparsities can still be swept by plain forwards; for groups, rewrite that "
            "part of forward()."
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    return Captured(module, example)


def _export(
    model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=1)

    def dynamic(leaf: object) -> object:
        return {0: batch} if isinstance(leaf, Tensor) and leaf.ndim else None

    shapes = pytree.tree_map(dynamic, (args, kwargs))
    positional, named = shapes
    with torch.no_grad(), _quiet():
        return torch.export.export(
            model,
            args,
            kwargs,
            dynamic_shapes=(*positional, *named.values())
            if not kwargs
            else _named(model, args, positional, named),
            strict=False,
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress torch's output, logs and warnings: errors are reported in a sentence, and outputs
    are compared after the export anyway.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _named(
    model: nn.Module, args: tuple[Any, ...], positional: Sequence[Any], named: dict[str, Any]
) -> dict[str, Any]:
    import inspect

    names = list(inspect.signature(model.forward).parameters)[: len(args)]
    return dict(zip(names, positional, strict=True)) | named


def _first(error: Exception) -> str:
    """The first sentence of torch's error message, on one line."""
    text = " ".join(str(error).split())
    sentence = text.split(". ")[0][:300] or type(error).__name__
    return sentence.rstrip(".") + "."
