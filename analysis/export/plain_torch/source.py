"""A whole file of source: the network as a class, and how its weights are loaded."""

from typing import Any, Final

import torch
from torch import fx
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Captured
from prunescope.errors import CannotCapture
from prunescope.export.formats.format import quotable
from prunescope.export.plain_torch.forward import Writer, bound, ranks, short_name
from prunescope.export.plain_torch.layers import LAYERS, Call, place_of
from prunescope.export.plain_torch.literals import literal
from prunescope.export.plain_torch.tree import constructor, tree
from prunescope.export.tensors import unsaved_tensors

_HEAD: Final = '''"""{summary}

Plain torch: nothing else is needed but safetensors, to read the weights beside this file.

    from model import load
    outputs = load()({inputs})
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn


class Model(nn.Module):
    """The pruned network; every tensor has the name that it has in the original."""

    def __init__(self):
        super().__init__()
{made}

    def forward(self, {inputs}):
{lines}


def load(weights=Path(__file__).with_name("model.safetensors")):
    """Return the network with its weights, a file or tensors by name, ready to be evaluated."""
    model = Model(){cast}
    model.load_state_dict(weights if isinstance(weights, dict) else load_file(weights))
    return model.eval()
'''


def source(captured: Captured, summary: str) -> str:
    """Return Python source of a graph, which loads the weights of its ``state_dict``.

    Args:
        captured: A captured graph, pruned.
        summary: First line of the file: what the network is.

    Raises:
        CannotCapture: Something in it is not known here; the message is the second half of a
            sentence that says what.
    """
    module = captured.module
    unsaved = unsaved_tensors(module)
    if unsaved:
        raise CannotCapture(
            f"it reads constants that plain weights do not hold (first {sorted(unsaved)[0][:60]})"
        )
    inputs_spec, result = _specs(module)
    _require_flat(module, inputs_spec)
    calls = [node for node in module.graph.nodes if node.op == "call_function"]
    layers, made = _layers(captured, calls)
    root = tree(module, made)
    writer = Writer(module.graph, root, layers)
    names = writer.inputs()
    lines = "\n".join(f"        {line}" for line in writer.lines(result))
    body = "\n".join(f"        {line}" for line in constructor(root, module))
    text = _HEAD.format(
        summary=quotable(" ".join(summary.split())), inputs=", ".join(names), made=body,
        lines=lines, cast=_cast(module),
    )  # fmt: skip
    compile(text, "model.py", "exec")
    return text


def _layers(captured: Captured, calls: list[fx.Node]) -> tuple[dict[fx.Node, str], dict[str, str]]:
    """Which calls are layers, and how each layer is constructed: twice alike, or not at all."""
    saved, dimensions = captured.module.state_dict(keep_vars=True), ranks(captured)
    by_place: dict[str, dict[str, Any]] = {}
    for full, tensor in saved.items():
        holder, _, last = full.rpartition(".")
        by_place.setdefault(holder, {})[last] = tensor
    holders = {full.rpartition(".")[0] for full in saved}
    layers: dict[fx.Node, str] = {}
    made: dict[str, set[str | None]] = {}
    for node in calls:
        layer = LAYERS.get(short_name(node))
        if layer is None:
            continue
        arguments = bound(node)
        place = place_of(layer, arguments)
        if place is None or not place or any(x.startswith(f"{place}.") for x in holders):
            continue
        tensors = by_place.get(place, {})
        given = {last for key, last in layer.given.items() if arguments.get(key) is not None}
        built = None
        if given <= tensors.keys() <= given | layer.extra:
            built = layer.made(Call(arguments, tensors, dimensions.get(arguments[layer.read], 0)))
        made.setdefault(place, set()).add(built)
        layers[node] = place
    good = {where: found.pop() for where, found in made.items() if len(found) == 1}
    known = {where: text for where, text in good.items() if text is not None}
    return {node: where for node, where in layers.items() if where in known}, known


def _specs(module: fx.GraphModule) -> tuple[pytree.TreeSpec, pytree.TreeSpec]:
    inputs, result = getattr(module, "_in_spec", None), getattr(module, "_out_spec", None)
    if not isinstance(inputs, pytree.TreeSpec) or not isinstance(result, pytree.TreeSpec):
        raise CannotCapture("its graph does not say how its outputs are nested")
    return inputs, result


def _require_flat(module: fx.GraphModule, spec: pytree.TreeSpec) -> None:
    """Arguments are tensors by place or by name, in the order of the placeholders."""
    given, named = spec.children()
    if not all(child.is_leaf() for child in (*given.children(), *named.children())):
        raise CannotCapture("its inputs are nested")
    placeholders = [str(n.target) for n in module.graph.nodes if n.op == "placeholder"]
    if named.num_leaves and placeholders[given.num_leaves :] != list(named.context):
        raise CannotCapture("its inputs have other names in its graph")


def _cast(module: fx.GraphModule) -> str:
    """Floats of one other type are cast before they are filled."""
    kinds = {x.dtype for x in module.state_dict().values() if x.is_floating_point()}
    if len(kinds) > 1:
        raise CannotCapture("its weights are floats of several types")
    other = kinds - {torch.float32}
    return f".to({literal(other.pop())})" if other else ""
