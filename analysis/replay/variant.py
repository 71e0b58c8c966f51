"""The variant of a point: the part of its pruned network that differs from the dense one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from prunescope.bench.device import HOST, move, on_host
from prunescope.replay.dependencies import Bits, Flow, to_bits
from prunescope.replay.program import (
    ProgramStep,
    Slot,
    constants,
    make_step,
    slots,
    template,
    with_dead,
)

Tensors = Mapping[str, Any]
"""``get_attr`` target of a graph → its tensor."""


@dataclass(frozen=True, eq=False)
class Variant:
    """The steps of one pruned network from the frontier to the outputs.

    Attributes:
        steps: In order.
        result: The template of the outputs.
        reads: Slots of the dense network that the steps start from.
        from_inputs: Whether they start from the inputs, as nodes outside of the cone differ too.
        bytes: Of the tensors that the dense network does not have.
    """

    steps: tuple[ProgramStep, ...]
    result: Any
    reads: tuple[int, ...]
    from_inputs: bool
    bytes: int


def masked(flow: Flow, name: str, keep: Tensor) -> dict[str, Tensor]:
    """Return the tensors that masking the parameter ``name`` changes, by ``get_attr`` target.

    A tensor that shares memory with the parameter is masked with it, as writing to it would do.
    """
    weight = flow.module.get_parameter(name).detach()
    removed = ~move(keep, weight.device)
    targets = flow.aliases(name)
    if all(_same_view(flow.tensors[target], weight) for target in targets):
        zeroed = weight.masked_fill(removed, 0.0)
        return dict.fromkeys(targets, zeroed)
    memory = weight.untyped_storage().clone()  # type: ignore[no-untyped-call]
    _view(weight, memory).masked_fill_(removed, 0.0)
    return {target: _view(flow.tensors[target], memory) for target in targets}


def differing(module: fx.GraphModule, base: Tensors) -> dict[str, Any]:
    """Return by target the tensors that ``module``'s graph reads and that differ from ``base``."""
    tensors = {
        str(node.target): _attribute(module, str(node.target))
        for node in module.graph.nodes
        if node.op == "get_attr"
    }
    same = _same_values({name: (value, base.get(name)) for name, value in tensors.items()})
    return {name: value for name, value in tensors.items() if name not in base or not same[name]}


def _same_values(pairs: Mapping[str, tuple[Any, Any]]) -> dict[str, bool]:
    """Whether the two of each pair are equal; of what lies on a device, all are read at once."""
    same: dict[str, bool] = {}
    flags: dict[str, Tensor] = {}
    for name, (one, other) in pairs.items():
        both = isinstance(one, Tensor) and isinstance(other, Tensor) and one is not other
        alike = both and one.shape == other.shape and one.dtype == other.dtype
        if alike and one.device != HOST:
            flags[name] = (one == other).all()
        else:
            same[name] = _equal(one, other)
    if flags:
        values = on_host(torch.stack(list(flags.values()))).tolist()
        same |= dict(zip(flags, values, strict=True))
    return same


def build_variant(
    flow: Flow, base: Tensors, cone: Bits, graph: fx.Graph, changed: Tensors
) -> Variant:
    """Return the part of ``graph`` that has to run when the tensors ``changed`` replace ``base``'s.

    Args:
        flow: Of the dense graph.
        base: The dense network's tensors.
        cone: Dense nodes that are foreseen to change.
        graph: The dense graph or one that ``removal.remove`` made of it: nodes correspond by name,
            new ones have new names.
        changed: Tensors by target.
    """
    nodes = list(graph.nodes)
    number = {
        node: flow.by_name.get(node.name, len(flow.nodes) + slot_of)
        for slot_of, node in enumerate(nodes)
    }
    fits = graph is flow.module.graph or _same_outside(flow, cone, nodes)
    fits = fits and _read_inside(flow, cone, nodes, changed)
    if not fits:
        cone = flow.computed & ~to_bits(flow.inputs)

    def slot_of(node: fx.Node) -> Any:
        if node.op != "get_attr":
            return Slot(number[node])
        target = str(node.target)
        return changed[target] if target in changed else base[target]

    ran = [n for n in nodes if n.op == "call_function" and _runs(flow, cone, number[n])]
    result = template(nodes[-1].args[0], slot_of)
    steps = with_dead([make_step(node, slot_of) for node in ran], result)
    computed = {step.slot for step in steps}
    read = {slot for step in steps for slot in slots((step.args, dict(step.kwargs)))}
    reads = (read | set(slots(result))) - computed
    own = {id(t) for t in changed.values()}
    sizes = {
        t.untyped_storage().data_ptr(): t.untyped_storage().nbytes()
        for t in constants(steps)
        if id(t) in own
    }
    return Variant(steps, result, tuple(sorted(reads)), not fits, sum(sizes.values()))


def _runs(flow: Flow, cone: Bits, number: int) -> bool:
    return number >= len(flow.nodes) or bool(cone >> number & 1)


def _same_outside(flow: Flow, cone: Bits, nodes: Iterable[fx.Node]) -> bool:
    """Whether every node outside of the cone does what its dense twin does."""
    for node in nodes:
        number = flow.by_name.get(node.name)
        if number is None or node.op == "output" or cone >> number & 1:
            continue
        twin = flow.nodes[number]
        if (
            node.op != twin.op
            or node.target != twin.target
            or _arguments_by_name(node) != _arguments_by_name(twin)
        ):
            return False
    return True


def _read_inside(flow: Flow, cone: Bits, nodes: Iterable[fx.Node], changed: Tensors) -> bool:
    """Whether only nodes in the cone, or new ones, read changed tensors."""
    for node in nodes:
        if node.op != "get_attr" or str(node.target) not in changed:
            continue
        for user in node.users:
            number = flow.by_name.get(user.name)
            if number is not None and not cone >> number & 1:
                return False
    return True


def _arguments_by_name(node: fx.Node) -> Any:
    """The node's arguments with names for nodes."""
    return fx.map_arg((node.args, node.kwargs), lambda source: _Name(source.name))


class _Name(str):
    """The name of a node, which equals no text argument."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return type(other) is _Name and str.__eq__(self, other)


def _attribute(module: fx.GraphModule, target: str) -> Any:
    value: Any = module
    for part in target.split("."):
        value = getattr(value, part)
    return value


def _equal(one: Any, other: Any) -> bool:
    if not isinstance(one, Tensor) or not isinstance(other, Tensor):
        return one is other or (type(one) is type(other) and not isinstance(one, Tensor))
    if one is other:
        return True
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return torch.equal(one, other)  # NaN differs from itself: then the tensor counts as changed


def _same_view(one: Tensor, other: Tensor) -> bool:
    return (one.data_ptr(), one.shape, one.stride()) == (
        other.data_ptr(), other.shape, other.stride(),
    )  # fmt: skip


def _view(like: Tensor, memory: torch.UntypedStorage) -> Tensor:
    empty = torch.empty(0, dtype=like.dtype, device=like.device)
    return empty.set_(memory, like.storage_offset(), like.size(), like.stride())
