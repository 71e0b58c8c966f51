"""The smaller network through ``.pt2`` and ONNX, reloaded and run at two sizes."""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from benchmarks.removal_table.row import apart, captured_network, run
from prunescope.capture.free_graph import free_graph
from prunescope.capture.graph import Captured, Inputs, call_arguments
from prunescope.coupling import find_groups
from prunescope.export import onnx_sessions
from prunescope.export.formats import pt2
from prunescope.export.write_onnx import write_onnx
from prunescope.removal import remove, try_groups
from prunescope.removal.try_groups import random_half


def round_trips(name: str) -> dict[str, Any]:
    """Return the largest relative difference after each format, and the sizes at which it was run.

    The smaller network lacks a random half of every group. Where sizes besides the batch are free
    in the model, the file is run at the studied sizes and at others, held against a graph that was
    captured at those on its own; else with three samples and with one.
    """
    warnings.simplefilter("ignore")
    _, inputs, network = captured_network(name, double=False)
    if network.captured is None:
        return {"problem": network.problem}
    coupling = try_groups(network.captured)
    removal = {group.name: random_half(group) for group in coupling.groups}
    smaller = remove(network.captured, removal)
    graph = free_graph(network)
    free = None if graph is None else _alike(graph.captured, removal, smaller)
    second = None if graph is None else _alike(graph.second, removal, smaller)
    if graph is None or free is None or second is None:
        one: Any = pytree.tree_map(lambda leaf: leaf[:1], inputs)
        cases = [(inputs, run(smaller.module, inputs)), (one, run(smaller.module, one))]
        return {"free": [], **_written(smaller, (), cases)}
    other = graph.at_second_size(inputs)
    cases = [(inputs, run(smaller.module, inputs)), (other, run(second.module, other))]
    return {
        "free": [str(each) for each in graph.dimensions], **_written(free, graph.dimensions, cases)
    }  # fmt: skip


def _alike(dense: Captured, removal: dict[str, Any], smaller: Captured) -> Captured | None:
    """``dense`` without the same units and with the weights of ``smaller``, if it can be."""
    groups = {group.name for group in find_groups(dense).groups}
    if not removal.keys() <= groups:
        return None
    made = remove(dense, removal)
    made.module.load_state_dict(smaller.module.state_dict(keep_vars=True), assign=True)
    return made


def _written(
    smaller: Captured, dimensions: Any, cases: list[tuple[Inputs, list[Tensor]]]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            exported = pt2.exported(smaller)
            path = Path(folder) / "smaller.pt2"
            pt2.write(exported, path)
            loaded = pt2.load(path)
            made["pt2"] = max(apart(run(loaded, x), wanted) for x, wanted in cases)
        except Exception as error:  # noqa: BLE001  (whatever it says is the result)
            return {"pt2": _said(error)}
        path = Path(folder) / "smaller.onnx"
        try:
            write_onnx(exported, path, dimensions)
            session = onnx_sessions.session(path, 1)
            made["onnx"] = max(apart(_onnx(session, x), wanted) for x, wanted in cases)
        except Exception as error:  # noqa: BLE001
            made["onnx"] = _said(error)
    return made


def _onnx(session: Any, inputs: Inputs) -> list[Tensor]:
    arguments = call_arguments(inputs)
    args, kwargs = pytree.tree_map(
        lambda leaf: leaf.numpy() if isinstance(leaf, Tensor) else leaf, arguments
    )
    outputs = session.run(None, onnx_sessions.feed(session, args, kwargs))
    return [torch.as_tensor(each) for each in outputs]


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).replace("|", "/")[:240] or type(error).__name__
