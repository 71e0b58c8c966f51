"""What the browser needs to count sizes by itself, sent once per study. No Streamlit."""

from typing import Any

from prunescope.study import Manifest
from prunescope.study.method import BLOCK


def network_facts(manifest: Manifest) -> dict[str, Any]:
    """Return shapes, groups and multiply-accumulates as plain values for ``painter/sizes.js``.

    Tensors that shrink alike are one entry with ``times``: a network's norms are many and equal.
    """
    members: dict[str, list[tuple[str, int, int]]] = {}
    for group in manifest.leaving():
        if group.granularity == BLOCK:
            continue
        for member in group.members:
            one = (group.name, member.dimension, member.indices)
            members.setdefault(member.parameter, []).append(one)
    entries: dict[tuple[Any, ...], dict[str, Any]] = {}
    place = {}
    for tensor in manifest.tensors:
        own = tuple(members.get(tensor.name, ()))
        alike = (tensor.shape, tensor.width, tensor.buffer, own, tensor.leaves_with)
        entry = entries.setdefault(
            alike,
            {
                "shape": list(tensor.shape), "width": tensor.width, "buffer": tensor.buffer,
                "members": own, "leaves": tensor.leaves_with, "times": 0,
                "place": len(entries),
            },
        )  # fmt: skip
        entry["times"] += 1
        place[tensor.name] = entry["place"]
    return {
        "groups": {
            group.name: {"units": group.units, "block": group.granularity == BLOCK}
            for group in manifest.leaving()
        },
        "layers": {
            layer.name: {
                "tensor": place.get(layer.parameter), "parameters": layer.parameters,
                "macs": layer.macs,
            }
            for layer in manifest.prunable()
        },
        "tensors": list(entries.values()),
        "terms": [
            {
                "macs": term.macs, "tensor": None if term.parameter is None
                else place[term.parameter],
                "factors": term.sums(), "leaves": term.leaves_with,
            }
            for term in manifest.mac_terms
        ],
        "dense": {
            "parameters": manifest.parameters, "bytes": manifest.bytes, "macs": manifest.macs,
        },
    }  # fmt: skip
