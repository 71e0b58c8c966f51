"""Export a model with ``torch.export``: again with the batch bounds that torch suggests."""

import contextlib
import inspect
import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.capture.known_constants import KnownConstants, hangs_on_data

_TRIES: Final = 4
_SUGGESTED: Final = re.compile(r"\bbatch = Dim\('batch'(?:, min=(\d+))?(?:, max=(\d+))?\)")


@dataclass(frozen=True)
class Exported:
    """A program, and how many samples it takes at once.

    Attributes:
        program: With a dynamic batch dimension.
        largest: Samples in a batch at most, or None for any number.
    """

    program: torch.export.ExportedProgram
    largest: int | None


def export_program(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Exported:
    """Return ``model`` as a program.

    Where the model's code treats large batches otherwise, torch names the batch sizes for which
    one graph holds, and the program is made for those. Where the code reads a number out of a
    constant tensor, the number that it holds is used.

    Raises:
        Exception: Whatever torch raises, from the line of ``forward()`` where it stopped.
    """
    largest: int | None = None
    known: KnownConstants | None = None
    for _ in range(_TRIES - 1):
        try:
            return Exported(_exported(model, args, kwargs, largest, known), largest)
        except Exception as error:
            limit = _suggested(error)
            if limit is not None and limit != largest:
                largest = limit
            elif known is None and hangs_on_data(error):
                known = KnownConstants(model)
            else:
                raise
    return Exported(_exported(model, args, kwargs, largest, known), largest)


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
) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=1, max=largest)

    def dynamic(leaf: object) -> object:
        return {0: batch} if isinstance(leaf, Tensor) and leaf.ndim else None

    positional, named = pytree.tree_map(dynamic, (args, kwargs))
    with torch.no_grad(), _quiet(), known or contextlib.nullcontext():
        return torch.export.export(
            model,
            args,
            kwargs,
            dynamic_shapes=(*positional, *named.values())
            if not kwargs
            else _named(model, args, positional, named),
            strict=False,
        )


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
