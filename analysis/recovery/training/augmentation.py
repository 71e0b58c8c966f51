"""Augmentation by reference: a transform of one sample, or a function of a whole batch."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.errors import BadValue, DataMismatch
from prunescope.recovery.training.drawn import drawn
from prunescope.recovery.training.training_batch import Batch
from prunescope.sources.functions import find_function, source_hash
from prunescope.user_code.guard import guarded

Augment = Callable[[Batch, int, int], Batch]
"""``(batch, step, part) → batch``, its samples changed at random by the place alone."""


def load_augmentation(reference: str, seed: int) -> tuple[Augment, str]:
    """Return what ``reference`` names, and a hash of its source.

    It may be a transform of one sample's input, such as torchvision's ``v2.Compose([...])``; a
    class of such transforms that needs no arguments; a function without required arguments that
    returns a transform; or a function of ``(inputs, targets)`` of a whole batch that returns both,
    as MixUp and CutMix are.

    Args:
        reference: ``file.py:name`` or ``torchvision.transforms.v2:NAME``.
        seed: Of the training.

    Raises:
        BadReference, UnknownName: Nothing of that name.
    """
    made: Any = find_function("augmentation", reference)
    identity = source_hash(made)
    if inspect.isclass(made) or (inspect.isroutine(made) and not _required(made)):
        with guarded(
            f"{reference} to give a transform when called without arguments",
            "Name a transform that is made already, such as flips = v2.Compose([...]).",
        ):
            made = made()
    return made_augmentation(made, reference, seed), identity


def made_augmentation(made: object, name: str, seed: int) -> Augment:
    """Return a transform, see ``load_augmentation``, as what changes batches.

    Args:
        made: The transform.
        name: What to call it.
        seed: Of the training.

    Raises:
        BadValue: It is none.
    """
    if not callable(made):
        raise BadValue(
            f"Expected {name} to give a transform, but got {type(made).__name__}. Return a "
            "callable that takes a sample."
        )
    call: Callable[..., Any] = made
    change = _of_batch if _takes_batches(call) else _of_samples

    def augment(batch: Batch, step: int, part: int) -> Batch:
        with drawn(seed, "augment", step, part), guarded(
            f"augmentation {name} to change a batch", "Mend the transform.", DataMismatch,
            "augmenting",
        ), torch.no_grad():  # fmt: skip
            inputs, targets = change(call, batch)
        return Batch(inputs, targets)

    return augment


def _required(function: Callable[..., Any]) -> list[str]:
    """Names of the arguments that a call must give."""
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [a.name for a in arguments if a.kind in positional and a.default is a.empty]


def _takes_batches(made: Callable[..., Any]) -> bool:
    """Whether it changes batches: MixUp and CutMix, and functions of two arguments."""
    return hasattr(made, "num_classes") or len(_required(made)) == 2


def _of_batch(made: Callable[..., Any], batch: Batch) -> tuple[Any, Any]:
    changed = made(batch.inputs, batch.targets)
    if not isinstance(changed, tuple | list) or len(changed) != 2:
        raise BadValue(
            f"Expected an augmentation of batches to return (inputs, targets), but got "
            f"{type(changed).__name__}. Return both."
        )
    return changed[0], changed[1]


def _of_samples(made: Callable[..., Any], batch: Batch) -> tuple[Any, Any]:
    """Each sample alone: one draw for a whole batch would move all of it alike."""
    leaves, form = pytree.tree_flatten(batch.inputs)
    count = len(batch)
    changed = [
        pytree.tree_leaves(
            made(
                pytree.tree_unflatten([x[i] if isinstance(x, Tensor) else x for x in leaves], form)
            )
        )
        for i in range(count)
    ]
    joined = [
        torch.stack([one[place] for one in changed]) if isinstance(leaf, Tensor) else leaf
        for place, leaf in enumerate(leaves)
    ]
    return pytree.tree_unflatten(joined, form), batch.targets
