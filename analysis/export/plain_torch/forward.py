"""The lines of ``forward``: a graph's calls in order, with few variables."""

import itertools
import operator
from collections.abc import Iterator, Mapping
from typing import Any, Final

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Captured, call_arguments
from prunescope.errors import CannotCapture
from prunescope.export.plain_torch.layers import LAYERS
from prunescope.export.plain_torch.literals import literal, name
from prunescope.export.plain_torch.operators import OPERATORS
from prunescope.export.plain_torch.tree import Place, access

_VARIABLES: Final = "xyzuvwabcdefghjkmnpqrst"

_TAKEN: Final = frozenset({"self", "torch", "F", "nn", "Path", "load_file", "float"})
"""What has a meaning in the file already."""


def short_name(node: fx.Node) -> str:
    """Return ``operator.overload`` of a call.

    >>> import operator
    >>> short_name(fx.Graph().call_function(operator.getitem, ()))
    'getitem'
    """
    if node.target is operator.getitem:
        return "getitem"
    return str(node.target).removeprefix("aten.")


def bound(node: fx.Node) -> dict[str, Any]:
    """Return a call's arguments by their names in the operator's schema, defaults filled in.

    Raises:
        CannotCapture: It is no operator with a schema.
    """
    if node.target is operator.getitem:
        return {"self": node.args[0], "index": node.args[1]}
    schema = getattr(node.target, "_schema", None)
    if schema is None or not str(node.target).startswith("aten."):
        raise CannotCapture(f"{short_name(node)[:80]} is not an operator that is known here")
    known = {each.name: each.default_value for each in schema.arguments}
    known |= dict(zip(known, node.args, strict=False))
    return known | dict(node.kwargs)


class Writer:
    """Writes one graph's ``forward``.

    Args:
        graph: Functional, of ATen operators.
        root: The tree of its modules.
        layers: Call → place of the layer that it is.
    """

    def __init__(self, graph: fx.Graph, root: Place, layers: Mapping[fx.Node, str]) -> None:
        self._root, self._layers = root, layers
        self._nodes = [node for node in graph.nodes if node.op != "get_attr"]
        self._last = {
            each: node for node in self._nodes for each in node.all_input_nodes
        }  # the last reader overwrites the ones before
        self._said: dict[fx.Node, str] = {}
        self._free: list[str] = []
        self._used: set[str] = set()

    def inputs(self) -> list[str]:
        """Return the names of the arguments, in order."""
        names = [name(str(node.target)) for node in self._nodes if node.op == "placeholder"]
        taken = _TAKEN.intersection(names)
        if taken:
            raise CannotCapture(f"its input is called {min(taken)}")
        for node in self._nodes:
            if node.op == "placeholder":
                self._said[node] = str(node.target)
                self._used.add(str(node.target))
        return names

    def lines(self, result: pytree.TreeSpec) -> Iterator[str]:
        """Yield the lines, the one that returns last.

        Args:
            result: The nesting of the outputs.

        Raises:
            CannotCapture: Something of the graph is not known here.
        """
        part = ""
        for node in self._nodes:
            if node.op == "output":
                leaves = [self._expression(leaf) for leaf in pytree.tree_leaves(node.args[0])]
                yield f"return {_nested(result, iter(leaves))}"
            elif node.op == "call_function":
                place = self._layers.get(node, "")
                block = ".".join(place.split(".")[:2]) if place.count(".") > 1 else ""
                if block and block != part:
                    yield f"# {'.'.join(map(_part, block.split('.')))}"
                part = block or part
                said = self._call(node)
                yield f"{self._variable(node)} = {said}"
            elif node.op != "placeholder":
                raise CannotCapture(f"its graph holds a {node.op}")

    def _call(self, node: fx.Node) -> str:
        place = self._layers.get(node)
        arguments = bound(node)
        if place is not None:
            read = arguments[LAYERS[short_name(node)].read]
            return f"{access(self._root, place)}({self._expression(read)})"
        row = OPERATORS.get(short_name(node))
        if row is None:
            raise CannotCapture(f"{short_name(node)[:80]} is not an operator that is known here")
        return row({key: self._expression(value) for key, value in arguments.items()})

    def _expression(self, value: Any) -> str:
        if isinstance(value, fx.Node):
            return access(self._root, str(value.target)) if value.op == "get_attr" else (
                self._said[value]
            )  # fmt: skip
        if isinstance(value, list | tuple):
            return f"[{', '.join(map(self._expression, value))}]"
        return literal(value)

    def _variable(self, node: fx.Node) -> str:
        """Of what is read for the last time here, the first one's name goes on."""
        ended = [
            each for each in node.all_input_nodes if self._last.get(each) is node
            and each in self._said
        ]  # fmt: skip
        names = [self._said[each] for each in ended]
        self._free += [each for each in names if each not in self._free and len(each) == 1]
        if self._free:
            preferred = [each for each in names if each in self._free]
            chosen = preferred[0] if preferred else min(self._free, key=_VARIABLES.find)
            self._free.remove(chosen)
        else:
            names_left = itertools.chain(_VARIABLES, (f"t{count}" for count in itertools.count()))
            chosen = next(each for each in names_left if each not in self._used)
        self._used.add(chosen)
        self._said[node] = chosen
        if node not in self._last:
            self._free.append(chosen)  # nobody reads it
        return chosen


def _part(text: str) -> str:
    return name(text) if not text.isdigit() else text


def _nested(spec: pytree.TreeSpec, leaves: Iterator[str]) -> str:
    """The outputs in their nesting."""
    if spec.is_leaf():
        return next(leaves)
    inside = [_nested(child, leaves) for child in spec.children()]
    if spec.type is tuple:
        return f"({', '.join(inside)}{',' if len(inside) == 1 else ''})"
    if spec.type is list:
        return f"[{', '.join(inside)}]"
    if spec.type is dict and all(isinstance(key, str) for key in spec.context):
        pairs = zip(spec.context, inside, strict=True)
        return f"{{{', '.join(f'{_key(key)}: {value}' for key, value in pairs)}}}"
    raise CannotCapture(f"it returns a {getattr(spec.type, '__name__', spec.type)}")


def _key(text: str) -> str:
    return f'"{name(text)}"'


class _Ranks(fx.Interpreter):
    """Runs a graph and notes of how many dimensions each result is."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.known: dict[fx.Node, int] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Run one call."""
        result = super().run_node(n)
        if isinstance(result, Tensor):
            self.known[n] = result.ndim
        return result


def ranks(captured: Captured) -> dict[fx.Node, int]:
    """Return how many dimensions the tensor of each node has, by running the graph once."""
    runner = _Ranks(captured.module)
    with torch.inference_mode():
        runner.run(*pytree.tree_leaves(call_arguments(captured.example)))
    return runner.known
