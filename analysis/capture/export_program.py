"""Export a model with ``torch.export``: again with the batch bounds that torch suggests."""

import contextlib
import inspect
import io
import logging
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.capture.known_constants import KnownConstants, hangs_on_data

Place = tuple[int, int]
"""Position of a tensor among the leaves of ``(args, kwargs)``, and a dimension of it."""
_TRIES: Final = 4
_SUGGESTED: Final = re.compile(r"\bbatch = Dim\('batch'(?:, min=(\d+))?(?:, max=(\d+))?\)")

_LEFT_BEHIND: Final = "found a fake tensor in the exported program constant's list"
"""Now and then, in a process that has traced much, torch takes up a tensor of an earlier trace:
seen once with `nn.RNN`. The next trace has none."""


@dataclass(frozen=True)
class Exported:
    """A program, and how many samples it takes at once.

    Attributes:
        program: With a dynamic batch dimension.
        largest: Samples in a batch at most, or None for any number.
    """

    program: torch.export.ExportedProgram
    largest: int | None


def export_program(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    free: Collection[Place] = (),
) -> Exported:
    """Return ``model`` as a program whose batch is free.

    Where the model's code treats large batches otherwise, torch names the batch sizes for which
    one graph holds, and the program is made for those. Where the code reads a number out of a
    constant tensor, the number that it holds is used.

    Args:
        model: In evaluation mode.
        args: That it is called with.
        kwargs: Likewise.
        free: Dimensions of inputs that should be free too, where the model's code allows it.

    Raises:
        Exception: Whatever torch raises, from the line of ``forward()`` where it stopped.
    """
    largest: int | None = None
    known: KnownConstants | None = None
    for _ in range(_TRIES - 1):
        try:
            return Exported(_exported(model, args, kwargs, largest, known, free), largest)
        except Exception as error:
            limit = _suggested(error)
            if limit is not None and limit != largest:
                largest = limit
            elif known is None and hangs_on_data(error):
                known = KnownConstants(model)
            else:
                raise
    return Exported(_exported(model, args, kwargs, largest, known, free), largest)


def _suggested(error: Exception) -> int | None:
    """The largest batch that torch suggests, if that is all that it suggests."""
    suggestion = _SUGGESTED.search(str(error))
    if suggestion is None or suggestion[2] is None or int(suggestion[1] or 0) > 1:
        return None
    return int(suggestion[2])


def _exported(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    largest: int | None,
    known: KnownConstants | None,
    free: Collection[Place],
) -> torch.export.ExportedProgram:
    positional, named = dynamic_shapes(args, kwargs, free, largest)
    sizes = _named(model, args, positional, named) if kwargs else (*positional, *named.values())

    def export() -> torch.export.ExportedProgram:
        return torch.export.export(model, args, kwargs, dynamic_shapes=sizes, strict=False)

    with torch.no_grad(), _quiet(), known or contextlib.nullcontext():
        try:
            return export()
        except RuntimeError as error:
            if _LEFT_BEHIND not in str(error):
                raise
            return export()


def dynamic_shapes(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    free: Collection[Place] = (),
    largest: int | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Return what ``torch.export`` is told about the sizes of ``(args, kwargs)``.

    Dimension 0 of every tensor is the batch; of the dimensions ``free``, torch finds out itself
    which can be free and which are equal.
    """
    batch = torch.export.Dim("batch", min=1, max=largest)
    leaves, spec = pytree.tree_flatten((args, kwargs))

    def dynamic(place: int, leaf: object) -> object:
        if not isinstance(leaf, Tensor) or not leaf.ndim:
            return None
        others = [dimension for position, dimension in free if position == place]
        return {0: batch} | dict.fromkeys(others, torch.export.Dim.AUTO)

    shapes = [dynamic(place, leaf) for place, leaf in enumerate(leaves)]
    positional, named = pytree.tree_unflatten(shapes, spec)
    return positional, named


def _named(
    model: nn.Module, args: tuple[Any, ...], positional: Sequence[Any], named: dict[str, Any]
) -> dict[str, Any]:
    names = list(inspect.signature(model.forward).parameters)[: len(args)]
    return dict(zip(names, positional, strict=True)) | named


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
