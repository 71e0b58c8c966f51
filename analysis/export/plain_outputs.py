"""A graph whose outputs lie in plain dicts, lists and tuples, so that any Python can load it.

A program notes in which class its outputs were nested (``transformers``' ``ModelOutput``, say);
whoever loads it would need that class, and files that name classes are refused
(``prunescope.fence``).
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from torch import fx
from torch.utils import _pytree as pytree

from prunescope.capture.outputs import output_leaves


@contextlib.contextmanager
def plain_outputs(module: fx.GraphModule) -> Iterator[None]:
    """Let ``module`` return plain containers for a while, with the same keys and order."""
    leaves = output_leaves(module)
    codegen, before = module.graph._codegen, getattr(module, "_out_spec", None)
    known = isinstance(before, pytree.TreeSpec) and before.num_leaves == len(leaves)
    if not isinstance(codegen, fx.graph._PyTreeCodeGen) or not known:
        yield
        return
    assert isinstance(before, pytree.TreeSpec)
    flat, spec = pytree.tree_flatten(_plain(pytree.tree_unflatten(leaves, before)))
    if spec == before or flat != leaves:
        yield
        return
    info = codegen.pytree_info
    _set(module, codegen, info._replace(out_spec=spec))
    try:
        yield
    finally:
        _set(module, codegen, info)


def _set(module: fx.GraphModule, codegen: Any, info: Any) -> None:
    codegen.pytree_info = info
    module._out_spec = info.out_spec
    module.recompile()


def _plain(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {str(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return {name: _plain(getattr(tree, name)) for name in tree._fields}
    if isinstance(tree, list | tuple):
        return type(tree)(_plain(value) for value in tree)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return {field.name: _plain(getattr(tree, field.name)) for field in dataclasses.fields(tree)}
    return tree
