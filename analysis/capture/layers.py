"""The layers whose weights can be pruned, and the skipped ones with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from torch import fx, nn

from prunescope.capture.cost import Cost
from prunescope.capture.divide_recurrent import FUSED
from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.study import LayerSummary

PRUNABLE: Final = {
    "conv1d": 1, "conv2d": 1, "conv3d": 1, "convolution": 1, "conv_transpose1d": 1,
    "conv_transpose2d": 1, "conv_transpose3d": 1, "linear": 1, "embedding": 0,
    "embedding_bag": 0, "matmul": 1, "mm": 1, "bmm": 1, "addmm": 2,
}  # fmt: skip
"""ATen operator → position of its weight among the arguments."""

_MATRIX: Final = -2
"""Place of a matrix of a recurrent operator."""
_CARRIES: Final = {
    "view", "reshape", "slice", "select", "transpose", "permute", "squeeze", "unsqueeze", "t",
    "chunk", "split", "split_with_sizes", "unbind", "getitem", "contiguous", "unflatten", "expand",
    "flatten", "clone", "to", "detach", "alias",
}  # fmt: skip
CELLS: Final = ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
"""Operators of one recurrent step, with a matrix for the input and one for the hidden state."""
RECURRENT: Final = (*FUSED, *CELLS)
"""Operators that hold several weight matrices, all gates of each in one."""
_MODULES: Final[dict[type[nn.Module], str]] = {
    nn.Conv1d: "conv1d", nn.Conv2d: "conv2d", nn.Conv3d: "conv3d",
    nn.ConvTranspose1d: "conv_transpose1d", nn.ConvTranspose2d: "conv_transpose2d",
    nn.ConvTranspose3d: "conv_transpose3d", nn.Linear: "linear", nn.Embedding: "embedding",
    nn.EmbeddingBag: "embedding_bag",
}  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """A weight and the graph nodes (in order) that multiply by it; no node without a graph."""

    summary: LayerSummary
    nodes: tuple[fx.Node, ...] = ()

    @property
    def name(self) -> str:
        """The dotted module name."""
        return self.summary.name

    @property
    def parameter(self) -> str:
        """The dotted name of the weight."""
        return self.summary.parameter

    @property
    def output_dimension(self) -> int:
        """The dimension of the weight that counts outputs; the others count inputs."""
        if self.summary.kind.startswith(("conv_transpose", "embedding")):
            return 1
        multiplied = [
            node for node in self.nodes if operator_name(node) in ("matmul", "mm", "addmm")
        ]
        direct = multiplied and _direct(multiplied[0].args[-1])
        return 1 if direct and len(self.summary.shape) == 2 else 0


def graph_layers(captured: Captured, cost: Cost) -> tuple[Layer, ...]:
    """Return every weight of two or more dimensions in forward order, prunable or skipped.

    A weight that several operators read (tied weights, a module called twice, a packed
    projection that is split) is one layer. Biases and the scales of norms are not listed: they
    are never pruned at weight granularity.
    """
    nodes: dict[str, list[fx.Node]] = {}
    kinds: dict[str, str] = {}
    reasons: dict[str, str] = {}
    aliases = _first_names(captured.module)
    for node in captured.module.graph.nodes:
        if node.op != "call_function":
            continue
        kind = operator_name(node)
        for getter, position in _weights(node, kind):
            name = aliases[str(getter.target)]
            nodes.setdefault(name, []).append(node)
            if position == _MATRIX or (kind in PRUNABLE and position in (PRUNABLE[kind], -1)):
                kinds.setdefault(name, kind)
            elif name not in kinds:
                reasons.setdefault(name, _skip_reason(kind))
    layers, names = [], _layer_names(nodes)
    for name, users in nodes.items():
        weight = captured.module.get_parameter(name)
        prunable = name in kinds
        layers.append(
            Layer(
                LayerSummary(
                    name=names[name],
                    kind=kinds.get(name, operator_name(users[0])),
                    parameter=name,
                    shape=tuple(weight.shape),
                    parameters=weight.numel(),
                    macs=sum(_macs(node, weight, cost) for node in users),
                    activation_bytes=sum(cost.output_bytes.get(node.name, 0) for node in users),
                    prunable=prunable,
                    reason=None if prunable else reasons[name],
                    input_dimension=_inputs(kinds.get(name, ""), users[0], weight.ndim),
                ),
                tuple(users),
            )
        )
    return tuple(layers)


def module_layers(model: nn.Module) -> tuple[Layer, ...]:
    """Return the layers of a model without a graph, by module type; costs are 0 (``with_macs``)."""
    layers, seen = [], set()
    names = _layer_names(dict(model.named_parameters()))
    for name, module in model.named_modules():
        kind = next((k for kind, k in _MODULES.items() if isinstance(module, kind)), None)
        for own, weight in module.named_parameters(recurse=False):
            if weight.ndim < 2 or id(weight) in seen:
                continue
            seen.add(id(weight))
            dotted = f"{name}.{own}" if name else own
            prunable = kind is not None and own == "weight"
            reason = None if prunable else _skip_reason(type(module).__name__)
            shape = tuple(weight.shape)
            layers.append(
                Layer(
                    LayerSummary(
                        names[dotted], kind or type(module).__name__.lower(), dotted, shape,
                        weight.numel(), 0, 0, prunable, reason, None,
                        _input_dimension(kind or "", getattr(module, "groups", 1)),
                    )
                )
            )  # fmt: skip
    return tuple(layers)


def with_macs(layers: tuple[Layer, ...], cost: Cost) -> tuple[Layer, ...]:
    """Return the layers of a model without a graph with the costs of their modules."""
    return tuple(
        replace(
            layer,
            summary=replace(layer.summary, macs=cost.macs_by_node.get(layer.name, 0)),
        )
        for layer in layers
    )


def _inputs(kind: str, node: fx.Node, rank: int) -> int | None:
    """Which dimension of a weight counts the inputs that ``node`` sums over, if one does."""
    if kind in ("matmul", "mm", "bmm", "addmm"):
        left = _origin(node.args[0 if kind != "addmm" else 1]) is not None
        return rank - 2 if _direct(node.args[-1]) and not left else rank - 1
    names = [declared.name for declared in node.target._schema.arguments]  # type: ignore[union-attr]
    arguments = dict(zip(names, node.args, strict=False)) | node.kwargs
    groups = arguments.get("groups", 1)
    return _input_dimension(kind, groups if isinstance(groups, int) else 1)


def _input_dimension(kind: str, groups: int) -> int | None:
    """Dimension 1, but 0 of a transposed convolution; grouped ones mix groups there."""
    if kind.startswith("embedding") or (kind.startswith("conv_transpose") and groups > 1):
        return None
    return 0 if kind.startswith("conv_transpose") else 1


def layer_name(parameter: str) -> str:
    """Return the dotted layer name of a weight's dotted name.

    >>> layer_name("layer1.0.conv1.weight"), layer_name("attn.in_proj_weight")
    ('layer1.0.conv1', 'attn.in_proj')
    """
    return parameter.removesuffix(".weight").removesuffix("_weight") or parameter


def _layer_names(parameters: Iterable[str]) -> dict[str, str]:
    """Parameter → layer name, unique: ``mix_weight`` keeps its full name beside ``mix.weight``."""
    by_parameter: dict[str, str] = {}
    used_names: set[str] = set()
    for parameter in sorted(parameters, key=lambda name: not name.endswith(".weight")):
        name = layer_name(parameter)
        by_parameter[parameter] = parameter if name in used_names else name
        used_names.add(by_parameter[parameter])
    return by_parameter


def weight_getters(node: fx.Node, kind: str) -> list[tuple[fx.Node, object]]:
    """Return each parameter of two or more dimensions that ``node`` multiplies, as it is fetched
    and as ``node`` reads it (perhaps through views).
    """
    if kind in _CARRIES:
        return []
    leaves = [
        leaf
        for argument in node.args
        for leaf in (argument if isinstance(argument, list) else [argument])
    ]
    getters = [(_origin(leaf), leaf) for leaf in leaves]
    return [(getter, leaf) for getter, leaf in getters if getter is not None]


def recurrent_places(node: fx.Node) -> list[tuple[fx.Node, int]]:
    """Return the weight matrices of a recurrent ``node``, and the layer and direction of each.

    A matrix for the input, then one for the hidden state, of each direction of each layer. What
    projects hidden states (``proj_size``) is not among them.
    """
    kind = operator_name(node)
    if kind in CELLS:
        return [(matrix, 0) for matrix in node.args[2:4] if isinstance(matrix, fx.Node)]
    parameters = node.args[2] if len(node.args) > 8 else None
    if not isinstance(parameters, list | tuple) or not isinstance(node.args[4], int):
        return []  # of packed sequences
    each = len(parameters) // (node.args[4] * (2 if node.args[7] else 1))
    return [
        (matrix, place // each)
        for place, matrix in enumerate(parameters)
        if place % each < 2 and isinstance(matrix, fx.Node)
    ]


def _macs(node: fx.Node, weight: nn.Parameter, cost: Cost) -> int:
    """What ``node`` multiplies by ``weight``; a recurrent operator holds several matrices."""
    macs = cost.macs_by_node.get(node.name, 0)
    if operator_name(node) not in RECURRENT:
        return macs
    matrices = [_value(getter) for getter, _ in weight_getters(node, operator_name(node))]
    total = sum(matrix.numel() for matrix in matrices if isinstance(matrix, nn.Parameter))
    return macs * weight.numel() // total


def _weights(node: fx.Node, kind: str) -> list[tuple[fx.Node, int]]:
    """The parameters of two or more dimensions that ``node`` multiplies, with their places."""
    if kind in _CARRIES:
        return []
    matrices = [matrix for matrix, _ in recurrent_places(node)] if kind in RECURRENT else []
    weights = [(getter, _MATRIX) for matrix in matrices if (getter := _origin(matrix)) is not None]
    for position, argument in enumerate(node.args):
        for leaf in argument if isinstance(argument, list | tuple) else [argument]:
            getter = _origin(leaf)
            if getter is not None and leaf not in matrices:
                either = kind in ("matmul", "mm", "bmm")  # weight @ x is as good as x @ weight
                weights.append((getter, -1 if either else position))
    return weights


def _origin(argument: object) -> fx.Node | None:
    node = argument
    while isinstance(node, fx.Node) and node.op == "call_function":
        if operator_name(node) not in _CARRIES or not node.all_input_nodes:
            return None
        node = node.all_input_nodes[0]
    if not isinstance(node, fx.Node) or node.op != "get_attr":
        return None
    value = _value(node)
    return node if isinstance(value, nn.Parameter) and value.ndim > 1 else None


def reads(argument: object, weight: nn.Parameter) -> bool:
    """Return whether a node's ``argument`` is ``weight`` or a view of it."""
    getter = _origin(argument)
    return getter is not None and _value(getter) is weight


def _direct(argument: object) -> bool:
    return isinstance(argument, fx.Node) and argument.op == "get_attr"


def _value(getter: fx.Node) -> object:
    value: object = getter.graph.owning_module
    for part in str(getter.target).split("."):
        value = getattr(value, part)
    return value


def _first_names(module: nn.Module) -> dict[str, str]:
    """Every name of a parameter → the first name of the same tensor (tied weights)."""
    first: dict[int, str] = {}
    return {
        name: first.setdefault(id(parameter), name)
        for name, parameter in module.named_parameters(remove_duplicate=False)
    }


def _skip_reason(kind: str) -> str:
    if kind.lower() in (*RECURRENT, "rnn"):
        return f"{kind} runs all its gates in one operator, where this weight has no rule"
    if kind in ("add", "mul", "sub", "cat", "index", "expand_as", "where", "pad"):
        return "a table that is added, scaled or looked up, not a weight that multiplies features"
    return f"the operator {kind} has no rule for pruning this weight"
