"""Read an operator's arguments by their schema names, whichever way they were passed."""

from typing import Any

import torch
from torch import fx


def argument(node: fx.Node, name: str, default: Any = None) -> Any:
    """Return what ``node`` passes for the schema argument ``name``, or its schema default."""
    if name in node.kwargs:
        return node.kwargs[name]
    if not isinstance(node.target, torch._ops.OpOverload):
        return default
    for position, declared in enumerate(node.target._schema.arguments):
        if declared.name == name:
            if position < len(node.args):
                return node.args[position]
            return declared.default_value if declared.has_default_value() else default
    return default


def has_argument(node: fx.Node, name: str) -> bool:
    """Whether the operator that ``node`` calls has an argument ``name``."""
    if not isinstance(node.target, torch._ops.OpOverload):
        return False
    return any(declared.name == name for declared in node.target._schema.arguments)


def set_argument(node: fx.Node, name: str, value: Any) -> None:
    """Pass ``value`` for the schema argument ``name``."""
    assert isinstance(node.target, torch._ops.OpOverload)
    names = [declared.name for declared in node.target._schema.arguments]
    position = names.index(name)
    if position < len(node.args) and name not in node.kwargs:
        args = list(node.args)
        args[position] = value
        node.args = tuple(args)
    else:
        node.kwargs = {**node.kwargs, name: value}
