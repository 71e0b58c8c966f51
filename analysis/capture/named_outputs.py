"""Outputs by name (transformers' ``ModelOutput`` and the like) without the class that made them.

A graph answers with ``NamedOutputs`` in their place, whoever runs it: a metric reads
``outputs.logits``, ``outputs["logits"]`` or ``outputs[0]`` as before. In a program's file they are
plain ordered dictionaries, which torch reads without any other package.
"""

import dataclasses
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils import _pytree as pytree


class NamedOutputs(OrderedDict[str, Any]):
    """Outputs in their order, by name, by number and as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return OrderedDict.__getitem__(self, name)
        except KeyError:
            raise AttributeError(
                f"Expected an output named {name!r}, but there are {', '.join(self)}. "
                "Name one of them."
            ) from None

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def to_tuple(self) -> tuple[Any, ...]:
        """Return the outputs in their order."""
        return tuple(self.values())


def _flatten(outputs: NamedOutputs) -> tuple[list[Any], list[str]]:
    return list(outputs.values()), list(outputs)


def _with_keys(outputs: NamedOutputs) -> tuple[list[tuple[pytree.KeyEntry, Any]], list[str]]:
    return [(pytree.MappingKey(key), value) for key, value in outputs.items()], list(outputs)


def _made(values: Iterable[Any], names: list[str]) -> NamedOutputs:
    return NamedOutputs(zip(names, values, strict=True))


pytree.register_pytree_node(
    NamedOutputs, _flatten, _made, serialized_type_name="prunescope.NamedOutputs",
    flatten_with_keys_fn=_with_keys,
)  # fmt: skip


def name_outputs(program: torch.export.ExportedProgram) -> None:
    """Let ``program`` answer with ``NamedOutputs``, in place of every class with names."""
    _change(program, NamedOutputs)


def plain_outputs(program: torch.export.ExportedProgram) -> None:
    """Let ``program`` answer with ordered dictionaries in place of every class with names."""
    _change(program, OrderedDict)


def _change(program: torch.export.ExportedProgram, kind: type) -> None:
    signature = program.module_call_graph[0].signature
    if signature is not None:
        signature.out_spec = _renamed(signature.out_spec, kind)


def _renamed(spec: pytree.TreeSpec, kind: type) -> pytree.TreeSpec:
    if spec.is_leaf():
        return spec
    children = [_renamed(child, kind) for child in spec.children()]
    names = _names(spec)
    if names is None:
        return pytree.TreeSpec(spec.type, spec.context, children)
    return pytree.TreeSpec(kind, names, children)


def _names(spec: pytree.TreeSpec) -> list[str] | None:
    """The outputs' names where a class holds them; None for lists, tuples and plain dicts."""
    if spec.type in (list, tuple, dict, None):
        return None
    names = spec.context
    if dataclasses.is_dataclass(spec.type) and isinstance(names, list | tuple) and len(names) == 2:
        names = names[0] if isinstance(names[0], list | tuple) else names
    plain = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return list(names) if plain and len(names) == spec.num_children else None
