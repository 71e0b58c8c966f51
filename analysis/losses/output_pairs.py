"""Outputs beside the targets that they are compared with, head by head."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from prunescope.capture.outputs import named_leaves
from prunescope.capture.ragged import Ragged
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import logits


def output_pairs(outputs: Any, targets: Any, name: str) -> list[tuple[Tensor, Tensor]]:
    """Return each output that there is a target for, with it.

    Targets that are a dict or a tuple belong to the outputs of the same names or positions. A
    single tensor belongs to the output of its kind: whole numbers to the one that looks like class
    logits (else to one with as many values), real ones to the first real one of as many values.

    Args:
        outputs: What the model returned.
        targets: A tensor, or any nest of tensors.
        name: Of the loss, for errors.

    Raises:
        DataMismatch: A target goes with no output, or there is none.
    """
    leaves = {each: leaf for each, leaf in named_leaves(outputs) if isinstance(leaf, Tensor)}
    if isinstance(targets, Tensor):
        return [(_of_kind(outputs, leaves, targets, name), targets)]
    wanted = {each: leaf for each, leaf in named_leaves(targets) if isinstance(leaf, Tensor)}
    if any(isinstance(leaf, Ragged) for _, leaf in named_leaves(targets)):
        raise DataMismatch(
            f"Expected a tensor of targets for each output for the loss {name}, but samples have "
            "different numbers of them. Give a loss of your own: file.py:function."
        )
    if not wanted:
        raise DataMismatch(
            f"Expected targets for the loss {name}, but there are none. Add them to the data, or "
            "choose a criterion that needs none."
        )
    missing = [each for each in wanted if each not in leaves]
    if missing:
        raise DataMismatch(
            f"Expected an output for each target of the loss {name}, but there is none called "
            f"{missing[0]!r} among {', '.join(leaves)}. Name the targets as the outputs, or give "
            "your own loss."
        )
    return [(leaves[each], target) for each, target in wanted.items()]


def _of_kind(outputs: Any, leaves: Mapping[str, Tensor], target: Tensor, name: str) -> Tensor:
    alike = [
        leaf for leaf in leaves.values()
        if leaf.is_floating_point() and leaf.numel() == target.numel()
    ]  # fmt: skip
    if not target.is_floating_point():
        rows = logits(outputs)
        if rows is not None and len(rows) == target.numel():
            return _whole(leaves, rows)
    if alike:
        return alike[0]
    shapes = ", ".join(str(tuple(leaf.shape)) for leaf in leaves.values())
    raise DataMismatch(
        f"Expected outputs that targets of shape {tuple(target.shape)} go with for the loss "
        f"{name}, but the model returns {shapes or 'no tensor'}. Give your own loss."
    )


def _whole(leaves: Mapping[str, Tensor], rows: Tensor) -> Tensor:
    """The output whose values ``rows`` are."""
    storage = rows.untyped_storage().data_ptr()
    same = (x for x in leaves.values() if x.untyped_storage().data_ptr() == storage)
    return next(same, rows)
