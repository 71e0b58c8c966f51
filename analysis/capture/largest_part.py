"""The largest part of a model that can be captured, where the whole cannot.

Detectors choose boxes by their scores: how many, no graph can know. What comes before, a backbone,
is called once with tensors of which dimension 0 counts samples, and such a part can be studied.
"""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.capture.fresh_copy import fresh_copy
from prunescope.capture.graph import Inputs, call_arguments, copy_inputs, take
from prunescope.errors import DataMismatch
from prunescope.user_code.guard import guarded

SMALLEST: Final = 1 / 3
"""Share of the model's parameters that a part must have to be studied in its place."""


class _Reached(Exception):
    """The part was called."""


@dataclass(frozen=True)
class Part:
    """A module inside of a model, and what it is called with.

    Attributes:
        name: Dotted, in the model.
        module: The model's own.
        example: What the model gave it for two samples.
    """

    name: str
    module: nn.Module
    example: Inputs


def parts(model: nn.Module, example: Inputs) -> Iterator[Part]:
    """Yield the parts that could be studied in place of ``model``, the largest first.

    Each is called once, takes and returns tensors of which dimension 0 counts samples, and has a
    third of the parameters at least.

    Args:
        model: In evaluation mode.
        example: Two samples, as the model takes them.
    """
    model = fresh_copy(model)
    whole = _size(model)
    modules = {
        name: module
        for name, module in model.named_modules()
        if name and _size(module) >= max(1, SMALLEST * whole)
    }
    try:
        one, two = (_calls(model, modules, take(example, slice(0, n))) for n in (1, 2))
    except DataMismatch:
        return
    for name, module in sorted(modules.items(), key=lambda entry: -_size(entry[1])):
        if len(one[name]) == len(two[name]) == 1:
            alone, inputs = one[name][0], two[name][0]
            if _counts(alone, 1) and _counts(inputs, 2) and _answers(module, inputs):
                yield Part(name, module, inputs)


def part_inputs(model: nn.Module, name: str, inputs: Inputs) -> Inputs:
    """Return what the part ``name`` is called with when ``model`` runs on the batch ``inputs``.

    The model stops there: what follows is not run.

    Raises:
        DataMismatch: The model fails before it, or does not call it.
    """
    part = model.get_submodule(name)
    seen: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def reached(*args: Any, **kwargs: Any) -> None:
        seen.append((args, kwargs))
        raise _Reached

    with instead(part, reached), torch.no_grad(), guarded(
        f"the model to run on a batch up to {name}", "Check that all samples have its input shape.",
        DataMismatch, f"running the model up to {name}",
    ):  # fmt: skip
        _run(model, inputs)
    if not seen:
        raise DataMismatch(
            f"Expected the model to call {name}, but it did not. Check that its forward() is the "
            "one that the study was made with."
        )
    return _as_inputs(part, *seen[0])


@contextmanager
def instead(part: nn.Module, forward: Any) -> Iterator[None]:
    """While it is active, ``part`` computes ``forward`` instead of its own."""
    own = vars(part).get("forward")
    part.forward = forward
    try:
        yield
    finally:
        del part.forward
        if own is not None:
            part.forward = own


def _run(model: nn.Module, inputs: Inputs) -> None:
    args, kwargs = call_arguments(copy_inputs(inputs))
    with suppress(_Reached):
        model(*args, **kwargs)


def _as_inputs(part: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inputs:
    if kwargs:
        return dict(inspect.signature(part.forward).bind(*args, **kwargs).arguments)
    if len(args) == 1 and isinstance(args[0], Tensor):
        return args[0]
    return args


def _calls(
    model: nn.Module, modules: Mapping[str, nn.Module], example: Inputs
) -> dict[str, list[Inputs]]:
    """What each of ``modules`` is called with in one run of ``model``."""
    calls: dict[str, list[Inputs]] = {name: [] for name in modules}

    def note(name: str) -> Any:
        def noted(part: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            calls[name].append(copy_inputs(_as_inputs(part, args, kwargs)))

        return noted

    hooks = [
        module.register_forward_pre_hook(note(name), with_kwargs=True)
        for name, module in modules.items()
    ]
    try:
        with torch.no_grad(), guarded("the model to run", "Check its data.", DataMismatch):
            _run(model, example)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def _answers(part: nn.Module, inputs: Inputs) -> bool:
    args, kwargs = call_arguments(copy_inputs(inputs))
    with torch.no_grad():
        outputs = part(*args, **kwargs)
    return _counts(outputs, 2)


def _counts(tree: Any, samples: int) -> bool:
    """Whether ``tree`` holds tensors, each of ``samples`` samples, beside constants alone."""
    leaves = pytree.tree_leaves(tree)
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    plain = all(isinstance(leaf, Tensor | int | float | str | bool | None) for leaf in leaves)
    return bool(tensors) and plain and all(t.ndim and len(t) == samples for t in tensors)


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
