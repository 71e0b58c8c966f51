"""Refuse a module that has nothing to prune, or no weights that can be read yet."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from prunescope.errors import BadValue


def require_usable(model: nn.Module, name: str) -> None:
    """Raise ``BadValue`` unless ``model`` is a tree of modules with floating-point weights.

    Args:
        model: Only read.
        name: What to call it: its reference, or its class.

    Raises:
        BadValue: A module contains itself; it is TorchScript; parameters are not initialised, hold
            no values or are quantised; there are none.
    """
    inside = _inside_itself(model)
    if inside is not None:
        raise BadValue(
            f"Expected the modules of {name} to be a tree, but {inside} contains itself. Keep the "
            "outer module out of the inner one's attributes, for example in a list."
        )
    if isinstance(model, torch.jit.ScriptModule):
        raise BadValue(
            f"Expected {name} to be a module that Python runs, but it is TorchScript, whose layers "
            "nobody can reach. Give the model as it is before torch.jit.script or torch.jit.trace."
        )
    for place, module in model.named_modules():
        kind = type(module)
        if ".quantized" in kind.__module__ and kind.__module__.startswith("torch."):
            raise BadValue(
                f"Expected {name} in floating point, but {place or 'it'} is a quantised "
                f"{kind.__name__}. Give the model as it is before it is quantised."
            )
    count = 0
    for place, tensor in (*model.named_parameters(), *model.named_buffers()):
        problem = _problem(tensor)
        if problem is not None:
            raise BadValue(f"Expected {name} to hold its weights, but {place} {problem}")
        count += isinstance(tensor, nn.Parameter)
    if not count:
        raise BadValue(
            f"Expected {name} to have weights to prune, but it has no parameters. Give a model "
            "with layers such as nn.Linear or nn.Conv2d."
        )


def _inside_itself(module: nn.Module) -> str | None:
    """The dotted name of a module that is its own ancestor, or None."""
    seen: set[int] = set()

    def children(of: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        return iter([(key, child) for key, child in of._modules.items() if child is not None])

    stack = [(module, "", children(module))]
    ancestors = {id(module): "the model"}
    while stack:
        above, name, rest = stack[-1]
        entry = next(rest, None)
        if entry is None:
            stack.pop()
            ancestors.pop(id(above), None)
            continue
        key, child = entry
        if id(child) in ancestors:
            return ancestors[id(child)]
        if id(child) in seen:
            continue
        seen.add(id(child))
        dotted = f"{name}.{key}" if name else key
        ancestors[id(child)] = dotted
        stack.append((child, dotted, children(child)))
    return None


def _problem(tensor: object) -> str | None:
    """Why nobody can read this tensor's values, with what to do, or None."""
    if isinstance(tensor, UninitializedParameter | UninitializedBuffer):
        return (
            "has no shape yet: it belongs to a lazy module. Run the model once on a sample in the "
            "function that returns it."
        )
    if not isinstance(tensor, nn.Parameter):
        return None
    if tensor.device.type == "meta":
        return "is on the meta device, which holds no values. Make the model on the CPU."
    if tensor.is_quantized:
        return "is quantised. Give the model as it is before it is quantised."
    if tensor.layout != torch.strided:
        return f"is {str(tensor.layout).removeprefix('torch.')}. Call .to_dense()."
    return None
