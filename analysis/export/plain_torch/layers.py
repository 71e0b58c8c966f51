"""Layers of ``torch.nn``: which calls of a graph are one, and how it is constructed.

A call is a layer where its weight and bias are called ``PLACE.weight`` and ``PLACE.bias``, and
``PLACE`` holds nothing else: then the module's own tensors have just these names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor, fx

from prunescope.export.plain_torch.literals import literal


@dataclass(frozen=True)
class Call:
    """A call of an operator that may be a layer.

    Attributes:
        arguments: By their names in the operator's schema: nodes and values, defaults filled in.
        tensors: The tensors of its place, by their last names.
        rank: Dimensions of its input; 0 where that is not known.
    """

    arguments: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    rank: int


@dataclass(frozen=True)
class Layer:
    """A kind of layer.

    Attributes:
        given: Schema's names of the tensors → last names of the module's tensors.
        extra: Last names that the module may have besides.
        made: Source that constructs it, or None where this call is no such layer.
        read: Schema's name of its input.
    """

    given: Mapping[str, str]
    made: Callable[[Call], str | None]
    extra: frozenset[str] = frozenset()
    read: str = "input"


def _options(call: Call, **defaults: object) -> list[str]:
    """``name=value`` of what is not the default; equal sizes are one number."""
    shown = []
    for name, default in defaults.items():
        value = _one(call.arguments[name])
        if value != default:
            shown.append(f"{name}={literal(value)}".replace("=[", "=(").replace("]", ")"))
    return shown


def _one(value: Any) -> Any:
    alike = isinstance(value, list | tuple) and len(set(value)) == 1
    return value[0] if alike else value


def _convolution(kind: str, dims: int) -> Callable[[Call], str | None]:
    def made(call: Call) -> str | None:
        weight = call.tensors["weight"]
        groups = int(call.arguments["groups"])
        if weight.ndim != dims + 2:
            return None
        kernel = literal(_one(list(weight.shape[2:]))).replace("[", "(").replace("]", ")")
        options = _options(call, stride=1, padding=0, dilation=1, groups=1)
        options += [] if "bias" in call.tensors else ["bias=False"]
        sizes = f"{weight.shape[1] * groups}, {weight.shape[0]}, {kernel}"
        return f"nn.{kind}({', '.join([sizes, *options])})"

    return made


def _linear(call: Call) -> str | None:
    weight = call.tensors["weight"]
    bias = "" if "bias" in call.tensors else ", bias=False"
    return f"nn.Linear({weight.shape[1]}, {weight.shape[0]}{bias})"


def _batch_norm(call: Call) -> str | None:
    """Only in evaluation, with running statistics, and of an input of known rank."""
    kinds = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}
    if call.rank not in kinds or call.arguments["training"] is not False:
        return None
    if "running_mean" not in call.tensors or "running_var" not in call.tensors:
        return None
    affine = [] if "weight" in call.tensors else ["affine=False"]
    if ("weight" in call.tensors) != ("bias" in call.tensors):
        return None
    options = _options(call, eps=1e-5, momentum=0.1)
    sizes = [str(len(call.tensors["running_mean"])), *options, *affine]
    return f"nn.{kinds[call.rank]}({', '.join(sizes)})"


def _layer_norm(call: Call) -> str | None:
    if "weight" not in call.tensors:
        return None
    shape = [int(size) for size in call.arguments["normalized_shape"]]
    sizes = literal(_one(shape) if len(shape) == 1 else shape)
    options = _options(call, eps=1e-5)
    options += [] if "bias" in call.tensors else ["bias=False"]
    return f"nn.LayerNorm({', '.join([sizes, *options])})"


def _group_norm(call: Call) -> str | None:
    if "weight" not in call.tensors or "bias" not in call.tensors:
        return None
    groups, channels = call.arguments["num_groups"], len(call.tensors["weight"])
    return f"nn.GroupNorm({', '.join([str(groups), str(channels), *_options(call, eps=1e-5)])})"


def _embedding(call: Call) -> str | None:
    weight = call.tensors["weight"]
    return f"nn.Embedding({weight.shape[0]}, {weight.shape[1]})"


_OWN: Final = {"weight": "weight", "bias": "bias"}
LAYERS: Final[Mapping[str, Layer]] = {
    "conv1d.default": Layer(_OWN, _convolution("Conv1d", 1)),
    "conv2d.default": Layer(_OWN, _convolution("Conv2d", 2)),
    "conv2d.padding": Layer(_OWN, _convolution("Conv2d", 2)),
    "conv3d.default": Layer(_OWN, _convolution("Conv3d", 3)),
    "linear.default": Layer(_OWN, _linear),
    "batch_norm.default": Layer(
        _OWN | {"running_mean": "running_mean", "running_var": "running_var"}, _batch_norm,
        frozenset({"num_batches_tracked"}),
    ),
    "layer_norm.default": Layer(_OWN, _layer_norm),
    "group_norm.default": Layer(_OWN, _group_norm),
    "embedding.default": Layer({"weight": "weight"}, _embedding, read="indices"),
}  # fmt: skip
"""``operator.overload`` → layer."""


def place_of(layer: Layer, arguments: Mapping[str, Any]) -> str | None:
    """Return the dotted name of the module that holds the call's tensors, or None."""
    places = set()
    for given, last in layer.given.items():
        node = arguments.get(given)
        if node is None:
            continue
        if not isinstance(node, fx.Node) or node.op != "get_attr":
            return None
        place, _, name = str(node.target).rpartition(".")
        if name != last:
            return None
        places.add(place)
    return places.pop() if len(places) == 1 else None
