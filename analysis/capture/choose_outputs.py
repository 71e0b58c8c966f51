"""Keep some of a network's outputs: what only the others need is no part of it any more.

The others bind the layers that make them: a hidden state that is returned cannot get narrower. The
container stays of the same kind, a dict with fewer entries or a shorter tuple.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import fx
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Captured
from prunescope.capture.outputs import named_leaves, output_leaves
from prunescope.errors import UnknownName


def choose_outputs(captured: Captured, names: Sequence[str]) -> Captured:
    """Return ``captured`` with the outputs ``names`` alone.

    Args:
        captured: Its module is changed; parameters that nothing reads any more stay in it.
        names: As in ``prunescope.capture.outputs``; the name of a container stands for all in it,
            a number for the position of an entry. None for all outputs.

    Raises:
        UnknownName: There is no such output.
    """
    if not names:
        return captured
    module = captured.module
    leaves = output_leaves(module)
    tree = pytree.tree_unflatten(leaves, _structure(module, len(leaves)))
    left, spec = pytree.tree_flatten(chosen(tree, names))
    output = next(iter(reversed(module.graph.nodes)))
    output.args = (tuple(left),)
    codegen = module.graph._codegen
    assert isinstance(codegen, fx.graph._PyTreeCodeGen)
    codegen.pytree_info = codegen.pytree_info._replace(out_spec=spec)
    module._out_spec = spec
    module.graph.eliminate_dead_code()
    module.recompile()
    return replace(captured, module=module)


def chosen(outputs: Any, names: Sequence[str]) -> Any:
    """Return what a model gave without the outputs that are not among ``names``.

    >>> chosen({"logits": 1, "hidden": (2, 3)}, ["logits"])
    {'logits': 1}
    >>> chosen((1, 2, 3), ["0", "2"])
    (1, 3)
    >>> chosen({"logits": 1, "hidden": (2, 3)}, ["hidden.1"])
    {'hidden': (3,)}
    """
    if not names:
        return outputs
    every = [name for name, _ in named_leaves(outputs)]
    kept = {leaf for name in names for leaf in _meant(every, name)}
    return _only(outputs, kept, "")


def _structure(module: fx.GraphModule, leaves: int) -> pytree.TreeSpec:
    spec = getattr(module, "_out_spec", None)
    if isinstance(spec, pytree.TreeSpec) and spec.num_leaves == leaves:
        return spec
    return pytree.tree_structure(tuple(range(leaves)))


def _meant(every: Sequence[str], name: str) -> list[str]:
    keys = list(dict.fromkeys(leaf.split(".")[0] for leaf in every))
    if name.isdigit() and name not in keys and int(name) < len(keys):
        name = keys[int(name)]
    meant = [leaf for leaf in every if leaf == name or leaf.startswith(f"{name}.")]
    if not meant:
        raise UnknownName.among("output", name, [*keys, *every])
    return meant


def _only(tree: Any, kept: Collection[str], name: str) -> Any:
    """``tree`` with the leaves ``kept``, in containers of the same kinds."""

    def inside(key: object) -> str:
        return f"{name}.{key}" if name else str(key)

    def stays(key: object) -> bool:
        return any(leaf == inside(key) or leaf.startswith(f"{inside(key)}.") for leaf in kept)

    if isinstance(tree, Mapping):
        entries = {k: _only(v, kept, inside(k)) for k, v in tree.items() if stays(k)}
        return entries if type(tree) is dict else type(tree)(**entries)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return {k: _only(getattr(tree, k), kept, inside(k)) for k in tree._fields if stays(k)}
    if isinstance(tree, list | tuple):
        places = [_only(v, kept, inside(i)) for i, v in enumerate(tree) if stays(i)]
        return type(tree)(places)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        fields = [field.name for field in dataclasses.fields(tree) if stays(field.name)]
        return {k: _only(getattr(tree, k), kept, inside(k)) for k in fields}
    return tree
