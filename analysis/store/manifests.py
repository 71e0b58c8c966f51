"""A study's manifest, read as what others may have written: its version, and whether it adds up."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prunescope.errors import DamagedFile, ForeignStudy
from prunescope.store.json_documents import from_json, read_content
from prunescope.study import Manifest
from prunescope.study.manifest import SCHEMA
from prunescope.study.summaries import GraphSummary

_LARGEST: Final = 1 << 60
"""Of parameters, bytes and multiply-accumulates: a thousand times the largest network."""


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in ``path``.

    Raises:
        ForeignStudy: A newer version wrote it, or one that is too old.
        DamagedFile: It is no manifest, or its parts do not fit each other.
    """
    content = read_content(path)
    try:
        manifest = from_json(Manifest, content, str(path))
    except DamagedFile:
        _require_version(path, _version(content))  # another version's fields may be others
        raise
    _require_version(path, manifest.schema)
    problem = _problem(manifest)
    if problem is not None:
        raise DamagedFile(
            f"Expected {path} to describe one network, but {problem}. Restore the file, or sweep "
            "into a new folder."
        )
    return manifest


def _version(content: bytes) -> int:
    """The version that a manifest says it has, this one's when it says none."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return SCHEMA
    version = whole.get("schema") if isinstance(whole, dict) else None
    return version if type(version) is int else SCHEMA


def _require_version(path: Path, version: int) -> None:
    if version == SCHEMA:
        return
    step = (
        "Install the version of Prunescope that made it"
        if version > SCHEMA
        else "Sweep into a new folder"
    )
    raise ForeignStudy(
        f"Expected {path} to have schema {SCHEMA}, but it has schema {version}, which this version "
        f"of Prunescope cannot read. {step}."
    )


def _problem(manifest: Manifest) -> str | None:
    """What does not fit in it, or None."""
    tensors = {tensor.name: tensor.shape for tensor in manifest.tensors}
    groups = {group.name: group for group in manifest.groups}
    twice = (
        _twice("layer", [layer.name for layer in manifest.layers])
        or _twice("group", [group.name for group in manifest.leaving()])  # refused parts may share
        or _twice("tensor", [tensor.name for tensor in manifest.tensors])
    )
    if twice is not None:
        return twice
    if not manifest.fingerprint:
        return "it has no fingerprint"
    if (manifest.mac_terms or manifest.leaving()) and not tensors:
        return "it lists no tensors"
    for layer in manifest.layers:
        if layer.prunable and math.prod(layer.shape) != layer.parameters:
            return f"the layer {layer.name!r} has {layer.parameters} weights in {layer.shape}"
    for group in manifest.groups:
        for member in group.members:
            shape = tensors.get(member.parameter)  # a tied weight stands under its first name only
            if shape is not None and not 0 <= member.dimension < len(shape):
                return f"the group {group.name!r} has no dimension of {member.parameter!r}"
        if group.units < (group.reason is None):
            return f"the group {group.name!r} has {group.units} units"
    for term in manifest.mac_terms:
        if not all(name in groups for factor in term.sums() for name, _ in factor):
            return "it counts operations of a group that it does not have"
    if manifest.graph is not None and not _fits(manifest.graph, len(manifest.groups)):
        return "its graph names places that it does not have"
    sizes = [
        manifest.parameters, manifest.buffers, manifest.bytes, manifest.macs,
        manifest.activation_bytes, *manifest.splits.values(),
        *(size for shape in tensors.values() for size in shape),
        *(value for layer in manifest.layers
          for value in (layer.parameters, layer.macs, layer.activation_bytes, *layer.shape)),
    ]  # fmt: skip
    wrong = next((size for size in sizes if not 0 <= size < _LARGEST), None)
    return None if wrong is None else f"it counts {wrong} of something"


def _fits(graph: GraphSummary, groups: int) -> bool:
    """Whether every place in the graph's tables is one of them."""
    dims, nodes = len(graph.dims), len(graph.nodes)
    return all(0 <= place < groups for dim in graph.dims for place, _ in dim.groups) and all(
        all(0 <= place < nodes for place in node.reads)
        and all(0 <= place < dims for tensor in node.tensors for place in tensor)
        for node in graph.nodes
    )


def _twice(what: str, names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return f"the {what} {name!r} stands twice in it"
        seen.add(name)
    return None
