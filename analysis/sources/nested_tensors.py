"""Nested inputs as a JSON structure and numbered tensors, to pass between processes. Torch-free."""

from typing import Any

Structure = dict[str, Any]


def pack(tree: object) -> tuple[Structure, dict[str, Any]]:
    """Return the JSON-ready structure of ``tree`` and its tensors by number.

    Dicts, lists, tuples and plain values keep their kind; whatever else counts as a tensor.

    >>> pack({"ids": (1, None)})
    ({'dict': {'ids': {'tuple': [{'value': 1}, {'value': None}]}}}, {})
    """
    tensors: dict[str, Any] = {}

    def walk(node: object) -> Structure:
        if isinstance(node, dict):
            return {"dict": {str(key): walk(value) for key, value in node.items()}}
        if isinstance(node, list | tuple):
            kind = "list" if isinstance(node, list) else "tuple"
            return {kind: [walk(each) for each in node]}
        if node is None or isinstance(node, bool | int | float | str):
            return {"value": node}
        if hasattr(node, "lengths") and hasattr(node, "values"):  # a capture.ragged.Ragged
            return {"ragged": [walk(node.values), walk(node.lengths)]}
        name = str(len(tensors))
        tensors[name] = node
        return {"tensor": name}

    return walk(tree), tensors


def unpack(structure: Structure, tensors: dict[str, Any]) -> Any:
    """Return the tree that ``pack`` took apart.

    >>> unpack(*pack({"ids": (1, [2.5])}))
    {'ids': (1, [2.5])}
    """
    ((kind, content),) = structure.items()
    if kind == "dict":
        return {key: unpack(value, tensors) for key, value in content.items()}
    if kind in ("list", "tuple"):
        found = [unpack(each, tensors) for each in content]
        return found if kind == "list" else tuple(found)
    if kind == "ragged":
        from prunescope.capture.ragged import Ragged  # needs torch, as its tensors do

        return Ragged(*(unpack(each, tensors) for each in content))
    return tensors[content] if kind == "tensor" else content
